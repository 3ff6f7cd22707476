import KubeModel
import SchemaModel
import StrictJSON

/// Reads CustomResourceDefinitions.
enum CustomResources {
    /// Where the objects of a definition lie.
    static func storage(of definition: JSONValue) -> StorageID {
        StorageID(
            group: definition.at("spec", "group")?.stringValue ?? "", plural: definition.at("spec", "names", "plural")?.stringValue ?? "")
    }

    /// One resource for each version that is served.
    ///
    /// - Throws: what is wrong with the definition.
    static func resources(of definition: JSONValue) throws(InvalidDefinition) -> [ServedResource] {
        var errors: [FieldError] = []
        let spec = definition["spec"]
        func text(_ path: [String]) -> String {
            let value = spec?.at(path: path)?.stringValue ?? ""
            if value.isEmpty { errors.append(.required("spec." + path.joined(separator: "."))) }
            return value
        }
        let group = text(["group"])
        let plural = text(["names", "plural"])
        let kind = text(["names", "kind"])
        let scope = text(["scope"])
        if !scope.isEmpty, scope != "Namespaced", scope != "Cluster" {
            errors.append(.unsupported("spec.scope", scope, supported: ["Cluster", "Namespaced"]))
        }
        if definition.name != "\(plural).\(group)" {
            errors.append(.invalid("metadata.name", "\"\(definition.name)\"", "must be spec.names.plural+\".\"+spec.group"))
        }
        let versions = spec?["versions"]?.arrayValue ?? []
        if versions.isEmpty { errors.append(.required("spec.versions", "must have at least one version")) }
        if versions.filter({ $0["storage"]?.boolValue ?? false }).count != 1, !versions.isEmpty {
            errors.append(.invalid("spec.versions", JSONValue.array(versions.map { $0["name"] ?? "" }).text(), "must have exactly one version marked as storage version"))
        }
        guard errors.isEmpty else { throw InvalidDefinition(errors: errors) }

        let names = spec?["names"]
        var resources: [ServedResource] = []
        for (index, version) in versions.enumerated() {
            let field = "spec.versions[\(index)]"
            var resource = ServedResource(
                group: group, version: version["name"]?.stringValue ?? "", plural: plural,
                singular: names?["singular"]?.stringValue ?? kind.lowercased(), kind: kind,
                listKind: names?["listKind"]?.stringValue ?? kind + "List",
                shortNames: (names?["shortNames"]?.arrayValue ?? []).compactMap(\.stringValue),
                categories: (names?["categories"]?.arrayValue ?? []).compactMap(\.stringValue),
                isNamespaced: scope == "Namespaced", storage: StorageID(group: group, plural: plural))
            resource.isCustom = true
            resource.isStored = version["storage"]?.boolValue ?? false
            resource.hasStatus = version.at("subresources", "status") != nil
            do {
                guard let schema = version.at("schema", "openAPIV3Schema") else {
                    throw InvalidDefinition(errors: [.required("\(field).schema.openAPIV3Schema", "schemas are required")])
                }
                resource.schema = try StructuralSchema(json: schema)
                resource.schemaDocument = schema
            } catch let error as SchemaError {
                let path = "\(field).schema.openAPIV3Schema" + (error.path.isEmpty ? "" : "." + error.path)
                throw InvalidDefinition(errors: [FieldError(reason: "FieldValueInvalid", field: path, message: "Invalid value: \(error.message)")])
            } catch let error as InvalidDefinition {
                throw error
            } catch {
                throw InvalidDefinition(errors: [.invalid("\(field).schema", "\"\"", "\(error)")])
            }
            resource.scale = try scale(version.at("subresources", "scale"), "\(field).subresources.scale")
            resource.columns = try columns(version, field)
            if version["served"]?.boolValue ?? false || resource.isStored { resources.append(resource) }
        }
        return resources
    }

    /// Why a definition cannot be served.
    struct InvalidDefinition: Error { var errors: [FieldError] }

