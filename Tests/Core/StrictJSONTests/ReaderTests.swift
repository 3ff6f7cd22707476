import StrictJSON
import Testing

@Suite("The pull reader") struct ReaderTests {
    struct Pod: Equatable {
        var name = ""
        var ready = false
        var replicas = 0
        var ports: [Int] = []
        var labels: [String: String] = [:]
        var template: [UInt8] = []
        var extra: JSONValue?
        var deleted: String?

        init(_ text: String) throws(JSONError) {
            var reader = JSONReader(Array(text.utf8))
            try reader.readObject { key, reader throws(JSONError) in
                switch key {
                case "name": name = try reader.string()
                case "ready": ready = try reader.bool()
                case "replicas": replicas = try reader.int()
                case "ports": ports = try reader.array { reader throws(JSONError) in try reader.int() }
                case "labels": labels = try reader.stringMap()
                case "template": template = Array(try reader.raw())
                case "extra": extra = try reader.value()
                case "deleted": deleted = try reader.optional { reader throws(JSONError) in try reader.string() }
                default: break
                }
            }
            try reader.finish()
        }
    }

    @Test func readsIntoATypeAndPassesOverTheRest() throws {
        let pod = try Pod(
            #"{"unknown":{"a":[1,{"b":"}"}]},"name":"p\u00e9","ready":true,"replicas":3,"ports":[80, 443],"labels":{"a":"b"},"template": {"x" : [1]} ,"extra":[1,{}],"deleted":null}"#)
        #expect(pod.name == "pé")
        #expect(pod.ready)
        #expect(pod.replicas == 3)
        #expect(pod.ports == [80, 443])
        #expect(pod.labels == ["a": "b"])
        #expect(String(decoding: pod.template, as: UTF8.self) == #"{"x" : [1]}"#)
        #expect(pod.extra == [1, [:]])
        #expect(pod.deleted == nil)
    }

    static let mistakes: [(String, String)] = [
        (#"{"name":1}"#, "line 1, column 9: name: expected a string, found 1"),
        (#"{"replicas":"ten"}"#, #"line 1, column 13: replicas: expected an integer, found the string "ten""#),
        (#"{"replicas":1.5}"#, "line 1, column 13: replicas: expected an integer of 64 bits, found 1.5"),
        (#"{"ports":[80,true]}"#, "line 1, column 14: ports[1]: expected an integer, found true"),
        (#"{"labels":{"a":{}}}"#, "line 1, column 16: labels.a: expected a string, found an object"),
        (#"{"labels":[]}"#, "line 1, column 11: labels: expected an object, found an array"),
        (#"{"ready":null}"#, "line 1, column 10: ready: expected true or false, found null"),
        (#"{"x":{"y":[1,,2]}}"#, "line 1, column 14: x: expected a value, found \",\""),
        (#"{"name":"a"} x"#, "line 1, column 14: expected the end of the text after the value, found x"),
        (#"[]"#, "line 1, column 1: expected an object, found an array"),
        ("{\"name\":\"a\",\n \"name\":\"b\"}", "line 2, column 2: the key \"name\" occurs twice in this object; remove one of them"),
        ("", "line 1, column 1: expected an object, found the end of the text"),
    ]

    @Test(arguments: mistakes) func saysWhereAndWhat(_ c: (String, String)) {
        let error = #expect(throws: JSONError.self) { try Pod(c.0) }
        #expect(error?.description == c.1)
    }

    @Test func readsPartsAsTextsOfTheirOwn() throws {
        var reader = JSONReader(Array(#"{"a":1,"b":{"c":[2,3]}}"#.utf8))
        var part: ArraySlice<UInt8> = []
        try reader.readObject { key, reader throws(JSONError) in if key == "b" { part = try reader.raw() } }
        var inner = JSONReader(part)
        var found: [Int] = []
        try inner.readObject { _, reader throws(JSONError) in
            try reader.readArray { reader throws(JSONError) in found.append(try reader.int()) }
        }
        try inner.finish()
        #expect(found == [2, 3])
        var again = JSONReader(part)
        #expect(try again.raw() == part)
        #expect(try JSONValue(parsing: part) == ["c": [2, 3]])
    }

    @Test func tellsTheNextKind() throws {
        var kinds: [JSONReader.Kind?] = []
        var reader = JSONReader(Array(#"[null, true, -1, "s", [], {}]"#.utf8))
        try reader.readArray { reader throws(JSONError) in kinds.append(reader.nextKind) }
        #expect(kinds == [.null, .bool, .number, .string, .array, .object])
        #expect(reader.nextKind == nil)
    }

    @Test func countsDepthAcrossNestedReads() {
        var reader = JSONReader(Array("[[[[1]]]]".utf8), limits: JSONLimits(maxDepth: 3))
        #expect(throws: JSONError.self) {
            try reader.readArray { reader throws(JSONError) in
                try reader.readArray { reader throws(JSONError) in _ = try reader.value() }
            }
        }
    }
}
