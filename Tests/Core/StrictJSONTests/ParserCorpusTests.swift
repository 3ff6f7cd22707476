import StrictJSON
import Testing

/// What is JSON and what is not, after the cases of RFC 8259 and of the well-known parsing test suites. Both the tree parser
/// and the pull reader judge every case.
@Suite("The parser") struct ParserCorpusTests {
    static let accepted: [String] = [
        "null", "true", "false", "0", "-0", "1", "-1", "123456789", "1.5", "-1.5e10", "1E5", "1e+5", "1e-5", "0.0", "0e0", "0e99999999999",
        "-0.0", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "1e400", "-1e-400",
        "3.141592653589793238462643383279", "1.0000000000000000000000000000000000000000001",
        "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\"", "\"\\u20aC\"", "\"\\ud83d\\ude00\"", "\"\u{7F}\"", "\"é€😀\"",
        "\"\u{FEFF}\"", "\"\u{2028}\u{2029}\"", "\"\u{10FFFF}\"", "\"\\uFFFF\"", "\"12345678\"", "\"1234567\\n\"", "\"1234567é\"",
        "[]", "[ ]", "[1]", "[1,2]", " [ 1 , 2 ] ", "\t[\n1\r]\n", "[[]]", "[[],[[]],{}]", "[null,null]",
        "{}", "{ }", "{\"a\":1}", "{ \"a\" : 1 , \"b\" : 2 }", "{\"\":0}", "{\"a\":{\"a\":{}}}", "{\"a\\u0000b\":1}",
        "{\"é\":1,\"e\u{301}\":2}",  // two keys for JSON, canonically equivalent for Unicode
        "{\"a\":1,\"A\":2}",
    ]

    static let refused: [(text: String, reason: String)] = [
        ("", "expected a value"), (" ", "expected a value"), ("nul", "expected null"), ("nulL", "expected null"), ("True", "expected a value"),
        ("undefined", "expected a value"), ("NaN", "expected a value"), ("Infinity", "expected a value"), ("-Infinity", "expected a digit"),
        ("'a'", "expected a value"), ("a", "expected a value"),
        ("01", "zero"), ("-01", "zero"), ("00", "zero"), ("-", "digit"), ("+1", "expected a value"), (".5", "expected a value"), ("1.", "digit"),
        ("1.e5", "digit"), ("1e", "digit"), ("1e+", "digit"), ("1E-", "digit"), ("1.5.5", "end of the text"), ("0x10", "end of the text"),
        ("1_000", "end of the text"), ("--1", "digit"), ("1 2", "end of the text"), ("1a", "end of the text"), ("2.a", "digit"),
        ("\"", "not closed"), ("\"abc", "not closed"), ("\"abcdefghijk", "not closed"), ("\"\\\"", "not closed"), ("\"\\", "within an escape"),
        ("\"\\x\"", "unknown escape"), ("\"\\'\"", "unknown escape"), ("\"\\u\"", "four hex"), ("\"\\u12\"", "four hex"), ("\"\\u12G4\"", "four hex"),
        ("\"\\u123", "four hex"), ("\"\\uD800\"", "high surrogate"), ("\"\\uD800x\"", "high surrogate"), ("\"\\uD800\\n\"", "high surrogate"),
        ("\"\\uD800\\u0041\"", "high surrogate"), ("\"\\uD800\\uD800\"", "high surrogate"), ("\"\\uDC00\"", "low surrogate"),
        ("\"\\uDFFF\\uD800\"", "low surrogate"), ("\"\\uD83D\\", "high surrogate"), ("\"a\nb\"", "control character"),
        ("\"a\tb\"", "control character"), ("\"\u{0}\"", "control character"), ("\"12345678\u{1F}\"", "control character"),
        ("[", "expected a value"), ("]", "expected a value"), ("[1", "expected \",\" or \"]\""), ("[1,", "expected a value"), ("[1,]", "expected a value"),
        ("[,1]", "expected a value"), ("[1,,2]", "expected a value"), ("[1 2]", "expected \",\" or \"]\""), ("[1}", "expected \",\" or \"]\""),
        ("[1]]", "end of the text"), ("[1:2]", "expected \",\" or \"]\""), ("[/*c*/1]", "expected a value"), ("[1]//c", "end of the text"),
        ("{", "expected a key"), ("}", "expected a value"), ("{\"a\"", "expected \":\""), ("{\"a\":", "expected a value"),
        ("{\"a\":1", "expected \",\" or \"}\""), ("{\"a\":1,", "expected a key"), ("{\"a\":1,}", "expected a key"), ("{,}", "expected a key"),
        ("{a:1}", "expected a key"), ("{'a':1}", "expected a key"), ("{1:1}", "expected a key"), ("{\"a\" 1}", "expected \":\""),
        ("{\"a\",1}", "expected \":\""), ("{\"a\":1 \"b\":2}", "expected \",\" or \"}\""), ("{\"a\":1}}", "end of the text"), ("{}{}", "end of the text"),
        ("{\"a\":1]", "expected \",\" or \"}\""), ("\u{FEFF}1", "expected a value"), ("\u{A0}1", "expected a value"), ("\u{C}1", "expected a value"),
        ("1\u{0}", "end of the text"), ("\u{0}", "expected a value"), ("[\u{0}]", "expected a value"),
    ]

