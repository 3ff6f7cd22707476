import SchemaModel
import StrictJSON
import Testing

@Suite("Pruning") struct PruningTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var schema: String
        var object: String
        var pruned: String
        var dropped: [String]

        init(_ sentence: String, _ schema: String, given object: String, then pruned: String, dropped: [String] = []) {
            testDescription = sentence
            self.schema = schema
            self.object = object
            self.pruned = pruned
            self.dropped = dropped
        }
    }

    static let cases: [Case] = [
        Case("drops members that the schema does not know",
             #"{"type":"object","properties":{"a":{"type":"string"}}}"#,
             given: #"{"a":"x","b":1}"#, then: #"{"a":"x"}"#, dropped: ["b"]),
        Case("keeps apiVersion, kind and metadata of the object whole",
             #"{"type":"object","properties":{"metadata":{"type":"object"}}}"#,
             given: #"{"apiVersion":"g/v1","kind":"K","metadata":{"name":"n","labels":{"a":"b"}},"x":{}}"#,
             then: #"{"apiVersion":"g/v1","kind":"K","metadata":{"name":"n","labels":{"a":"b"}}}"#, dropped: ["x"]),
        Case("goes into lists and names the place",
             #"{"type":"object","properties":{"l":{"type":"array","items":{"type":"object","properties":{"a":{"type":"string"}}}}}}"#,
             given: #"{"l":[{"a":"1"},{"a":"2","b":"3"}]}"#, then: #"{"l":[{"a":"1"},{"a":"2"}]}"#, dropped: ["l[1].b"]),
        Case("keeps every key of a map, and prunes the values",
             #"{"type":"object","properties":{"m":{"type":"object","additionalProperties":{"type":"object","properties":{"a":{}}}}}}"#,
             given: #"{"m":{"k":{"a":1,"b":2}}}"#, then: #"{"m":{"k":{"a":1}}}"#, dropped: ["m.k.b"]),
        Case("keeps what stands below a preserved place",
             #"{"type":"object","properties":{"p":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}"#,
             given: #"{"p":{"x":{"y":[{"z":1}]}}}"#, then: #"{"p":{"x":{"y":[{"z":1}]}}}"#),
        Case("prunes the known members of a preserved object",
             #"{"type":"object","properties":{"p":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"k":{"type":"object","properties":{"a":{}}}}}}}"#,
             given: #"{"p":{"x":{"y":1},"k":{"a":1,"b":2}}}"#, then: #"{"p":{"x":{"y":1},"k":{"a":1}}}"#, dropped: ["p.k.b"]),
        Case("keeps lists of any shape below a preserved place without a type",
             #"{"type":"object","properties":{"volumes":{"x-kubernetes-preserve-unknown-fields":true}}}"#,
             given: #"{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}"#, then: #"{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}"#),
        Case("keeps the type and metadata of an embedded object",
             #"{"type":"object","properties":{"t":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object"}}}}}"#,
             given: #"{"t":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"n"},"spec":{"a":1},"status":{}}}"#,
             then: #"{"t":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"n"},"spec":{}}}"#, dropped: ["t.spec.a", "t.status"]),
        Case("empties an object below a place that may hold anything but has no schema",
             #"{"type":"object","properties":{"l":{"type":"array"}}}"#,
             given: #"{"l":[{"a":1},"s",2]}"#, then: #"{"l":[{},"s",2]}"#, dropped: ["l[0].a"]),
        Case("leaves values of the wrong type to validation",
             #"{"type":"object","properties":{"a":{"type":"object","properties":{}}}}"#,
             given: #"{"a":"text"}"#, then: #"{"a":"text"}"#),
    ]

    @Test(arguments: cases) func prunes(_ c: Case) throws {
        let schema = try StructuralSchema(json: JSONValue(parsing: c.schema))
        let object = try JSONValue(parsing: c.object)
        #expect(schema.pruned(object).text() == c.pruned)
        #expect(schema.unknownFields(of: object) == c.dropped)
    }
}
