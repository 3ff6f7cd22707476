import KubeClient
import KubeModel
import StrictJSON

/// Many Rollouts alike, each with its two Services, its route and what earlier releases have left behind.
struct Fleet: Sendable {
    /// One of them.
    struct Member: Sendable, Hashable {
        let namespace: String
        /// Unlike any other, also in other namespaces, and no beginning of another: the audit log is read by it.
        let name: String

        var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
        var stableService: String { "\(name)-stable" }
        var canaryService: String { "\(name)-canary" }
    }

    static let firstImage: String = "app:v3"
    static let replicas: Int = 5
    /// Enough for a server that is busy otherwise too, few enough that it is not the fleet that is measured.
    private static let requestsAtOnce: Int = 16
    private static let membersPerNamespace: Int = 10

    let cluster: RealCluster
    let members: [Member]
    let namespaces: [String]
    private let steps: [JSONValue]

    /// The canary of two weights that the figures are given for.
    static let twoWeights: [JSONValue] = [["setWeight": 20], ["pause": ["duration": "1s"]], ["setWeight": 60], ["pause": ["duration": "1s"]]]

    /// Nothing is made yet. Names begin with `prefix`, of four letters at most.
    init(_ cluster: RealCluster, count: Int, prefix: String, steps: [JSONValue] = Fleet.twoWeights) {
        self.cluster = cluster
        self.steps = steps
        members = (0..<count).map { number in
            Member(namespace: "\(prefix)-\(number / Self.membersPerNamespace)", name: "\(prefix)-\(Self.padded(number))")
        }
        namespaces = members.map(\.namespace).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    private static func padded(_ number: Int) -> String {
        let digits: String = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    // MARK: - What users do

    /// Creates everything. With a history, there are two ReplicaSets of earlier versions and the one of the present, as
    /// after three releases.
    func create(withHistory: Bool) async throws {
        try await forEach(namespaces) { namespace in
            _ = try await cluster.api.client.create(
                .namespaces, namespace: nil, ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]])
        }
        try await forEach(members) { member in
            let api = cluster.api.client
            for service in [member.stableService, member.canaryService] {
                _ = try await api.create(.services, namespace: member.namespace, Self.service(service, of: member))
            }
            _ = try await api.create(.httpRoutes, namespace: member.namespace, Self.route(of: member))
            let rollout: JSONValue = try await api.create(.rollouts, namespace: member.namespace, rollout(of: member))
            guard withHistory else { return }
            for revision in 1...3 {
                _ = try await api.create(
                    .replicaSets, namespace: member.namespace, Self.replicaSet(of: member, rollout, revision: revision, isLast: revision == 3))
            }
        }
    }

    /// Gives these members another image, all at once.
    func update(_ members: [Member], to image: String) async throws {
        try await forEach(members) { member in
            // As `kubectl set image` sends it for a kind that it does not know: the list as a whole.
            _ = try await cluster.api.client.patch(
                .rollouts, namespace: member.namespace, name: member.name,
                .merge(["spec": ["template": ["spec": ["containers": [Self.container(image)]]]]]))
        }
    }

    /// Removes everything again.
    func remove() async throws {
        try await forEach(members) { member in
            try await cluster.api.client.delete(.rollouts, namespace: member.namespace, name: member.name)
        }
        try await forEach(namespaces) { namespace in
            try await cluster.api.client.delete(.namespaces, namespace: nil, name: namespace)
        }
    }

    /// Which of `members` are not where an update ends: all pods of one version, traffic on it, and the status says so.
    func unfinished(among members: [Member], with image: String) async throws -> [String] {
        let wanted: Set<Member> = Set(members)
        return try await cluster.api.client.listAll(.rollouts, namespace: nil).compactMap { json in
            let member = Member(namespace: json.at("metadata", "namespace")?.stringValue ?? "", name: json.at("metadata", "name")?.stringValue ?? "")
            guard wanted.contains(member) else { return nil }
            let view = RolloutView(json: json)
            return Self.isComplete(json, with: image) ? nil : "\(member.key): \(view.line)"
        }
    }