    static let invalidUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0xAF], [0xC1, 0xBF], [0xC2], [0xC2, 0x22], [0xE0, 0x80, 0xAF], [0xE0, 0x9F, 0xBF], [0xE2, 0x82], [0xE2, 0x28, 0xA1],
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0xFF],
    ]

    @Test(arguments: accepted) func accepts(_ text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(try JSONValue(parsing: value.text()) == value)
        #expect(try JSONValue(parsing: value.text(.pretty)) == value)
        #expect(try JSONValue(parsing: value.text(.go)) == value)
        var reader = JSONReader(Array(text.utf8))
        try reader.skip()
        try reader.finish()
        var digester = JSONReader(Array(text.utf8))
        #expect(try digester.digestOfNextValue() == value.structuralDigest)
    }

    @Test(arguments: refused) func refuses(_ c: (text: String, reason: String)) {
        #expect(Self.refusal(of: Array(c.text.utf8)).contains(c.reason))
        #expect(Self.readerRefusal(of: Array(c.text.utf8)).contains(c.reason))
    }

    @Test(arguments: invalidUTF8) func refusesInvalidUTF8(_ bytes: [UInt8]) {
        let text: [UInt8] = [0x22] + bytes + [0x22]
        #expect(Self.refusal(of: text).contains("UTF-8"))
        #expect(Self.readerRefusal(of: text).contains("UTF-8"))
        #expect(Self.refusal(of: [0x7B] + text + Array(":1}".utf8)).contains("UTF-8"))
    }

    @Test func refusesDuplicateKeysOfSmallAndLargeObjects() {
        #expect(Self.refusal(of: Array(#"{"a":1,"b":2,"a":3}"#.utf8)) == #"line 1, column 14: the key "a" occurs twice in this object; remove one of them"#)
        #expect(Self.refusal(of: Array(#"{"a":1,"\u0061":3}"#.utf8)).contains("twice"))
        for count in [1, 8, 9, 17, 24, 25, 26, 200] {
            let members = (0..<count).map { "\"key\($0)\":\($0)" }
            for repeated in [0, count / 2, count - 1] {
                let text = "{" + (members + ["\"key\(repeated)\":0"]).joined(separator: ",") + "}"
                #expect(Self.refusal(of: Array(text.utf8)).contains("\"key\(repeated)\" occurs twice"), "\(count) keys")
                var reader = JSONReader(Array(text.utf8))
                #expect(throws: JSONError.self) { try reader.readObject { _, _ in } }
                var digester = JSONReader(Array(text.utf8))
                #expect(throws: JSONError.self) { try digester.digestOfNextValue() }
            }
            #expect(throws: Never.self) { try JSONValue(parsing: "{" + members.joined(separator: ",") + "}") }
        }
    }

    @Test func limitsDepthWithoutRunningOutOfStack() throws {
        let limits = JSONLimits(maxDepth: 128)
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = open == "[" ? "" : "1"
            let deepest = String(repeating: open, count: 128) + inner + String(repeating: close, count: 128)
            _ = try JSONValue(parsing: deepest, limits: limits)
            let deeper = String(repeating: open, count: 129) + inner + String(repeating: close, count: 129)
            #expect(Self.refusal(of: Array(deeper.utf8)).contains("deeper than 128"))
            #expect(Self.readerRefusal(of: Array(deeper.utf8)).contains("deeper than 128"))
            let endless = String(repeating: open, count: 1_000_000)
            #expect(Self.refusal(of: Array(endless.utf8)).contains("deeper than 128"))
        }
    }

    @Test func limitsBytes() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: "[1,2,3]", limits: JSONLimits(maxBytes: 6)) }
        #expect(throws: Never.self) { try JSONValue(parsing: "[1,2,3]", limits: JSONLimits(maxBytes: 7)) }
        var reader = JSONReader(Array("[1,2,3]".utf8), limits: JSONLimits(maxBytes: 6))
        #expect(throws: JSONError.self) { try reader.readArray { _ in } }
    }

    @Test func placesErrors() {
        let text = "{\n  \"é\": [1,\n    oops]\n}"
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.line == 3)
        #expect(error?.column == 5)
        #expect(error?.offset == 18)
        #expect(error?.message == "expected a value, found oops")
        let sameLine = #expect(throws: JSONError.self) { try JSONValue(parsing: "[\"é😀\", x]") }
        #expect(sameLine?.column == 8)
    }

    @Test func parsesEveryKindOfCollection() throws {
        let bytes = Array("[1,\"a\"]".utf8)
        let expected: JSONValue = [1, "a"]
        #expect(try JSONValue(parsing: bytes) == expected)
        #expect(try JSONValue(parsing: (bytes + bytes)[7...]) == expected)
        #expect(try JSONValue(parsing: ContiguousArray(bytes)) == expected)
        #expect(try JSONValue(parsing: bytes.reversed().reversed() as ReversedCollection<ReversedCollection<[UInt8]>>) == expected)
    }

    private static func refusal(of bytes: [UInt8]) -> String {
        do throws(JSONError) {
            return "accepted as \(try JSONValue(parsing: bytes))"
        } catch { return error.description }
    }

    private static func readerRefusal(of bytes: [UInt8]) -> String {
        do throws(JSONError) {
            var reader = JSONReader(bytes)
            try reader.skip()
            try reader.finish()
            return "accepted"
        } catch { return error.description }
    }
}
