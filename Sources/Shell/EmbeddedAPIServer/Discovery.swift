import HTTPTypes
import KubeModel
import StrictJSON

extension APIMachine {
    /// The documents that say what is served, and the health checks.
    ///
    /// - Returns: nil where the path is none of them.
    func discovery(path: String, segments: [String], _ request: APIRequest) throws(APIFailure) -> APIResponse? {
        guard let document = document(path: path, segments: segments) else { return nil }
        let takesHead = segments.first == "apis" || segments.first.map { ["healthz", "readyz", "livez"].contains($0) } ?? false
        guard request.method == .get || request.method == .head && takesHead else { throw .methodNotAllowed() }
        switch document {
        case .text(let text): return APIResponse(status: 200, contentType: "text/plain; charset=utf-8", bytes: Array(text.utf8))
        case .openAPIVersion2:
            return APIResponse(status: 200, contentType: "application/octet-stream", bytes: openAPIProtobuf())
        case .json(let json):
            // Aggregated discovery and protobuf are not spoken: a client that takes nothing else is told 406.
            _ = try AnswerForm(accept: request.headers[.accept], query: request.query)
            return APIResponse(status: 200, contentType: "application/json", bytes: Self.line(json))
        }
    }

    private enum Document {
        case text(String), json(JSONValue)
        /// Which kubectl reads as protobuf only.
        case openAPIVersion2
    }

    private func document(path: String, segments: [String]) -> Document? {
        switch segments.first {
        case "healthz", "readyz", "livez": return segments.count == 1 ? .text("ok") : nil
        case "version": return segments.count == 1 ? .json(Self.version) : nil
        case "openapi":
            if path == "/openapi/v3" { return .json(openAPIIndex()) }
            if path.hasPrefix("/openapi/v3/") { return openAPIDocument(segments.dropFirst(2).joined(separator: "/")).map(Document.json) }
            return path == "/openapi/v2" ? .openAPIVersion2 : nil
        case "api":
            if segments.count == 1 {
                return .json(["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []])
            }
            return segments.count == 2 ? resourceList(group: "", version: segments[1]).map(Document.json) : nil
        case "apis":
            switch segments.count {
            case 1:
                return .json(["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups.map { group($0) })])
            case 2:
                guard groups.contains(segments[1]) else { return nil }
                var json: JSONValue = ["kind": "APIGroup", "apiVersion": "v1"]
                for (key, value) in group(segments[1]).objectValue ?? [:] { json[key] = value }
                return .json(json)
            case 3: return resourceList(group: segments[1], version: segments[2]).map(Document.json)
            default: return nil
            }
        default: return nil
        }
    }

    private static let version: JSONValue = [
        "major": "1", "minor": "30", "gitVersion": "v1.30.0+sluice", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2024-04-17T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
    ]

    /// The named groups, sorted, with the one of access reviews, which are answered and not stored.
    private var groups: [String] {
        Set(registry.sorted.map(\.group) + [Self.reviewGroup]).filter { !$0.isEmpty }.sorted()
    }

    private func versions(of group: String) -> [String] {
        if group == Self.reviewGroup { return ["v1"] }
        return Set(registry.sorted.filter { $0.group == group }.map(\.version)).sorted { Self.isMoreStable($0, $1) }
    }

    /// `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`: the order in which clients prefer versions.
    private static func isMoreStable(_ left: String, _ right: String) -> Bool {
        func rank(_ version: String) -> (Int, Int, Int) {
            let numbers = version.split { !$0.isNumber }.compactMap { Int($0) }
            let stability = version.utf8.contains(UInt8(ascii: "b")) ? 1 : version.utf8.contains(UInt8(ascii: "a")) ? 0 : 2
            return (stability, numbers.first ?? 0, numbers.dropFirst().first ?? 0)
        }
        return rank(left) > rank(right)
    }

    private func group(_ name: String) -> JSONValue {
        let versions: [JSONValue] = versions(of: name).map { ["groupVersion": .string("\(name)/\($0)"), "version": .string($0)] }
        return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? [:]]
    }

    private func resourceList(group: String, version: String) -> JSONValue? {
        var resources: [JSONValue] = []
        for definition in registry.sorted where definition.group == group && definition.version == version {
            var json: JSONObject = [
                "name": .string(definition.plural), "singularName": .string(definition.singular),
                "namespaced": .bool(definition.isNamespaced), "kind": .string(definition.kind),
                "verbs": JSONValue(definition.isCustom ? ServedResource.customVerbs : definition.verbs),
            ]
            if !definition.shortNames.isEmpty { json["shortNames"] = JSONValue(definition.shortNames) }
            if !definition.categories.isEmpty { json["categories"] = JSONValue(definition.categories) }
            resources.append(.object(json))
            for subresource in definition.subresources { resources.append(Self.subresource(subresource, of: definition)) }
        }
        if group == Self.reviewGroup, version == "v1" {
            for kind in Self.reviewKinds {
                resources.append([
                    "name": .string(kind.lowercased() + "s"), "singularName": .string(kind.lowercased()), "namespaced": false,
                    "kind": .string(kind), "verbs": ["create"],
                ])
            }
        }
        guard !resources.isEmpty else { return nil }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
            "resources": .array(resources),
        ]
    }

    private static func subresource(_ name: String, of definition: ServedResource) -> JSONValue {
        var json: JSONObject = [
            "name": .string("\(definition.plural)/\(name)"), "singularName": "", "namespaced": .bool(definition.isNamespaced),
        ]
        switch name {
        case "scale":
            json["group"] = "autoscaling"
            json["version"] = "v1"
            json["kind"] = "Scale"
        case "binding": json["kind"] = "Binding"
        case "eviction":
            json["group"] = "policy"
            json["version"] = "v1"
            json["kind"] = "Eviction"
        default: json["kind"] = .string(definition.kind)
        }
        json["verbs"] = name == "eviction" || name == "binding" ? ["create"] : ["get", "patch", "update"]
        return .object(json)
    }

    private static let reviewGroup = "authorization.k8s.io"
    private static let reviewKinds = ["SelfSubjectAccessReview", "SelfSubjectRulesReview"]

    /// Questions about rights. This server has no roles: everybody may do everything.
    func accessReview(_ segments: [String], _ request: APIRequest) throws(APIFailure) -> APIResponse? {
        guard segments.count == 4, segments[0] == "apis", segments[1] == Self.reviewGroup, segments[2] == "v1" else { return nil }
        guard let kind = Self.reviewKinds.first(where: { $0.lowercased() + "s" == segments[3] }) else { return nil }
        guard request.method == .post else { throw .methodNotAllowed() }
        var review = try Self.json(request, accepted: ["application/json"])
        guard review.objectValue != nil else { throw .badRequest("json: cannot unmarshal \(review.kindName) into Go value of type v1.\(kind)") }
        review["kind"] = .string(kind)
        if review["metadata"] == nil { review["metadata"] = ["creationTimestamp": .null] }
        review["apiVersion"] = .string("\(Self.reviewGroup)/v1")
        let everything: JSONValue = ["*"]
        if kind == Self.reviewKinds[0] {
            review["status"] = ["allowed": true]
        } else {
            let rule: JSONValue = ["verbs": everything, "apiGroups": everything, "resources": everything]
            review["status"] = [
                "resourceRules": [rule], "nonResourceRules": [["verbs": everything, "nonResourceURLs": everything]], "incomplete": false,
            ]
        }
        return APIResponse(status: 201, contentType: "application/json", bytes: Self.line(review))
    }
}
