import SchemaModel
import StrictJSON
import Testing

@Suite("A schema") struct ViolationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var schema: String
        var object: String
        var violations: [String]
        var reasons: [FieldViolation.Reason]

        init(_ sentence: String, _ schema: String, given object: String, says violations: [String], _ reasons: [FieldViolation.Reason] = []) {
            testDescription = sentence
            self.schema = schema
            self.object = object
            self.violations = violations
            self.reasons = reasons
        }
    }

    /// A schema with one property.
    static func property(_ schema: String) -> String { #"{"type":"object","properties":{"spec":{"type":"object","properties":{"a":\#(schema)}}}}"# }
    static func value(_ json: String) -> String { #"{"spec":{"a":\#(json)}}"# }

    static let cases: [Case] = [
        Case("says which type was expected and which was found",
             property(#"{"type":"integer"}"#), given: value(#""ten""#),
             says: [#"spec.a: Invalid value: "string": spec.a in body must be of type integer: "string""#], [.typeInvalid]),
        Case("takes an integer for a number, and a whole number for an integer",
             #"{"type":"object","properties":{"n":{"type":"number"},"i":{"type":"integer"}}}"#, given: #"{"n":1,"i":2.0}"#, says: []),
        Case("does not take a fraction for an integer",
             property(#"{"type":"integer"}"#), given: value("1.5"),
             says: [#"spec.a: Invalid value: "number": spec.a in body must be of type integer: "number""#], [.typeInvalid]),
        Case("does not take null",
             property(#"{"type":"string"}"#), given: value("null"),
             says: [#"spec.a: Invalid value: "null": spec.a in body must be of type string: "null""#], [.typeInvalid]),
        Case("takes null where it is allowed", property(#"{"type":"string","nullable":true}"#), given: value("null"), says: []),
        Case("takes numbers and texts for int-or-string",
             #"{"type":"object","properties":{"a":{"x-kubernetes-int-or-string":true},"b":{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}}}"#,
             given: #"{"a":5,"b":"25%"}"#, says: []),
        Case("takes nothing else for int-or-string",
             property(#"{"x-kubernetes-int-or-string":true}"#), given: value("true"),
             says: [#"spec.a: Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean""#], [.typeInvalid]),
        Case("misses required members, also at the root",
             #"{"type":"object","required":["spec"],"properties":{"o":{"type":"object","required":["x","y"],"properties":{"x":{}}}}}"#,
             given: #"{"o":{"x":1}}"#, says: ["o.y: Required value", "spec: Required value"], [.required, .required]),
        Case("lists the values of an enumeration",
             property(#"{"type":"string","enum":["v1","v2"]}"#), given: value(#""v3""#),
             says: [#"spec.a: Unsupported value: "v3": supported values: "v1", "v2""#], [.notSupported]),
        Case("knows bounds",
             property(#"{"type":"integer","minimum":0,"maximum":100}"#), given: value("120"),
             says: ["spec.a: Invalid value: 120: spec.a in body should be less than or equal to 100"], [.invalid]),
        Case("knows bounds that are excluded",
             property(#"{"type":"integer","minimum":0,"exclusiveMinimum":true}"#), given: value("0"),
             says: ["spec.a: Invalid value: 0: spec.a in body should be greater than 0"], [.invalid]),
        Case("knows steps", property(#"{"type":"integer","multipleOf":5}"#), given: value("12"),
             says: ["spec.a: Invalid value: 12: spec.a in body should be a multiple of 5"], [.invalid]),
        Case("measures texts in characters",
             property(#"{"type":"string","minLength":3}"#), given: value(#""äö""#),
             says: [#"spec.a: Invalid value: "äö": spec.a in body should be at least 3 chars long"#], [.invalid]),
        Case("limits the length of texts",
             property(#"{"type":"string","maxLength":2}"#), given: value(#""abc""#),
             says: ["spec.a: Too long: may not be more than 2 bytes"], [.tooLong]),
        Case("checks patterns",
             property(#"{"type":"string","pattern":"^[a-z]+$"}"#), given: value(#""A\"b""#),
             says: [#"spec.a: Invalid value: "A\"b": spec.a in body should match '^[a-z]+$'"#], [.invalid]),
        Case("checks times",
             property(#"{"type":"string","format":"date-time"}"#), given: value(#""yesterday""#),
             says: [#"spec.a: Invalid value: "yesterday": spec.a in body must be of type date-time: "yesterday""#], [.typeInvalid]),
        Case("counts elements",
             #"{"type":"object","properties":{"a":{"type":"array","minItems":1},"b":{"type":"array","maxItems":1,"items":{}}}}"#,
             given: #"{"a":[],"b":[1,2]}"#,
             says: ["a: Invalid value: 0: a in body should have at least 1 items", "b: Too many: 2: must have at most 1 items"], [.invalid, .tooMany]),
        Case("looks into lists and maps",
             #"{"type":"object","properties":{"l":{"type":"array","items":{"type":"string"}},"m":{"type":"object","additionalProperties":{"type":"string"}}}}"#,
             given: #"{"l":["a",1],"m":{"k":2}}"#,
             says: [
                #"l[1]: Invalid value: "integer": l[1] in body must be of type string: "integer""#,
                #"m.k: Invalid value: "integer": m.k in body must be of type string: "integer""#,
             ]),
        Case("wants elements of a set to differ",
             #"{"type":"object","properties":{"l":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}}}"#,
             given: #"{"l":["a","b","a","a"]}"#, says: [#"l[2]: Duplicate value: "a""#], [.duplicate]),
        Case("wants keys of a list map to differ",
             #"{"type":"object","properties":{"l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["p","q"],"items":{"type":"object","properties":{"p":{"type":"integer"},"q":{"type":"string"}}}}}}"#,
             given: #"{"l":[{"p":1,"q":"a"},{"p":1,"q":"b"},{"q":"a","p":1}]}"#,
             says: [#"l[2]: Duplicate value: {"p":1,"q":"a"}"#], [.duplicate]),
        Case("wants one alternative, and says what the nearest one misses",
             #"{"type":"object","properties":{"spec":{"type":"object","properties":{"a":{},"b":{}},"oneOf":[{"required":["a"]},{"required":["b"]}]}}}"#,
             given: #"{"spec":{}}"#,
             says: [
                #"<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid"#,
                "spec.a: Required value",
             ], [.invalid, .required]),
        Case("wants not more than one alternative",
             #"{"type":"object","properties":{"spec":{"type":"object","properties":{"a":{},"b":{}},"oneOf":[{"required":["a"]},{"required":["b"]}]}}}"#,
             given: #"{"spec":{"a":1,"b":2}}"#,
             says: [#"<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives"#]),
        Case("takes what it does not know, since that was pruned before", property(#"{"type":"string"}"#), given: #"{"spec":{"zzz":1}}"#, says: []),
    ]

    @Test(arguments: cases) func judges(_ c: Case) throws {
        let schema = try StructuralSchema(json: JSONValue(parsing: c.schema))
        let found: [FieldViolation] = schema.violations(of: try JSONValue(parsing: c.object))
        #expect(found.map(\.text) == c.violations)
        if !c.reasons.isEmpty { #expect(found.map(\.reason) == c.reasons) }
    }

    @Test("puts several mistakes in brackets and repeats none") func summary() {
        let one = FieldViolation(path: "a", reason: .required, message: "Required value")
        let two = FieldViolation(path: "b", reason: .required, message: "Required value")
        #expect(FieldViolation.summary(of: [one]) == "a: Required value")
        #expect(FieldViolation.summary(of: [one, two, one]) == "[a: Required value, b: Required value]")
    }

    @Test("lets an immutable field be set and removed, but not changed") func immutable() throws {
        let schema = try StructuralSchema(json: JSONValue(parsing: Self.property(
            #"{"type":"object","x-kubernetes-preserve-unknown-fields":true,"x-kubernetes-validations":[{"rule":"self == oldSelf","message":".spec.a is immutable"}]}"#)))
        let none = try JSONValue(parsing: #"{"spec":{}}"#)
        let one = try JSONValue(parsing: Self.value(#"{"x":1}"#))
        let other = try JSONValue(parsing: Self.value(#"{"x":2}"#))
        #expect(schema.violations(of: one, replacing: none).isEmpty)
        #expect(schema.violations(of: none, replacing: one).isEmpty)
        #expect(schema.violations(of: one, replacing: one).isEmpty)
        #expect(schema.violations(of: other, replacing: one).map(\.text) == [#"spec.a: Invalid value: "object": .spec.a is immutable"#])
    }

    static let malformed: [(String, String)] = [
        (#"[]"#, "expected an object that describes a schema, found array"),
        (#"{"type":"text"}"#, #"type "text" is none of object, array, string, integer, number, boolean"#),
        (#"{"type":"object","properties":{"a":{"nullable":"yes"}}}"#, "properties.a.nullable: expected true or false, found string"),
        (#"{"items":[{}]}"#, "items: expected an object that describes a schema, found array"),
        (#"{"required":"a"}"#, "required: expected a list, found string"),
        (#"{"x-kubernetes-list-type":"bag"}"#, #"x-kubernetes-list-type "bag" is none of atomic, set, map"#),
    ]

    @Test("that is malformed is refused with its place", arguments: malformed) func refusal(_ c: (String, String)) throws {
        let json = try JSONValue(parsing: c.0)
        let error: SchemaError? = #expect(throws: SchemaError.self) { try StructuralSchema(json: json) }
        #expect(error?.description == c.1)
    }
}
