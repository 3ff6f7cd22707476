import SchemaModel
import StrictJSON
import Testing

@Suite("A definition from a table") struct DefinitionTests {
    static let types: [(FieldType, String)] = [
        (.string, #"{"type":"string"}"#),
        (.time, #"{"type":"string","format":"date-time"}"#),
        (.boolean, #"{"type":"boolean"}"#),
        (.int32, #"{"type":"integer","format":"int32"}"#),
        (.int64, #"{"type":"integer","format":"int64"}"#),
        (.intOrString, #"{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}"#),
        (.list(of: .string), #"{"type":"array","items":{"type":"string"}}"#),
        (.map(of: .boolean), #"{"type":"object","additionalProperties":{"type":"boolean"}}"#),
        (.anyObject, #"{"type":"object","x-kubernetes-preserve-unknown-fields":true}"#),
        (.object([Field("a", .string)]), #"{"type":"object","properties":{"a":{"type":"string"}}}"#),
        (.object([], open: true, atomic: true),
         #"{"type":"object","x-kubernetes-preserve-unknown-fields":true,"x-kubernetes-map-type":"atomic","properties":{}}"#),
    ]

    @Test("spells types as OpenAPI", arguments: types) func type(_ c: (FieldType, String)) {
        #expect(JSONValue.object(c.0.openAPI).text() == c.1)
    }

    @Test("spells descriptions, defaults and rules") func field() {
        let field = Field("a", .int32, "How many.", stored: 3, rules: [.immutable(message: "a is immutable")])
        #expect(field.openAPI.text() == #"{"description":"How many.","type":"integer","format":"int32","default":3,"x-kubernetes-validations":[{"rule":"self == oldSelf","message":"a is immutable"}]}"#)
        #expect(Field("a", .string, "How long.", assumed: "5m").documentation == "How long. Defaults to 5m.")
        #expect(Field("a", .int32, assumed: 4).documentation == "Defaults to 4.")
    }

    @Test("is a complete document") func document() {
        let definition = ResourceDefinition(
            group: "example.org", kind: "Thing", plural: "things", shortNames: ["th"], scope: .cluster,
            versions: [ResourceVersion(name: "v1", description: "A thing.", fields: [Field("spec", .anyObject, "What is wanted.")], columns: [.age],
                hasStatusSubresource: true, scale: ScaleSubresource(specReplicasPath: ".a", statusReplicasPath: ".b", labelSelectorPath: ".c"))])
        #expect(definition.document.text() == #"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.example.org"},"spec":{"group":"example.org","names":{"kind":"Thing","listKind":"ThingList","plural":"things","shortNames":["th"],"singular":"thing"},"scope":"Cluster","versions":[{"name":"v1","served":true,"storage":true,"additionalPrinterColumns":[{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp","description":"Time since the object was created."}],"subresources":{"status":{},"scale":{"specReplicasPath":".a","statusReplicasPath":".b","labelSelectorPath":".c"}},"schema":{"openAPIV3Schema":{"description":"A thing.","type":"object","properties":{"apiVersion":{"description":"Version of the schema of this object: group and version.","type":"string"},"kind":{"description":"Which kind of resource this object is.","type":"string"},"metadata":{"type":"object"},"spec":{"description":"What is wanted.","type":"object","x-kubernetes-preserve-unknown-fields":true}}}}}]}}"#)
    }
}