    private static func scale(_ json: JSONValue?, _ field: String) throws(InvalidDefinition) -> ScalePaths? {
        guard let json else { return nil }
        func path(_ member: String) throws(InvalidDefinition) -> [String]? {
            guard let text = json[member]?.stringValue, !text.isEmpty else { return nil }
            guard let members = FieldPath(text)?.members, !members.isEmpty else {
                throw InvalidDefinition(errors: [.invalid("\(field).\(member)", "\"\(text)\"", "must be a simple json path such as .spec.replicas")])
            }
            return members
        }
        guard let specReplicas = try path("specReplicasPath") else { throw InvalidDefinition(errors: [.required("\(field).specReplicasPath")]) }
        guard let statusReplicas = try path("statusReplicasPath") else { throw InvalidDefinition(errors: [.required("\(field).statusReplicasPath")]) }
        return ScalePaths(specReplicas: specReplicas, statusReplicas: statusReplicas, selector: try path("labelSelectorPath"))
    }

    private static func columns(_ version: JSONValue, _ field: String) throws(InvalidDefinition) -> [TableColumn] {
        let declared = version["additionalPrinterColumns"]?.arrayValue ?? []
        var columns: [TableColumn] = []
        for (index, column) in declared.enumerated() {
            let text = column["jsonPath"]?.stringValue ?? ""
            guard !text.isEmpty, let path = FieldPath(text) else {
                throw InvalidDefinition(errors: [
                    .invalid("\(field).additionalPrinterColumns[\(index)].jsonPath", "\"\(text)\"", "this server reads .a.b, [n], [*] and [?(@.a==\"b\")]")
                ])
            }
            columns.append(
                TableColumn(
                    name: column["name"]?.stringValue ?? "", type: column["type"]?.stringValue ?? "string",
                    format: column["format"]?.stringValue ?? "",
                    description: column["description"]?.stringValue ?? "Custom resource definition column (in JSONPath format): \(text)",
                    priority: column["priority"]?.intValue ?? 0, source: .path(path)))
        }
        return columns.isEmpty ? [.age] : columns
    }
}

extension APIMachine {
    /// A definition as it is stored: with the names filled in, and the status that says that it is served.
    ///
    /// - Throws: 422, where it cannot be served.
    func acceptedDefinition(_ definition: JSONValue) throws(APIFailure) -> JSONValue {
        guard let kind = registry.definition(of: .definitions) else { return definition }
        let resources: [ServedResource]
        do {
            resources = try CustomResources.resources(of: definition)
        } catch {
            throw .invalid(kind, definition.name, error.errors)
        }
        guard let stored = resources.first(where: \.isStored) else { return definition }
        if let other = registry.definition(of: stored.storage), !other.isCustom {
            throw .invalid(kind, definition.name, [.invalid("spec.names.plural", "\"\(stored.plural)\"", "is served by the API server itself")])
        }
        var object = definition
        object.set(.string(stored.singular), at: ["spec", "names", "singular"])
        object.set(.string(stored.listKind), at: ["spec", "names", "listKind"])
        if object.at("spec", "conversion") == nil { object.set(["strategy": "None"], at: ["spec", "conversion"]) }
        guard object["status"]?["conditions"] == nil else {
            object.set(object.at("spec", "names"), at: ["status", "acceptedNames"])
            return object
        }
        func condition(_ type: String, _ reason: String, _ message: String) -> JSONValue {
            [
                "type": .string(type), "status": "True", "lastTransitionTime": .string(now.rfc3339), "reason": .string(reason),
                "message": .string(message),
            ]
        }
        object["status"] = [
            "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
            "acceptedNames": object.at("spec", "names") ?? [:], "storedVersions": [.string(stored.version)],
        ]
        return object
    }

    /// Serves what a definition says now, or no longer.
    mutating func definitionChanged(_ change: ObjectStore.Change) {
        if let old = change.old, let new = change.new, old["spec"] == new["spec"] { return }
        if let old = change.old { registry.removeAll(of: CustomResources.storage(of: old)) }
        guard let new = change.new else {
            if let old = change.old { touched.insert(CustomResources.storage(of: old)) }   // its watches end
            return
        }
        do {
            for resource in try CustomResources.resources(of: new) { registry.insert(resource) }
        } catch {
            preconditionFailure("the definition \(new.name) was accepted and is invalid: \(error)")
        }
    }
}
