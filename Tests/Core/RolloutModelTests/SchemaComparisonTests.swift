import KubeYAML
import RolloutModel
import SchemaModel
import StrictJSON
import Testing

@Suite("The definition of") struct SchemaComparisonTests {
    /// Keywords that make a schema stricter. None may stand in ours unless it stands at the same place of theirs.
    static let restrictions: [String] = [
        "required", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
        "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "oneOf", "allOf", "not", "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys", "x-kubernetes-validations", "format", "x-kubernetes-int-or-string", "anyOf", "x-kubernetes-map-type",
    ]

    @Test("keeps every member that Argo's keeps, and restricts nothing that Argo's does not", arguments: RolloutDefinitions.all)
    func isNotStricter(_ definition: ResourceDefinition) throws {
        var found: [String] = []
        Self.compare(definition.versions[0].schema, try SchemaTestFiles.upstreamSchema(definition), at: "", found: &found)
        #expect(found == [])
    }

    static func compare(_ ours: JSONValue, _ theirs: JSONValue, at path: String, found: inout [String]) {
        for keyword in restrictions {
            guard let mine = ours[keyword], mine != theirs[keyword] else { continue }
            // A set of allowed values that contains theirs would be no restriction, but we have no use for one.
            found.append("\(path): \(keyword) is \(mine), in theirs \(theirs[keyword]?.text() ?? "absent")")
        }
        if let type = ours["type"], type != theirs["type"] { found.append("\(path): type is \(type), in theirs \(theirs["type"]?.text() ?? "absent")") }
        let keepsUnknown: Bool = ours["x-kubernetes-preserve-unknown-fields"]?.boolValue ?? false
        if theirs["x-kubernetes-preserve-unknown-fields"]?.boolValue == true, !keepsUnknown {
            found.append("\(path): unknown members are dropped, in theirs they are kept")
        }
        for (name, member) in theirs["properties"]?.objectValue ?? [:] {
            if let mine = ours["properties"]?[name] {
                compare(mine, member, at: "\(path).\(name)", found: &found)
            } else if !keepsUnknown {
                found.append("\(path).\(name): is missing")
            }
        }
        for name in ours["properties"]?.objectValue?.keys ?? [] where theirs["properties"]?[name] == nil {
            if theirs["x-kubernetes-preserve-unknown-fields"]?.boolValue != true, SchemaTestFiles.published != nil {
                found.append("\(path).\(name): theirs has no such member, so a value in it would be lost there")
            }
        }
        for keyword in ["items", "additionalProperties"] {
            guard let member = theirs[keyword] else { continue }
            if let mine = ours[keyword] {
                compare(mine, member, at: path + (keyword == "items" ? "[]" : "{}"), found: &found)
            } else if !keepsUnknown {
                found.append("\(path): \(keyword) is missing")
            }
        }
    }

    @Test("has Argo's names, subresources and columns", arguments: RolloutDefinitions.all)
    func hasTheSameShape(_ definition: ResourceDefinition) throws {
        let theirs: JSONValue = try SchemaTestFiles.upstream(definition)
        let ours: JSONValue = definition.document
        #expect(ours.at("metadata", "name") == theirs.at("metadata", "name"))
        #expect(ours.at("spec", "names") == theirs.at("spec", "names"))
        #expect(ours.at("spec", "scope") == theirs.at("spec", "scope"))
        let mine: JSONValue = try #require(ours.at("spec", "versions")?[0])
        let version: JSONValue = try SchemaTestFiles.upstreamVersion(definition)
        for keyword in ["name", "served", "storage", "subresources"] { #expect(mine[keyword] == version[keyword], "\(keyword)") }
        #expect(columns(mine) == columns(version))
    }

    private func columns(_ version: JSONValue) -> [[String]] {
        (version["additionalPrinterColumns"]?.arrayValue ?? []).map { column in ["name", "type", "jsonPath"].map { column[$0]?.stringValue ?? "" } }
    }

    @Test("has Argo's defaults, but those inside of pods", arguments: RolloutDefinitions.all)
    func hasTheSameDefaults(_ definition: ResourceDefinition) throws {
        let ours: [String: JSONValue] = Self.defaults(definition.versions[0].schema)
        #expect(ours.values.allSatisfy { $0 != "" }, "servers before 1.25 refuse an empty string as default")
        guard SchemaTestFiles.published != nil else { return }
        let theirs: [String: JSONValue] = Self.defaults(try SchemaTestFiles.upstreamSchema(definition)).filter { !$0.key.contains("template.spec.") }
        #expect(ours == theirs)
    }

    static func defaults(_ schema: JSONValue, at path: String = "") -> [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        if let value = schema["default"] { found[path] = value }
        for (name, member) in schema["properties"]?.objectValue ?? [:] { found.merge(defaults(member, at: "\(path).\(name)")) { $1 } }
        for keyword in ["items", "additionalProperties"] {
            if let member = schema[keyword] { found.merge(defaults(member, at: path)) { $1 } }
        }
        return found
    }

    @Test("is small enough for plain kubectl apply, which stores it in an annotation", arguments: RolloutDefinitions.all)
    func size(_ definition: ResourceDefinition) {
        #expect(definition.document.serialized().count < 262_144)
    }

    @Test("says what spec and status are for", arguments: RolloutDefinitions.all)
    func isDescribed(_ definition: ResourceDefinition) {
        for field in definition.versions[0].fields { #expect(!field.description.isEmpty, "\(field.name)") }
    }

    @Test("is what stands in crds/; `swift run sluice-generate` writes it", arguments: RolloutDefinitions.all)
    func isCurrent(_ definition: ResourceDefinition) throws {
        let file: String = try SchemaTestFiles.text("\(SchemaTestFiles.package)/crds/\(definition.fileName)")
        let isSame: Bool = file == RolloutDefinitions.fileNote + YAML.text(definition.document)
        #expect(isSame, "crds/\(definition.fileName) is not what the tables say; run: swift run sluice-generate")
    }
}
