import StrictJSON

/// OpenAPI version 2 as protobuf, which is what a kubectl before 1.24 reads before it explains, checks or asks for a dry run.
///
/// - SeeAlso: github.com/google/gnostic, `openapiv2/OpenAPIv2.proto`, for the numbers of the members.
struct OpenAPIProtobuf {
    private(set) var bytes: [UInt8] = []

    /// The document with the given schemas, and a PATCH that takes `dryRun` for each of the kinds.
    static func document(schemas: JSONObject, kinds: [(path: String, kind: JSONValue)]) -> [UInt8] {
        var document = OpenAPIProtobuf()
        document.add(1, "2.0")
        document.add(2) { $0.add(1, "Kubernetes"); $0.add(2, "v1.30.0") }
        document.add(8) { paths in
            for (path, kind) in kinds {
                paths.add(2) { named in
                    named.add(1, path)
                    named.add(2) { $0.add(8) { Self.patch(&$0, kind) } }
                }
            }
        }
        document.add(9) { definitions in
            for (name, schema) in schemas {
                definitions.add(1) { named in
                    named.add(1, name)
                    named.add(2) { Self.schema(&$0, schema) }
                }
            }
        }
        return document.bytes
    }

    private static func patch(_ operation: inout OpenAPIProtobuf, _ kind: JSONValue) {
        operation.add(8) { item in
            item.add(1) { parameter in
                parameter.add(2) { other in
                    other.add(3) { query in
                        query.add(2, "query")
                        query.add(4, "dryRun")
                        query.add(6, "string")
                    }
                }
            }
        }
        operation.addExtension(13, "x-kubernetes-group-version-kind", kind)
    }

    private static func schema(_ message: inout OpenAPIProtobuf, _ schema: JSONValue) {
        let reference = schema["$ref"] ?? schema["allOf"]?[0]?["$ref"]
        if let reference = reference?.stringValue {
            message.add(1, reference.replacing("#/components/schemas/", with: "#/definitions/"))
        }
        if let text = schema["format"]?.stringValue { message.add(2, text) }
        if let text = schema["description"]?.stringValue { message.add(4, text) }
        // This version has no words for what may be null, a number or a text, or anything at all: such members have no type.
        let isLoose = ["x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields", "nullable"].contains { schema[$0] == true }
        if !isLoose { content(&message, schema) }
        for (name, value) in schema.objectValue ?? [:] where name.hasPrefix("x-kubernetes-") { message.addExtension(31, name, value) }
    }

    private static func content(_ message: inout OpenAPIProtobuf, _ schema: JSONValue) {
        for name in (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue) { message.add(19, name) }
        if let additional = schema["additionalProperties"], additional.objectValue != nil {
            message.add(21) { $0.add(1) { Self.schema(&$0, additional) } }
        }
        if let type = schema["type"]?.stringValue { message.add(22) { $0.add(1, type) } }
        if let items = schema["items"] { message.add(23) { $0.add(1) { Self.schema(&$0, items) } } }
        if let properties = schema["properties"]?.objectValue {
            message.add(25) { list in
                for (name, property) in properties {
                    list.add(1) { named in
                        named.add(1, name)
                        named.add(2) { Self.schema(&$0, property) }
                    }
                }
            }
        }
    }

    private mutating func addExtension(_ number: Int, _ name: String, _ value: JSONValue) {
        add(number) { named in
            named.add(1, name)
            // JSON is YAML too.
            named.add(2) { $0.add(2, value.text()) }
        }
    }

    private mutating func add(_ number: Int, _ text: String) { append(number, Array(text.utf8)) }

    private mutating func add(_ number: Int, _ fill: (inout OpenAPIProtobuf) -> Void) {
        var inner = OpenAPIProtobuf()
        fill(&inner)
        append(number, inner.bytes)
    }

    /// A member that is told with its length: texts and messages.
    private mutating func append(_ number: Int, _ content: [UInt8]) {
        addNumber(number << 3 | 2)
        addNumber(content.count)
        bytes += content
    }

    private mutating func addNumber(_ number: Int) {
        var rest = UInt64(number)
        while rest > 127 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
