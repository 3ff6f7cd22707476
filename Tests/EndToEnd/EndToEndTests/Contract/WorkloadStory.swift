import ControllerKit
import KubeClient
import KubeModel
import StrictJSON

/// What a user does with Deployments and Jobs, and what their controllers say in the end: the same on every cluster.
struct WorkloadStory: Sendable {
    let client: KubeClient

    /// Lines of what was seen at rest, in order.
    func deployments() async throws -> [String] {
        var seen: [String] = []
        func note(_ title: String, _ name: String = "web", until isAtRest: @escaping (JSONValue) -> Bool) async throws {
            let object: JSONValue = try await wait("\(name): \(title)", .deployments, name, until: isAtRest)
            seen.append("\(title): \(try await describe(object))")
        }
        func isComplete(_ object: JSONValue, _ revision: Int) -> Bool {
            Self.revision(of: object) == revision && object.at("status", "observedGeneration") == object.at("metadata", "generation")
                && object.at("status", "replicas") == object.at("spec", "replicas")
                && object.at("status", "availableReplicas") == object.at("spec", "replicas")
                && Self.conditions(of: object, []).contains { $0.hasPrefix("Progressing True NewReplicaSetAvailable") }
        }
        _ = try await client.create(.deployments, namespace: "default", Self.deployment("web", replicas: 4, deadline: 8))
        try await note("created") { isComplete($0, 1) }
        try await setImage("web:v2", of: "web")
        try await note("a second version") { isComplete($0, 2) }
        try await setImage("web:v1", of: "web")
        try await note("back to the first one") { isComplete($0, 3) }
        try await patch("web", ["spec": ["replicas": 6]])
        try await note("scaled") { isComplete($0, 3) }
        try await patch("web", ["spec": ["paused": true]])
        try await setImage("web:v3", of: "web")
        try await note("paused") { $0.at("status", "observedGeneration") == $0.at("metadata", "generation") }
        try await patch("web", ["spec": ["paused": false]])
        try await note("resumed") { isComplete($0, 4) }
        try await setImage("web:never-ready", of: "web")
        try await note("stuck") { object in
            Self.conditions(of: object, []).contains { $0.hasPrefix("Progressing False ProgressDeadlineExceeded") }
                && object.at("status", "unavailableReplicas") == 3
        }
        try await patch("web", ["spec": ["replicas": 10]])
        try await note("scaled while stuck") { $0.at("status", "replicas") == 13 && $0.at("status", "readyReplicas") == 8 }
        try await setImage("web:v3", of: "web")
        try await note("out of it") { isComplete($0, 6) }

        _ = try await client.create(
            .deployments, namespace: "default", Self.deployment("lump", replicas: 2, deadline: 600, strategy: ["type": "Recreate"]))
        try await note("recreating", "lump") { isComplete($0, 1) }
        try await setImage("web:v2", of: "lump")
        try await note("recreated", "lump") { isComplete($0, 2) }
        try await client.delete(.deployments, namespace: "default", name: "lump")
        try await client.delete(.deployments, namespace: "default", name: "web")
        return seen
    }

