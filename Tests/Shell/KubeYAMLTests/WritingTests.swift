import Clockwork
import KubeYAML
import StrictJSON
import Testing

@Suite("Writing YAML") struct WritingTests {
    @Test func looksAsKubectlPrintsIt() {
        let value: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1",
            "metadata": ["annotations": ["note": "first\nsecond\n", "odd": "a: b", "rev": "3"], "creationTimestamp": "2026-03-01T10:00:00Z", "labels": [:]],
            "spec": ["paused": false, "steps": [["setWeight": 20], ["pause": [:]], [1, [2, 3]], []], "weight": 0.5, "none": nil],
            "strings": ["", "true", "~", "1e3", "0x1F", "- a", "-a", "#c", "a #c", "a#c", "a:", ":a", "*x", "1:30", " a", "é", "\u{1}", "it's", "tab\there"],
        ]
        let expected = """
            apiVersion: argoproj.io/v1alpha1
            metadata:
              annotations:
                note: |
                  first
                  second
                odd: 'a: b'
                rev: "3"
              creationTimestamp: "2026-03-01T10:00:00Z"
              labels: {}
            spec:
              paused: false
              steps:
              - setWeight: 20
              - pause: {}
              - - 1
                - - 2
                  - 3
              - []
              weight: 0.5
              none: null
            strings:
            - ""
            - "true"
            - "~"
            - "1e3"
            - "0x1F"
            - '- a'
            - -a
            - '#c'
            - 'a #c'
            - a#c
            - 'a:'
            - :a
            - '*x'
            - "1:30"
            - ' a'
            - é
            - "\\x01"
            - it's
            - "tab\\there"

            """
        #expect(YAML.text(value) == expected)
        #expect(YAML.text(["b": 1, "a": ["d": 1, "c": 2]], sortsKeys: true) == "a:\n  c: 2\n  d: 1\nb: 1\n")
        #expect(YAML.text(documents: [["a": 1], ["b": 2]]) == "a: 1\n---\nb: 2\n")
    }

    @Test("a quote with an accent is a quote") func accents() throws {
        let value: JSONValue = ["'\u{301}a: ''": ["it'\u{301}s #1", "'\u{301}"]]
        let text: String = YAML.text(value)
        #expect(try YAMLStream.parse(text, fileName: "t").map(\.json) == [value], "\(text)")
    }

    @Test("numbers that only their text can hold keep it", arguments: ["1E400", "1e400", "-3.50E+380", "12345678901234567890"]) func longNumbers(text: String) throws {
        let value = try JSONValue(parsing: "[\(text)]")
        #expect(try YAMLStream.parse(YAML.text(value), fileName: "t").map(\.json) == [value])
        #expect(YAML.text("x") == "x\n")
        #expect(YAML.text([:]) == "{}\n")
    }

    @Test(arguments: [
        "a\nb", "a\nb\n", "a\nb\n\n", "a\n\nb", "a\n  b\n", "a\n \n", "a\n  \nb\n", "\na", " a\nb", "a\nb ", "a\n\tb\n", "\ta\nb", "\n", "\n\n", "a\r\nb", "a\n#c\n",
        "a\n---\nb\n", "a\n...\n", "---", "...", "--- a", "a\u{2028}\nb", "\u{FEFF}a", "a\u{FEFF}\nb", "a\u{85}b", "key: [a, b]\n- c\n", "%a\nb", "'", "\"", "''\n", "? a", "?", "-", ":",
        "a : b", "a\t#b", "a:\tb", "=", "<<", "y", "NO", "0777", "1_0", "+.inf", ".NaN", "2026-3-1", "12:30:45", "{a}", "[", "]", "a,b", "a]", "}a", "!a", "&a", "|", ">", "`a", "@a",
        "\u{7F}", "\u{FFFE}", "😀", "\u{10FFFF}", "!!str", "a\\b", "\\", "null ", "~a",
    ]) func everyStringComesBack(_ text: String) throws {
        for value: JSONValue in [.string(text), .object([text: .string(text)]), [.string(text), [.string(text)]], ["k": [.object([text: [.string(text)]])]]] {
            let yaml = YAML.text(value)
            let documents = try YAMLStream.parse(yaml, fileName: "t.yaml")
            #expect(documents.map(\.json) == [value], "\(yaml)")
        }
    }

    @Test func longKeysComeBack() throws {
        let value: JSONValue = .object([String(repeating: "k", count: 3000): ["a": 1], String(repeating: "\"", count: 600): [1], String(repeating: "é", count: 400): "x"])
        #expect(try YAMLStream.parse(YAML.text(value), fileName: "t.yaml")[0].json == value)
    }

    @Test(arguments: Array(UInt64(0)..<500)) func everyValueComesBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let value = Self.generated(&random, depth: 5)
        for sorts in [false, true] {
            let yaml = YAML.text(value, sortsKeys: sorts)
            #expect(try YAMLStream.parse(yaml, fileName: "seed-\(seed).yaml").map(\.json) == [value], "seed \(seed):\n\(yaml)")
        }
    }

    private static func generated(_ random: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &random) {
        case 0: return [.null, .bool(true), .bool(false)].randomElement(using: &random)!
        case 1: return JSONValue(Int64(truncatingIfNeeded: random.next()) >> Int64.random(in: 0..<63, using: &random))
        case 2:
            let double = Double(bitPattern: random.next())
            return double.isFinite ? JSONValue(double) : .number(JSONNumber(text: "123456789012345678901e-400")!)
        case 3, 4: return .string(string(&random))
        case 5, 6: return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in generated(&random, depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<5, using: &random) { object[string(&random)] = generated(&random, depth: depth - 1) }
            return .object(object)
        }
    }

    private static func string(_ random: inout SeededGenerator) -> String {
        let pieces: [String] = [
            "a", "b c", "\n", "\n\n", " ", "  ", "\t", "- ", ": ", " #", "#", "'", "\"", "\\", "true", "no", "null", "1", "0x1", ".5", "e3", "+", "-", ":", "?", ",",
            "[", "]", "{", "}", "&", "*", "!", "|", ">", "%", "@", "`", "é", "😀", "\u{0}", "\u{85}", "\u{2028}", "\u{FEFF}", "\r", "<<", "---", "...", "2026-03-01", "=", "~",
        ]
        return (0..<Int.random(in: 0..<5, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
    }
}

@Suite("Damaged YAML") struct DamageTests {
    @Test(arguments: Array(UInt64(0)..<300)) func isReadOrRefusedButNeverTraps(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var bytes = Array("a: &x {b: 1, c: [d, *x]}\ne:\n  - 'f'\n  - |\n    g\n    h\n<<: *x\n\"k\": !!int 0x1F\n? l\n: >-\n  m\n---\n- 1.5e3\n- ~\n".utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(Array("\"'{}[],:&*!|>-?#\n\t %@".utf8).randomElement(using: &random)!, at: place)
            default: bytes.remove(at: place)
            }
        }
        do {
            for document in try YAMLStream.parse(bytes, fileName: "t.yaml") {
                #expect(try YAMLStream.parse(YAML.text(document.json), fileName: "t.yaml").map(\.json) == [document.json], "seed \(seed)")
            }
        } catch {
            #expect("\(error)".hasPrefix("t.yaml:"), "seed \(seed): \(error)")
        }
    }
}
