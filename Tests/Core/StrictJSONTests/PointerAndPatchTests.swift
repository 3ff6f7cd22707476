import StrictJSON
import Testing

@Suite("A JSON pointer") struct PointerTests {
    /// RFC 6901, section 5.
    @Test func findsWhatTheRFCSays() throws {
        let document: JSONValue = [
            "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8,
        ]
        let expected: [(String, JSONValue)] = [
            ("", document), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5),
            ("/k\"l", 6), ("/ ", 7), ("/m~0n", 8),
        ]
        for (text, value) in expected {
            let pointer = try JSONPointer(text)
            #expect(document[pointer] == value, "\(text)")
            #expect(pointer.text == text)
        }
        for text in ["/foo/2", "/foo/00", "/foo/-", "/foo/x", "/nope", "/foo/0/x"] { #expect(document[try JSONPointer(text)] == nil, "\(text)") }
    }

    @Test func refusesOtherTexts() {
        #expect(throws: JSONPointerError.noLeadingSlash("a")) { try JSONPointer("a") }
        #expect(throws: JSONPointerError.badEscape("/a~2")) { try JSONPointer("/a~2") }
        #expect(throws: JSONPointerError.badEscape("/a~")) { try JSONPointer("/a~") }
    }

    @Test func escapesInTheRightOrder() throws {
        #expect(try JSONPointer("/~01").tokens == ["~1"])
        #expect(JSONPointer(tokens: ["a/b", "~1", ""]).text == "/a~1b/~01/")
    }
}

