import KubeYAML
import StrictJSON
import Testing

/// Whose roles a controller's account has.
enum GrantedRoles: String, Sendable, CustomTestStringConvertible {
    /// `deploy/cluster`, or `deploy/namespaced` in one namespace.
    case deploy
    /// The Helm chart of Argo Rollouts.
    case argoChart = "argo-chart"
    /// Argo Rollouts' manifests, and the role that users of its Gateway API plugin add.
    case argoManifests = "argo-manifests"

    var testDescription: String {
        switch self {
        case .deploy: "deploy/'s role"
        case .argoChart: "the role of Argo's chart"
        case .argoManifests: "the roles of Argo's manifests and its plugin"
        }
    }

    /// Each role's rules, by a name that is unique in a cluster.
    fileprivate func rules() throws -> [(name: String, rules: JSONValue)] {
        let files: [String] = switch self {
        case .deploy: ["\(checkout)/deploy/namespaced/role.yaml", "\(checkout)/deploy/base/leader-election.yaml"]
        case .argoChart, .argoManifests: ["\(checkout)/Tests/EndToEnd/roles/\(rawValue).yaml"]
        }
        return try files.flatMap { try YAMLStream.parse(try readText($0), fileName: $0).map(\.json) }
            .filter { ["Role", "ClusterRole"].contains($0["kind"]?.stringValue) }
            .map { ($0.at("metadata", "name")?.stringValue ?? "", $0["rules"] ?? .array([])) }
    }
}

extension RealCluster {
    /// An account with these roles in the whole cluster; that of `deploy/` where they are its own.
    func account(_ roles: GrantedRoles) async throws -> ServiceAccount {
        guard roles != .deploy else { return try await controllerAccount() }
        let namespace: String = try await controllerAccount().namespace
        return try await account(roles.rawValue, in: namespace, isForAllNamespaces: true, try roles.rules())
    }

    /// An account with these roles in `namespace`, where it lives, and nowhere else.
    func account(_ roles: GrantedRoles, in namespace: String) async throws -> ServiceAccount {
        try await account("controller-\(roles.rawValue)", in: namespace, isForAllNamespaces: false, try roles.rules())
    }

    /// An account with roles of these names and rules.
    func account(
        _ name: String, in namespace: String, isForAllNamespaces: Bool, _ roles: [(name: String, rules: JSONValue)]
    ) async throws -> ServiceAccount {
        let prefix: String = isForAllNamespaces ? "Cluster" : ""
        var manifests: [JSONValue] = [
            ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": .string(name), "namespace": .string(namespace)]],
        ]
        for role in roles {
            var metadata: JSONValue = ["name": .string("\(name)-\(role.name)")]
            if !isForAllNamespaces { metadata["namespace"] = .string(namespace) }
            manifests.append([
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": .string("\(prefix)Role"), "metadata": metadata, "rules": role.rules,
            ])
            manifests.append([
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": .string("\(prefix)RoleBinding"), "metadata": metadata,
                "roleRef": [
                    "apiGroup": "rbac.authorization.k8s.io", "kind": .string("\(prefix)Role"), "name": .string("\(name)-\(role.name)"),
                ],
                "subjects": [["kind": "ServiceAccount", "namespace": .string(namespace), "name": .string(name)]],
            ])
        }
        try await kubectl.apply(YAML.text(documents: manifests))
        return try await serviceAccount(name, in: namespace)
    }

    /// The account with a fresh token of its own.
    func serviceAccount(_ name: String, in namespace: String) async throws -> ServiceAccount {
        let text: String = try await Command(
            program: "\(checkout)/Tests/EndToEnd/parts/cluster.sh", arguments: ["kubeconfig", "\(folder)/cluster", namespace, name],
            environment: processEnvironment()
        ).output()
        let path: String = "\(folder)/\(namespace)-\(name).kubeconfig"
        try writeFile(path, text)
        return ServiceAccount(namespace: namespace, name: name, kubeconfig: path)
    }
}
