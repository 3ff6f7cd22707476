import Expression
import StrictJSON
import Testing

@testable import Analysis

@Suite("JSONPath") struct JSONPathTests {
    enum Outcome: Sendable {
        /// The first value as text.
        case value(String)
        case nothing
        /// The body itself is the result.
        case text
        case lookup(String)
        case syntax(String)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var path: String
        var body: String
        var outcome: Outcome
        init(_ path: String, _ body: String, _ outcome: Outcome) {
            self.path = path
            self.body = body
            self.outcome = outcome
        }
        var testDescription: String { "\(path) of \(body)" }
    }

    /// How Kubernetes' own library answers.
    static let rows: [Row] = [
        Row(#""#, #"{"a":1}"#, .value(#"{"a":1}"#)),
        Row(#"{$}"#, #"{"a":1}"#, .value(#"{"a":1}"#)),
        Row(#"{.a}"#, #"{"a":1}"#, .value(#"1"#)),
        Row(#"{$.a}"#, #"{"a":1}"#, .value(#"1"#)),
        Row(#"$.a"#, #"{"a":1}"#, .value(#""$.a""#)),
        Row(#".a"#, #"{"a":1}"#, .value(#"".a""#)),
        Row(#"{.a.b}"#, #"{"a":{"b":"x"}}"#, .value(#""x""#)),
        Row(#"{.a.b}"#, #"{"a":{"b":null}}"#, .value(#"null"#)),
        Row(#"{.a.c}"#, #"{"a":{"b":null}}"#, .lookup(#"c is not found"#)),
        Row(#"{.a.c}"#, #"{"a":null}"#, .lookup(#"c is not found"#)),
        Row(#"{.a[0]}"#, #"{"a":[1,2,3]}"#, .value(#"1"#)),
        Row(#"{.a[-1]}"#, #"{"a":[1,2,3]}"#, .value(#"3"#)),
        Row(#"{.a[-1:]}"#, #"{"a":[1,2,3]}"#, .value(#"3"#)),
        Row(#"{.a[5]}"#, #"{"a":[1,2,3]}"#, .lookup(#"array index out of bounds: index 5, length 3"#)),
        Row(#"{.a[0:2]}"#, #"{"a":[1,2,3]}"#, .value(#"1"#)),
        Row(#"{.a[*]}"#, #"{"a":[1,2,3]}"#, .value(#"1"#)),
        Row(#"{.a[*].v}"#, #"{"a":[{"v":7},{"v":8}]}"#, .value(#"7"#)),
        Row(#"{.a[*].v}"#, #"{"a":[{"w":7},{"v":8}]}"#, .value(#"8"#)),
        Row(#"{.a[*].v}"#, #"{"a":[]}"#, .nothing),
        Row(#"{.a[*]}"#, #"{"a":[]}"#, .nothing),
        Row(#"{.a}"#, #"{"a":[]}"#, .value(#"[]"#)),
        Row(#"{.a}"#, #"{"a":{}}"#, .value(#"{}"#)),
        Row(#"{.a[?(@.n=="y")].v}"#, #"{"a":[{"n":"x","v":1},{"n":"y","v":2}]}"#, .value(#"2"#)),
        Row(#"{.a[?(@.v>1)].n}"#, #"{"a":[{"n":"x","v":1},{"n":"y","v":2}]}"#, .lookup(#"incompatible types for comparison"#)),
        Row(#"{.a[?(@.v>1.0)].n}"#, #"{"a":[{"n":"x","v":1},{"n":"y","v":2}]}"#, .value(#""y""#)),
        Row(#"{.a[?(@.n=="z")].v}"#, #"{"a":[{"n":"x","v":1}]}"#, .nothing),
        Row(#"{.a[?(@.n)].v}"#, #"{"a":[{"n":"x","v":1}]}"#, .value(#"1"#)),
        Row(#"{..v}"#, #"{"a":{"v":1},"b":{"v":2}}"#, .value(#"1"#)),
        Row(#"{.a['b']}"#, #"{"a":{"b":5}}"#, .value(#"5"#)),
        Row(#"{['a']['b']}"#, #"{"a":{"b":5}}"#, .value(#"5"#)),
        Row(#"{.a\.b}"#, #"{"a.b":5}"#, .value(#"5"#)),
        Row(#"{['a.b']}"#, #"{"a.b":5}"#, .lookup(#"a is not found"#)),
        Row(#"{.x}{.y}"#, #"{"x":1,"y":2}"#, .value(#"1"#)),
        Row(#"v={.x}"#, #"{"x":1}"#, .value(#""v=""#)),
        Row(#"{range .a[*]}{.v}{end}"#, #"{"a":[{"v":7},{"v":8}]}"#, .value(#"7"#)),
        Row(#"{$}"#, #"[1,2]"#, .value(#"[1,2]"#)),
        Row(#"{$[0]}"#, #"[1,2]"#, .value(#"1"#)),
        Row(#"{[1]}"#, #"[1,2]"#, .value(#"2"#)),
        Row(#"{$}"#, #""str""#, .value(#""str""#)),
        Row(#"{$}"#, #"5"#, .value(#"5"#)),
        Row(#"{$}"#, #"true"#, .value(#"true"#)),
        Row(#"{$}"#, #"null"#, .value("null")),
        Row(#"{.a}"#, #"null"#, .lookup(#"a is not found"#)),
        Row(#"{.a}"#, #"5"#, .lookup(#"a is not found"#)),
        Row(#"{$}"#, #"not json"#, .text),
        Row(#"{$.a}"#, #"not json"#, .text),
        Row(#"{$}"#, #""#, .text),
        Row(#"{.a"#, #"{"a":1}"#, .syntax(#"unclosed action"#)),
        Row(#"{.a}}"#, #"{"a":1}"#, .value(#"1"#)),
        Row(#"{"lit"}"#, #"{"a":1}"#, .value(#""lit""#)),
        Row(#"{.a, .b}"#, #"{"a":1,"b":2}"#, .syntax(#"unrecognized character in action: U+002C ','"#)),
        Row(#"{[.a,.b]}"#, #"{"a":1,"b":2}"#, .syntax(#"invalid array index .a"#)),
        Row(#"{['a','b']}"#, #"{"a":1,"b":2}"#, .value(#"1"#)),
        Row(#"{.key[0].key2.value}"#, #"{"key":[{"key2":{"value":1.1}}]}"#, .value(#"1.1"#)),
        Row(#"{.a.length}"#, #"{"a":[1]}"#, .lookup(#"length is not found"#)),
        Row(#"{.a.*}"#, #"{"a":{"b":5}}"#, .value(#"5"#)),
        Row(#"{@.a}"#, #"{"a":1}"#, .value(#"1"#)),
        Row(#"{$..book[0]}"#, #"{"book":[1]}"#, .value(#"1"#)),
        Row(#"{$.a }"#, #"{"a":1}"#, .value(#"1"#)),
        Row(#"{ $.a }"#, #"{"a":1}"#, .value(#"1"#)),
        Row(#"{$.a}"#, #"{"a":1e400}"#, .text),
        Row(#"{$.a}"#, #"{"a":12345678901234567890}"#, .value(#"12345678901234567000"#)),
        Row(#"{.a[1:3]}"#, #"{"a":[1,2,3]}"#, .value(#"2"#)),
        Row(#"{.a[0,2]}"#, #"{"a":[1,2,3]}"#, .value(#"1"#)),
        Row(#"{.a[::2]}"#, #"{"a":[1,2,3]}"#, .value(#"1"#)),
        Row(#"{.A}"#, #"{"a":1}"#, .lookup(#"A is not found"#)),    ]

    @Test(arguments: rows) func answersAsTheOriginal(_ row: Row) {
        let path: JSONPath
        do throws(JSONPath.SyntaxError) { path = try JSONPath(row.path.isEmpty ? "{$}" : row.path) } catch {
            guard case .syntax(let message) = row.outcome else { return #expect(Bool(false), "\(error)") }
            return #expect(error.message == message)
        }
        let answer = WebAnswer(status: 200, body: Array(row.body.utf8), path: path)
        switch row.outcome {
        case .value(let text):
            guard case .sample(let sample) = answer else { return #expect(Bool(false), "\(answer)") }
            #expect(sample.text == text)
        case .text: #expect(answer == .sample(MetricSample(result: .string(row.body), text: row.body)))
        case .nothing: #expect(answer == .failure("result of web metric produced no value"))
        case .lookup(let message): #expect(answer == .failure("Could not find JSONPath in body: \(message)"))
        case .syntax(let message): #expect(Bool(false), "read, where \(message) was to be the error")
        }
    }

    /// From the same library's source: what the table does not touch.
    static let more: [Row] = [
        Row("{[]}", "[4,5]", .value("4")),
        Row("{[-]}", "[4]", .syntax("array index - is not a number")),
        Row("{[0:0]}", "[4]", .nothing),
        Row("{[1:0]}", "[4,5]", .lookup("starting index 1 is greater than ending index 0")),
        Row("{[::0]}", "[4]", .lookup("step must be > 0")),
        Row("{[0::9223372036854775807]}", "[4,5]", .value("4")),
        Row("{[9223372036854775807]}", "[4]", .syntax("array index 9223372036854775807 is not a number")),
        Row("{[-9223372036854775808]}", "[4]", .lookup("array index out of bounds: index -9223372036854775807, length 1")),
        Row("{[0]}", #"{"a":1}"#, .lookup("map[string]interface {} is not array or slice")),
        Row("{[0]}", "5", .lookup("float64 is not array or slice")),
        Row("{.a[0].b}", #"{"a":null}"#, .nothing),
        Row("{......a}", "[]", .syntax("invalid multiple recursive descent")),
        Row("{..*}", "[]", .syntax("unrecognized character in action: U+002A '*'")),
        Row("{\t}", "1", .syntax("unrecognized character in action: U+0009")),
        Row("{.a\n}", "1", .syntax("unclosed action")),
        Row("{[0}", "1", .syntax("unterminated array")),
        Row("{[?(@.a}", "1", .syntax("unterminated filter")),
        Row("{[?(@.a)x}", "1", .syntax("unclosed array expect ]")),
        Row("{'a}", "1", .syntax("unterminated quoted string")),
        Row(#"{'\q'}"#, "1", .syntax(#"unquote string '\q' error invalid syntax"#)),
        Row(#"{"\u00e9\x41\101\n"}"#, "1", .value("\"éAA\\n\"")),
        Row("{1.2.3}", "1", .syntax("cannot parse number 1.2.3")),
        Row("{5}", "1", .value("5")),
        Row("{-1.5}", "1", .value("-1.5")),
        Row("{true}", "1", .value("true")),
        Row("{what}", "1", .lookup("unrecognized identifier what")),
        Row("{end}", "1", .lookup("not in range, nothing to end")),
        Row("{range .a[*]}{range .b[*]}{.c}{end}{end}{.d}", #"{"a":[{"b":[]},{"b":[{"c":3}]}],"d":4}"#, .lookup("c is not found")),
        Row("{range .a[*]}{range .b[*]}{.c}{end}{end}{.d}", #"{"a":[{"b":[{"c":3}]}],"d":4}"#, .value("3")),
        Row("{range .a[*]}{.b}{end}{.d}", #"{"a":[],"d":4}"#, .lookup("b is not found")),
        Row("{[?(@.a!=true)].b}", #"[{"a":true,"b":1},{"a":false,"b":2}]"#, .value("2")),
        Row("{[?(@.a<=2.0)].b}", #"[{"a":3,"b":1},{"a":2,"b":2}]"#, .value("2")),
        Row("{[?(@.a>=\"b\")].b}", #"[{"a":"a","b":1},{"a":"b","b":2}]"#, .value("2")),
        Row("{[?(@.a<true)].b}", #"[{"a":true,"b":1}]"#, .lookup("invalid type for comparison")),
        Row("{[?(@.a==\"x\")]}", #"[{"a":null}]"#, .lookup("invalid type for comparison")),
        Row("{[?(@.a===1.0)]}", #"[{"a":1}]"#, .lookup("unrecognized filter operator ===")),
        Row("{[?(@.a[*]==1.0)]}", #"[{"a":[1,2]}]"#, .lookup("can only compare one element at a time")),
        Row("{[?(@.a==1.0)]}", #"[{"b":1}]"#, .lookup("a is not found")),
        Row("{[?(@.a)]}", #"[{"b":1}]"#, .nothing),
        Row("{[?(@.a==\")\")].b}", #"[{"a":")","b":7}]"#, .value("7")),
        Row("{.a[?(@.b)]}", #"{"a":{"b":1}}"#, .lookup(#"{"b":1} is not array or slice and cannot be filtered"#)),
        Row("{.a}", #"{"a":"<&>"}"#, .value(#""\u003c\u0026\u003e""#)),
        Row("{.a}", #"{"a":{"z":1e21,"b":0.0000001}}"#, .value(#"{"b":1e-7,"z":1e+21}"#)),
        Row("{.*}", #""a""#, .value("97")),
    ]

    @Test(arguments: more) func answersAsTheOriginalDoesBesides(_ row: Row) { answersAsTheOriginal(row) }

    @Test func refusesAStatusThatIsNoSuccess() throws {
        #expect(WebAnswer(status: 300, body: Array("1".utf8), path: try JSONPath("{$}")) == .failure("received non 2xx response code: 300"))
    }

    @Test func bindsWhatConditionsSee() throws {
        let path = try JSONPath("{.a}")
        let answer = WebAnswer(status: 200, body: Array(#"{"a":{"n":1,"l":[null,true]}}"#.utf8), path: path)
        guard case .sample(let sample) = answer else { return #expect(Bool(false), "\(answer)") }
        #expect(sample.result == .map(["n": .float(1), "l": .array([.null, .bool(true)])]))
    }

    /// Each `..` multiplies what is visited; the work has an end all the same.
    @Test func endsForHostileInput() throws {
        let deep = String(repeating: "[", count: 120) + String(repeating: "]", count: 120)
        let document = try JSONValue(parsing: "[" + Array(repeating: deep, count: 200).joined(separator: ",") + "]")
        let path = try JSONPath("{" + Array(repeating: "..", count: 8).joined(separator: "@[*]") + "}")
        let elapsed = ContinuousClock().measure {
            #expect(throws: JSONPath.LookupError.self) { _ = try path.first(in: document) }
        }
        #expect(elapsed < .seconds(10))
        let nested = String(repeating: "{[?(", count: 300) + "@.a" + String(repeating: ")]}", count: 300)
        #expect(throws: JSONPath.SyntaxError.self) { _ = try JSONPath(nested) }
        #expect(throws: JSONPath.SyntaxError.self) { _ = try JSONPath(String(repeating: ".", count: 20_000)) }
        for length in 0..<60 { _ = try? JSONPath(String("{range .a[?(@.b=='x')]['c',\"d\"][1:2:3]..e\\.f}{end}t".prefix(length))) }
    }
}