    func jobs() async throws -> [String] {
        let specs: [(name: String, image: String, members: JSONValue)] = [
            ("one", "task:v1", [:]), ("many", "task:v1", ["completions": 5, "parallelism": 2]), ("any", "task:v1", ["parallelism": 3]),
            ("fails", "task:crash", ["backoffLimit": 0]), ("fails-again", "task:crash", ["backoffLimit": 1]),
            ("late", "task:never", ["activeDeadlineSeconds": 3, "parallelism": 2, "completions": 2]), ("none", "task:v1", ["completions": 0]),
        ]
        for (name, image, members) in specs {
            var spec: JSONValue = [
                "template": ["spec": ["restartPolicy": "Never", "containers": [["name": "task", "image": .string(image)]]]]
            ]
            for (key, value) in members.objectValue ?? [:] { spec[key] = value }
            _ = try await client.create(
                .jobs, namespace: "default", ["apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": .string(name)], "spec": spec])
        }
        var seen: [String] = []
        for (name, _, _) in specs {
            var looks: Int = 0
            let job: JSONValue = try await wait(
                "\(name) ends", .jobs, name, meanwhile: {
                    looks += 1
                    if looks.isMultiple(of: 40) { try await remind(name, times: looks) }
                }, until: { !Self.conditions(of: $0, []).isEmpty })
            let counts: [String] = ["active", "succeeded", "failed"].map { "\($0) \(job["status"]?[$0]?.text() ?? "-")" }
            let times: [String] = ["startTime", "completionTime"].map { "\($0) \(job["status"]?[$0] == nil ? "-" : "there")" }
            seen.append("\(name): \((counts + times + Self.conditions(of: job, [])).joined(separator: ", "))")
        }
        for (name, _, _) in specs { try await client.delete(.jobs, namespace: "default", name: name) }
        return seen
    }

    // MARK: -

    private static func deployment(_ name: String, replicas: Int, deadline: Int, strategy: JSONValue = ["type": "RollingUpdate"]) -> JSONValue {
        let labels: JSONValue = ["app": .string(name)]
        return [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name), "annotations": ["team": "shop"]],
            "spec": [
                "replicas": JSONValue(replicas), "progressDeadlineSeconds": JSONValue(deadline), "strategy": strategy, "selector": ["matchLabels": labels],
                "template": ["metadata": ["labels": labels], "spec": ["containers": [["name": "web", "image": "web:v1"]]]],
            ],
        ]
    }

    private func patch(_ name: String, _ patch: JSONValue) async throws {
        _ = try await client.patch(.deployments, namespace: "default", name: name, .merge(patch))
    }

    /// Changes a Job in a way that means nothing, so that its controller looks at it. The real one looks only once at a deadline, counted
    /// from its first attempt to write `startTime`: when that write met a conflict and the next one came in the next second, it looks a
    /// moment too early and never again.
    private func remind(_ job: String, times: Int) async throws {
        let note: JSONValue = ["metadata": ["annotations": ["reminded": .string("\(times)")]]]
        _ = try await client.patch(.jobs, namespace: "default", name: job, .merge(note))
    }

    private func setImage(_ image: String, of name: String) async throws {
        try await patch(name, ["spec": ["template": ["spec": ["containers": [["name": "web", "image": .string(image)]]]]]])
    }

    private func wait(
        _ what: String, _ resource: GroupVersionResource, _ name: String, meanwhile: () async throws -> Void = {},
        until isAtRest: (JSONValue) -> Bool
    ) async throws -> JSONValue {
        var last: JSONValue = .null
        return try await eventually(what, seconds: 120, showing: { last.text(.pretty) }) {
            last = try await client.get(resource, namespace: "default", name: name)
            guard isAtRest(last) else {
                try await meanwhile()
                return nil
            }
            // It is at rest when it stays as it is.
            try await pause(.milliseconds(700))
            let again: JSONValue = try await client.get(resource, namespace: "default", name: name)
            return again.at("metadata", "resourceVersion") == last.at("metadata", "resourceVersion") ? again : nil
        }
    }

    /// Everything but times and hashes.
    private func describe(_ deployment: JSONValue) async throws -> String {
        let uid: JSONValue? = deployment.at("metadata", "uid")
        let sets: [JSONValue] = try await client.listAll(.replicaSets, namespace: "default")
            .filter { $0.at("metadata", "ownerReferences")?[0]?["uid"] == uid }.sorted { Self.revision(of: $0) < Self.revision(of: $1) }
        let names: [String] = sets.compactMap { $0.at("metadata", "name")?.stringValue }
        let members: [String] = [
            "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "collisionCount",
        ]
        let status: [String] = members.compactMap { member in deployment["status"]?[member].map { "\(member) \($0.text())" } }
        let replicaSets: [String] = sets.map { set in
            let hash: String = set.at("metadata", "labels", "pod-template-hash")?.stringValue ?? "?"
            let isNamedAfterIt: Bool = set.at("metadata", "name")?.stringValue?.hasSuffix("-\(hash)") ?? false
            let isSelected: Bool = set.at("spec", "selector", "matchLabels", "pod-template-hash")?.stringValue == hash
            let annotations: JSONObject = set.at("metadata", "annotations")?.objectValue ?? [:]
            let notes: [String] = annotations.map { "\($0.key)=\($0.value.stringValue ?? "")" }.sorted()
            let image: String = set.at("spec", "template", "spec", "containers")?[0]?["image"]?.stringValue ?? ""
            return "[\(image) \(set.at("spec", "replicas")?.text() ?? "") \(isNamedAfterIt) \(isSelected) \(notes.joined(separator: " "))]"
        }
        let revision: String = deployment.at("metadata", "annotations", "deployment.kubernetes.io/revision")?.stringValue ?? "-"
        return (["generation \(deployment.at("metadata", "generation")?.text() ?? "")", "revision \(revision)"] + status
            + Self.conditions(of: deployment, names) + replicaSets).joined(separator: ", ")
    }

    private static func revision(of object: JSONValue) -> Int {
        object.at("metadata", "annotations", "deployment.kubernetes.io/revision")?.stringValue.flatMap { Int($0) } ?? 0
    }

    /// Type, status, reason and message, sorted, with numbers in place of the names of ReplicaSets.
    private static func conditions(of object: JSONValue, _ names: [String]) -> [String] {
        (object.at("status", "conditions")?.arrayValue ?? []).map { condition in
            var text: String = ["type", "status", "reason", "message"].map { condition[$0]?.stringValue ?? "" }.joined(separator: " ")
            for (index, name) in names.enumerated() { text = text.replacing(name, with: "replicaset-\(index)") }
            return text
        }.sorted()
    }
}
