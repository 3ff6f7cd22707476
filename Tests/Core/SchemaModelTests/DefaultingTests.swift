import SchemaModel
import StrictJSON
import Testing

@Suite("Defaulting") struct DefaultingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var schema: String
        var object: String
        var defaulted: String

        init(_ sentence: String, _ schema: String, given object: String, then defaulted: String) {
            testDescription = sentence
            self.schema = schema
            self.object = object
            self.defaulted = defaulted
        }
    }

    static let cases: [Case] = [
        Case("puts in what is absent",
             #"{"type":"object","properties":{"a":{"type":"integer","default":1},"b":{"type":"string","default":"x"}}}"#,
             given: #"{"b":"y"}"#, then: #"{"b":"y","a":1}"#),
        Case("does not make the object in which a default would stand",
             #"{"type":"object","properties":{"o":{"type":"object","properties":{"a":{"default":1}}}}}"#,
             given: #"{}"#, then: #"{}"#),
        Case("goes on inside of a default",
             #"{"type":"object","properties":{"o":{"type":"object","default":{},"properties":{"a":{"default":1}}}}}"#,
             given: #"{}"#, then: #"{"o":{"a":1}}"#),
        Case("goes into lists and maps",
             #"{"type":"object","properties":{"l":{"type":"array","items":{"properties":{"a":{"default":1}}}},"m":{"additionalProperties":{"properties":{"a":{"default":2}}}}}}"#,
             given: #"{"l":[{},{"a":3}],"m":{"k":{}}}"#, then: #"{"l":[{"a":1},{"a":3}],"m":{"k":{"a":2}}}"#),
        Case("replaces a null that is not allowed",
             #"{"type":"object","properties":{"a":{"type":"integer","default":1}}}"#,
             given: #"{"a":null}"#, then: #"{"a":1}"#),
        Case("keeps a null that is allowed",
             #"{"type":"object","properties":{"a":{"type":"integer","default":1,"nullable":true}}}"#,
             given: #"{"a":null}"#, then: #"{"a":null}"#),
        Case("leaves out a null that is not allowed and has no default",
             #"{"type":"object","properties":{"a":{"type":"integer"},"o":{"properties":{"b":{"type":"string"}}}}}"#,
             given: #"{"a":null,"o":{"b":null},"unknown":null}"#, then: #"{"o":{},"unknown":null}"#),
        Case("replaces nulls in lists by the default of the elements",
             #"{"type":"object","properties":{"l":{"type":"array","items":{"type":"string","default":"x"}}}}"#,
             given: #"{"l":[null,"y"]}"#, then: #"{"l":["x","y"]}"#),
    ]

    @Test(arguments: cases) func fillsIn(_ c: Case) throws {
        let schema = try StructuralSchema(json: JSONValue(parsing: c.schema))
        let once: JSONValue = schema.defaulted(try JSONValue(parsing: c.object))
        #expect(once.text() == c.defaulted)
        #expect(schema.defaulted(once) == once, "defaulting twice changes nothing")
    }
}