    static func isComplete(_ rollout: JSONValue, with image: String) -> Bool {
        let view = RolloutView(json: rollout)
        let wanted: String? = rollout.at("spec", "template", "spec", "containers")?[0]?["image"]?.stringValue
        let weights: JSONValue? = rollout.at("status", "canary", "weights")
        return wanted == image && view.isObserved && view.phase == "Healthy" && view.isPromoted
            && weights?.at("canary", "weight")?.intValue == 0 && weights?["verified"]?.boolValue == true
    }

    private func forEach<Element: Sendable>(
        _ elements: [Element], _ body: @escaping @Sendable (Element) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, element) in elements.enumerated() {
                if number >= Self.requestsAtOnce { try await group.next() }
                group.addTask { try await body(element) }
            }
            try await group.waitForAll()
        }
    }

    // MARK: - Manifests

    private static func container(_ image: String) -> JSONValue {
        [
            "name": "app", "image": .string(image), "ports": [["name": "http", "containerPort": 8080, "protocol": "TCP"]],
            "env": [["name": "LEVEL", "value": "info"], ["name": "REGION", "value": "north"]],
            "resources": ["requests": ["cpu": "100m", "memory": "64Mi"], "limits": ["memory": "128Mi"]],
            "readinessProbe": ["httpGet": ["path": "/ready", "port": 8080], "periodSeconds": 5],
        ]
    }

    private static func template(of member: Member, image: String, hash: String? = nil) -> JSONValue {
        var labels: JSONValue = ["app": .string(member.name)]
        if let hash { labels["rollouts-pod-template-hash"] = .string(hash) }
        return ["metadata": ["labels": labels], "spec": ["containers": [container(image)]]]
    }

    private static func service(_ name: String, of member: Member) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)],
            // Without addresses: the server's range has 254 of them.
            "spec": ["clusterIP": "None", "selector": ["app": .string(member.name)], "ports": [["port": 80, "targetPort": 8080]]],
        ]
    }

    private static func route(of member: Member) -> JSONValue {
        [
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": ["name": .string(member.name)],
            "spec": [
                "parentRefs": [["name": "gateway"]],
                "hostnames": [.string("\(member.name).example.com")],
                "rules": [[
                    "matches": [["path": ["type": "PathPrefix", "value": "/"]]],
                    "backendRefs": [["name": .string(member.stableService), "port": 80]],
                ]],
            ],
        ]
    }

    private func rollout(of member: Member) -> JSONValue {
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": ["name": .string(member.name), "labels": ["app": .string(member.name)]],
            "spec": [
                "replicas": .number(JSONNumber(Self.replicas)),
                "selector": ["matchLabels": ["app": .string(member.name)]],
                "strategy": ["canary": [
                    "stableService": .string(member.stableService), "canaryService": .string(member.canaryService),
                    "trafficRouting": ["plugins": ["argoproj-labs/gatewayAPI": ["httpRoute": .string(member.name)]]],
                    "steps": .array(steps),
                ]],
                "template": Self.template(of: member, image: Self.firstImage),
            ],
        ]
    }

    private static func replicaSet(of member: Member, _ rollout: JSONValue, revision: Int, isLast: Bool) -> JSONValue {
        let hash: String = "old\(revision)"
        return [
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": [
                "name": .string("\(member.name)-\(hash)"),
                "labels": ["app": .string(member.name), "rollouts-pod-template-hash": .string(hash)],
                "annotations": [
                    "rollout.argoproj.io/revision": .string("\(revision)"),
                    "rollout.argoproj.io/desired-replicas": .string("\(replicas)"),
                ],
                "ownerReferences": [[
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": .string(member.name),
                    "uid": rollout.at("metadata", "uid") ?? "", "controller": true, "blockOwnerDeletion": true,
                ]],
            ],
            "spec": [
                "replicas": .number(JSONNumber(isLast ? replicas : 0)),
                "selector": ["matchLabels": ["app": .string(member.name), "rollouts-pod-template-hash": .string(hash)]],
                "template": template(of: member, image: isLast ? firstImage : "app:v\(revision)", hash: hash),
            ],
        ]
    }
}