@Suite("A JSON patch") struct PatchTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var document: String
        var patch: String
        /// The result, or after "error: " a part of the error's text.
        var expected: String

        init(_ name: String, _ document: String, _ patch: String, _ expected: String) {
            testDescription = name
            self.document = document
            self.patch = patch
            self.expected = expected
        }
    }

    /// RFC 6902, appendix A, and its corners.
    static let cases: [Case] = [
        Case("A.1 adds a member", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
        Case("A.2 adds an element", #"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"qux"}]"#, #"{"foo":["bar","qux","baz"]}"#),
        Case("A.3 removes a member", #"{"baz":"qux","foo":"bar"}"#, #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
        Case("A.4 removes an element", #"{"foo":["bar","qux","baz"]}"#, #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":["bar","baz"]}"#),
        Case("A.5 replaces", #"{"baz":"qux","foo":"bar"}"#, #"[{"op":"replace","path":"/baz","value":"boo"}]"#, #"{"baz":"boo","foo":"bar"}"#),
        Case("A.6 moves a member", #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#, #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
             #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#),
        Case("A.7 moves an element", #"{"foo":["all","grass","cows","eat"]}"#, #"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#, #"{"foo":["all","cows","eat","grass"]}"#),
        Case("A.8 tests", #"{"baz":"qux","foo":["a",2,"c"]}"#, #"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
             #"{"baz":"qux","foo":["a",2,"c"]}"#),
        Case("A.9 fails a test", #"{"baz":"qux"}"#, #"[{"op":"test","path":"/baz","value":"bar"}]"#, #"error: operation 0: /baz: the test failed: found "qux""#),
        Case("A.10 adds an object", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#, #"{"foo":"bar","child":{"grandchild":{}}}"#),
        Case("A.11 ignores unknown members", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#, #"{"foo":"bar","baz":"qux"}"#),
        Case("A.12 needs the parent", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz/bat","value":"qux"}]"#, "error: operation 0: /baz/bat: there is no such value"),
        Case("A.13 refuses doubled members", "{}", #"[{"op":"add","path":"/baz","value":"qux","op":"remove"}]"#, "error: occurs twice"),
        Case("A.14 unescapes", #"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10}]"#, #"{"/":9,"~1":10}"#),
        Case("A.15 does not mistake strings for numbers", #"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":"10"}]"#, "error: test failed: found 10"),
        Case("A.16 adds at the end", #"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#, #"{"foo":["bar",["abc","def"]]}"#),
        Case("replaces the whole", #"{"a":1}"#, #"[{"op":"replace","path":"","value":[1]}]"#, "[1]"),
        Case("adds over an existing member", #"{"a":1}"#, #"[{"op":"add","path":"/a","value":null}]"#, #"{"a":null}"#),
        Case("adds at the very end", "[1]", #"[{"op":"add","path":"/1","value":2}]"#, "[1,2]"),
        Case("does not add beyond the end", "[1]", #"[{"op":"add","path":"/2","value":2}]"#, "error: \"2\" is not an index"),
        Case("does not add before the beginning", "[1]", #"[{"op":"add","path":"/-1","value":2}]"#, "error: \"-1\" is not an index"),
        Case("does not take leading zeros", "[1,2]", #"[{"op":"remove","path":"/01"}]"#, "error: \"01\" is not an index"),
        Case("does not remove what is not there", "{}", #"[{"op":"remove","path":"/a"}]"#, "error: operation 0: /a: there is no such value"),
        Case("does not replace what is not there", "{}", #"[{"op":"replace","path":"/a","value":1}]"#, "error: operation 0: /a: there is no such value"),
        Case("does not remove the end", "[1]", #"[{"op":"remove","path":"/-"}]"#, "error: \"-\" is not an index"),
        Case("names the kind that has no members", #"{"a":"s"}"#, #"[{"op":"add","path":"/a/b","value":1}]"#, "error: the parent is a string"),
        Case("does not move into itself", #"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a","path":"/a/b"}]"#, "error: can't be moved into itself"),
        Case("moves in place", #"{"a":1}"#, #"[{"op":"move","from":"/a","path":"/a"}]"#, #"{"a":1}"#),
        Case("copies", #"{"a":[1]}"#, #"[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/-","value":2}]"#, #"{"a":[1],"b":[1,2]}"#),
        Case("tests numbers by value", #"{"a":1.0}"#, #"[{"op":"test","path":"/a","value":1}]"#, #"{"a":1}"#),
        Case("tests absent values", "{}", #"[{"op":"test","path":"/a","value":null}]"#, "error: test failed: there is no such value"),
        Case("is all or nothing", "[1]", #"[{"op":"add","path":"/-","value":2},{"op":"test","path":"/0","value":9}]"#, "error: operation 1: /0: the test failed: found 1"),
        Case("needs a list", "{}", "{}", "error: a JSON patch is an array"),
        Case("needs known operations", "{}", #"[{"op":"spam","path":"/a"}]"#, #"error: operation 0: "op" is "spam""#),
        Case("needs a path", "{}", #"[{"op":"remove"}]"#, #"error: operation 0: "path" must be a JSON pointer"#),
        Case("needs a value", "{}", #"[{"op":"add","path":"/a"}]"#, #"error: operation 0: "value" is missing"#),
        Case("needs a source", "{}", #"[{"op":"copy","path":"/a"}]"#, #"error: "from" must be"#),
    ]

    @Test(arguments: cases) func applies(_ c: Case) throws {
        let document = try JSONValue(parsing: c.document)
        let outcome: String
        do {
            let patch = try JSONPatch(json: JSONValue(parsing: c.patch))
            #expect(try JSONPatch(json: patch.json) == patch)
            outcome = try patch.applied(to: document).text(.sortedKeys)
        } catch { outcome = "error: \(error)" }
        if c.expected.hasPrefix("error: ") {
            #expect(outcome.hasPrefix("error: ") && outcome.contains(c.expected.dropFirst(7)), "\(outcome)")
        } else {
            #expect(outcome == (try JSONValue(parsing: c.expected).text(.sortedKeys)))
        }
    }

    @Test func keepsWhatFailedApartFromWhatChanged() {
        let patch = JSONPatch([.test(JSONPointer(tokens: ["a"]), 1)])
        let error = #expect(throws: JSONPatchError.self) { try patch.applied(to: ["a": 2]) }
        #expect(error?.cause == .testFailed(found: 2))
        #expect(error?.operation == 0)
    }

    @Test func changesDeepPlacesOnly() throws {
        let before: JSONValue = ["a": [["b": ["c": 1, "d": 2]], 5], "e": 6]
        let after = try JSONPatch([.replace(JSONPointer("/a/0/b/c"), 9), .remove(JSONPointer("/a/1"))]).applied(to: before)
        #expect(after == ["a": [["b": ["c": 9, "d": 2]]], "e": 6])
        #expect(before == ["a": [["b": ["c": 1, "d": 2]], 5], "e": 6])
    }
}

@Suite("A merge patch") struct MergePatchTests {
    /// RFC 7386, appendix A.
    static let cases: [(String, String, String)] = [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#), (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
        (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#), (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
        (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
        (#"{"a":"foo"}"#, #""bar""#, #""bar""#), (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#), ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
        ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ]

    @Test(arguments: cases) func merges(_ c: (String, String, String)) throws {
        let result = try JSONValue(parsing: c.0).applying(mergePatch: JSONValue(parsing: c.1))
        #expect(result == (try JSONValue(parsing: c.2)))
    }

    @Test func isAsSmallAsItCanBe() {
        #expect(JSONValue.mergePatch(from: ["a": 1, "b": ["c": 1, "d": 2], "e": 3], to: ["a": 1, "b": ["c": 1, "d": 3]]) == ["b": ["d": 3], "e": nil])
        #expect(JSONValue.mergePatch(from: ["a": 1], to: ["a": 1.0]) == nil)
    }
}
