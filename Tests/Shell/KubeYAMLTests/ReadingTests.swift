import KubeYAML
import StrictJSON
import Testing

@Suite("Reading YAML") struct ReadingTests {
    /// What sigs.k8s.io/yaml makes of plain scalars.
    static let scalars: [(yaml: String, json: String)] = [
        ("", "null"), ("~", "null"), ("null", "null"), ("Null", "null"), ("NULL", "null"), ("nULL", #""nULL""#),
        ("true", "true"), ("True", "true"), ("TRUE", "true"), ("tRUE", #""tRUE""#), ("yes", "true"), ("Yes", "true"), ("on", "true"), ("y", "true"), ("Y", "true"),
        ("false", "false"), ("no", "false"), ("NO", "false"), ("off", "false"), ("n", "false"), ("N", "false"), ("yEs", #""yEs""#),
        ("0", "0"), ("1", "1"), ("-1", "-1"), ("+1", "1"), ("1_000", "1000"), ("0x1F", "31"), ("-0x10", "-16"), ("0X1f", "31"), ("0o17", "15"), ("017", "15"),
        ("-017", "-15"), ("0b101", "5"), ("-0b101", "-5"), ("08", "8"), ("0x", #""0x""#), ("0xG", #""0xG""#), ("-", #"["#), ("+", #""+""#),
        ("9223372036854775807", "9223372036854775807"), ("9223372036854775808", "9223372036854775808"), ("18446744073709551615", "18446744073709551615"),
        ("123456789012345678901234567890", "123456789012345678901234567890"), ("0xFFFFFFFFFFFFFFFF", "18446744073709551615"),
        ("1.5", "1.5"), ("-1.5", "-1.5"), ("+1.5", "1.5"), (".5", "0.5"), ("-.5", "-0.5"), ("1.", "1"), ("1e3", "1000"), ("1E3", "1000"), ("1.5e-3", "0.0015"),
        ("1e", #""1e""#), ("1.2.3", #""1.2.3""#), ("v1.2", #""v1.2""#), ("1.10", "1.1"), ("0.0", "0"), ("10m", #""10m""#), ("100Mi", #""100Mi""#), ("5%", #""5%""#),
        ("1:30", #""1:30""#), ("2026-03-01", #""2026-03-01""#), ("2026-03-01T10:00:00Z", #""2026-03-01T10:00:00Z""#), ("192.168.0.1", #""192.168.0.1""#),
        ("<<", #""<<""#), ("_1", #""_1""#), ("._5", #""._5""#), ("..", #""..""#),
        ("'1'", #""1""#), ("\"true\"", #""true""#), ("'null'", #""null""#), ("\"\"", #""""#), ("!!str 1", #""1""#), ("!!int \"1\"", "1"), ("!!float 1", "1"),
        ("!!bool yes", "true"), ("!!null ''", "null"), ("! 12", #""12""#), ("!mine 12", #""12""#), ("!!timestamp 2026-03-01", #""2026-03-01""#),
        ("|\n  a\n  b\n", #""a\nb\n""#), (">\n  a\n  b\n", #""a b\n""#), ("|-\n  1", #""1""#), ("\"a\\tb\\u00e9\\x41\"", #""a\tbéA""#), ("'it''s'", #""it's""#),
        ("[1, a, {b: c}]", #"[1,"a",{"b":"c"}]"#), ("{}", "{}"), ("[]", "[]"), ("a b", #""a b""#), ("a: b", "["),
    ]

    @Test(arguments: scalars) func typesScalars(_ c: (yaml: String, json: String)) throws {
        if c.json == "[" { return }  // not a scalar; kept in the table to say so
        let documents = try YAMLStream.parse("v: \(c.yaml)\n", fileName: "t.yaml")
        #expect(documents.count == 1)
        #expect(documents[0].json["v"] == (try JSONValue(parsing: c.json)))
    }

    static let keys: [(String, String)] = [
        ("1", "1"), ("0x10", "16"), ("true", "true"), ("yes", "true"), ("on", "true"), ("'on'", "on"), ("1.10", "1.1"), ("0.1", "0.1"), ("a b", "a b"), ("\"\"", ""),
        ("app.kubernetes.io/name", "app.kubernetes.io/name"), ("2026-03-01", "2026-03-01"),
    ]

    @Test(arguments: keys) func keysBecomeStrings(_ c: (String, String)) throws {
        #expect(try YAMLStream.parse("\(c.0): v", fileName: "t.yaml")[0].json == .object([c.1: "v"]))
    }

    @Test func readsDocumentsInOrderAndLeavesEmptyOnesOut() throws {
        let text = "# only a comment\n---\na: 1\n---\n# nothing\n---\n- b\n...\n---\nnull\n---\n"
        let documents = try YAMLStream.parse(text, fileName: "t.yaml")
        #expect(documents.map(\.json) == [["a": 1], ["b"], nil])
        #expect(try YAMLStream.parse("", fileName: "t.yaml").isEmpty)
        #expect(try YAMLStream.parse("\u{FEFF}a: 1", fileName: "t.yaml")[0].json == ["a": 1])
        #expect(try YAMLStream.parse("a: 1\r\nb:\r\n- 2\r\n", fileName: "t.yaml")[0].json == ["a": 1, "b": [2]])
    }

    @Test func readsJSON() throws {
        let text = #"{"a": [1, 2.5, "x\n\"\/", true, null], "b": {"c": "d"}}"#
        #expect(try YAMLStream.parse(text, fileName: "t.json")[0].json == (try JSONValue(parsing: text)))
    }

    @Test func followsAliasesAndMerges() throws {
        let text = """
            base: &base {a: 1, b: 2}
            other: &other
              b: 3
              c: 4
            one:
              <<: *base
              b: 9
            two:
              x: 0
              <<: [*base, *other]
            three: *base
            quoted:
              "<<": 1
            """
        let json = try YAMLStream.parse(text, fileName: "t.yaml")[0].json
        #expect(json["one"] == ["a": 1, "b": 9])
        #expect(json["two"] == ["x": 0, "a": 1, "b": 2, "c": 4])
        #expect(json["three"] == ["a": 1, "b": 2])
        #expect(json["quoted"] == ["<<": 1])
    }

    @Test func knowsWhereEverythingStands() throws {
        let text = "kind: Rollout\nspec:\n  replicas: ten\n  steps:\n  - setWeight: 20\n  - pause: {}\n  a/b: [1,\n    2]\n"
        let document = try YAMLStream.parse(text, fileName: "t.yaml")[0]
        let places: [(String, Int, Int)] = [
            ("", 1, 1), ("/kind", 1, 7), ("/spec", 2, 1), ("/spec/replicas", 3, 13), ("/spec/steps", 4, 3), ("/spec/steps/0", 5, 5),
            ("/spec/steps/0/setWeight", 5, 16), ("/spec/steps/1/pause", 6, 5), ("/spec/a~1b/1", 8, 5),
        ]
        for (text, line, column) in places {
            let place = try #require(document.location(of: JSONPointer(text)), "\(text)")
            #expect(place == (line, column), "\(text)")
        }
        #expect(document.location(of: try JSONPointer("/spec/nope")) == nil)
        #expect(document.location(of: try JSONPointer("/spec/steps/2")) == nil)
        #expect(document.nearestLocation(of: try JSONPointer("/spec/steps/0/pause/duration")) == (5, 5))
        #expect(document.root["spec"]?["steps"]?[1]?.line == 6)
    }
}

@Suite("Refusing YAML") struct RefusingTests {
    static let cases: [(text: String, message: String)] = [
        ("a: 1\nb: 2\na: 3\n", "t.yaml:3:1: the key \"a\" occurs twice in this mapping, at line 1, column 1 and at line 3, column 1; remove one of them"),
        ("a:\n  - b: 1\n    'b': 2\n", "t.yaml:3:5: the key \"b\" occurs twice in this mapping, at line 2, column 5 and at line 3, column 5; remove one of them"),
        ("{true: 1, yes: 2}", "t.yaml:1:11: the key \"true\" occurs twice"),
        ("a: .inf", "t.yaml:1:4: .inf is a number that JSON does not have; put it in quotes if the text is meant"),
        ("a: -.INF", "-.INF is a number"), ("a: .nan", ".nan is a number"),
        ("a: 0x1FFFFFFFFFFFFFFFFFF", "has more than 64 bits"),
        ("~: 1", "t.yaml:1:1: a key must be a text; this one is null"), ("? [a]\n: 1", "this one is a sequence"), ("a: {{ .Values.x }}", "must be put in quotes"),
        ("a: *nope", "t.yaml:1:4: \"*nope\" refers to an anchor"), ("a: &x [*x]", "\"*x\" refers to an anchor that is not complete"),
        ("---\na: &x 1\n---\nb: *x", "\"*x\" refers to an anchor"),
        ("a: {<<: 1}", "\"<<\" merges a mapping"), ("b: &b [1]\na: {<<: [*b]}", "an element of its list is none"), ("x: &x {}\na: {<<: *x, <<: *x}", "\"<<\" occurs twice"),
        ("a: !!int x", "not a value of the type !!int"), ("a: !!bool 1", "not a value of the type !!bool"), ("a: !!binary aGk=", "!!binary is not supported"),
        ("a:\n\tb: 1", "t.yaml:2:1: found character that cannot start any token"), ("a:\n\tb: 1", "indent with blanks, not with tabs"),
        ("a: b: c", "t.yaml:1:5: mapping values are not allowed in this context; put a text that contains \": \" in quotes"),
        ("a: @b", "put the text in quotes"), ("a: [1", "t.yaml:"), ("a: 'b", "t.yaml:"), ("a: 1\n b: 2", "t.yaml:2:3: mapping values are not allowed"),
        ("- a\nb: 1", "t.yaml:2:1: did not find expected '-' indicator"), ("a: %b", "put the text in quotes"), ("a: 1\nb\nc: 2", "could not find expected ':'"),
        ("a: \u{1}", "t.yaml:1:4: a control character (1) must be written as an escape"),
    ]

    @Test(arguments: cases) func saysWhereAndWhat(_ c: (text: String, message: String)) {
        let error = #expect(throws: YAMLError.self) { try YAMLStream.parse(c.text, fileName: "t.yaml") }
        let text = error?.description ?? "accepted"
        #expect(text.contains(c.message), "\(text)")
    }

    @Test func refusesInvalidUTF8WithItsPlace() {
        let error = #expect(throws: YAMLError.self) { try YAMLStream.parse(Array("a: é\nb: ".utf8) + [0xFF, 0x0A], fileName: "t.yaml") }
        #expect(error?.description == "t.yaml:2:4: the text is not valid UTF-8; save the file as UTF-8")
    }

    @Test func refusesABillionLaughs() {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...9 { text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",") + "]\n" }
        let error = #expect(throws: YAMLError.self) { try YAMLStream.parse(text, fileName: "t.yaml") }
        #expect(error?.message.contains("stand for more than 200000 values") == true)
    }

    @Test func refusesDepthAlsoThroughAliases() {
        let deep = String(repeating: "[", count: 129) + String(repeating: "]", count: 129)
        #expect(throws: YAMLError.self) { try YAMLStream.parse(deep, fileName: "t.yaml") }
        #expect(throws: Never.self) { try YAMLStream.parse(String(deep.dropFirst().dropLast()), fileName: "t.yaml") }
        var text = "a0: &a0 [1]\n"
        for level in 1...130 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        let error = #expect(throws: YAMLError.self) { try YAMLStream.parse(text, fileName: "t.yaml") }
        #expect(error?.message.contains("deeper than 128") == true)
        #expect(throws: YAMLError.self) { try YAMLStream.parse(String(repeating: "- ", count: 100_000), fileName: "t.yaml") }
    }

    @Test func refusesTooManyBytes() {
        #expect(throws: YAMLError.self) { try YAMLStream.parse("abc", fileName: "t.yaml", limits: YAMLLimits(maxBytes: 2)) }
    }
}
