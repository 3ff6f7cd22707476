import Clockwork
import EmbeddedAPIServer
import KubeClient
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON

/// A world did not come to what was waited for; with what it looked like.
package struct WorldTimedOut: Error, CustomStringConvertible {
    package var description: String
}

/// What there is to see.
package extension World {
    func key(_ name: String = "my-app") -> ObjectKey { ObjectKey(namespace: "default", name: name) }

    func document(_ resource: GroupVersionResource, _ name: String) async -> JSONValue? { await cluster.server.object(resource, key(name)) }

    func rollout(_ name: String = "my-app") async throws -> Rollout {
        try Rollout(json: try await kubectl.get(.rollouts, namespace: "default", name: name))
    }

    /// Waits until the stored Rollout is as `isTrue` says, and its last change was taken note of.
    @discardableResult
    func waitFor(
        _ what: String, of name: String = "my-app", timeout: Duration = .seconds(7200), _ isTrue: @escaping @Sendable (Rollout) -> Bool
    ) async throws -> Rollout {
        do {
            try await cluster.waitUntil(what, timeout: timeout, polling: .seconds(30)) { state in
                // One that cannot be read is not what was waited for.
                guard let stored = state.object(.rollouts, key(name)), let rollout = try? Rollout(json: stored) else { return false }
                return rollout.status.observedGeneration == "\(rollout.metadata.generation)" && isTrue(rollout)
            }
        } catch let timedOut as WaitTimedOut {
            throw WorldTimedOut(description: "seed \(seed): \(timedOut)\n\(await picture(of: name))")
        }
        return try await rollout(name)
    }

    /// Everything around a Rollout as it is now, for somebody who has to find out why.
    private func picture(of name: String) async -> String {
        var lines: [String] = [await document(.rollouts, name)?["status"]?.text(.pretty) ?? "no such rollout"]
        for route in await cluster.server.objects(of: .httpRoutes) { lines.append(route.text()) }
        for service in await cluster.server.objects(of: .services, namespace: "default") { lines.append(service.text()) }
        for replicaSet in await cluster.server.objects(of: .replicaSets, namespace: "default") {
            lines.append("\(replicaSet.at("metadata", "name")?.text() ?? ""): \(replicaSet.at("spec", "replicas")?.text() ?? "") wanted, "
                + "\(replicaSet["status"]?.text() ?? ""), annotations \(replicaSet.at("metadata", "annotations")?.text() ?? "")")
        }
        return (lines + (await events(about: name))).joined(separator: "\n")
    }

    /// Waits until all pods are of the wanted version and nothing is left to do.
    @discardableResult
    func waitHealthy(_ name: String = "my-app", timeout: Duration = .seconds(7200)) async throws -> Rollout {
        try await waitFor("\(name) is healthy", of: name, timeout: timeout) {
            $0.status.phase == .healthy && $0.status.replicas == $0.spec.desiredReplicas
        }
    }

    @discardableResult
    func waitPaused(atStep index: Int, _ name: String = "my-app", timeout: Duration = .seconds(7200)) async throws -> Rollout {
        try await waitFor("\(name) pauses at step \(index)", of: name, timeout: timeout) {
            $0.status.phase == .paused && $0.status.currentStepIndex == index
        }
    }

    @discardableResult
    func waitDegraded(_ name: String = "my-app", timeout: Duration = .seconds(7200)) async throws -> Rollout {
        try await waitFor("\(name) is degraded", of: name, timeout: timeout) { $0.status.phase == .degraded }
    }

    /// ReplicaSets of a Rollout, oldest revision first.
    func replicaSets(of name: String = "my-app") async throws -> [ReplicaSet] {
        let uid: String = try await rollout(name).metadata.uid
        return try await cluster.server.objects(of: .replicaSets, namespace: "default").map { try ReplicaSet(json: $0) }
            .filter { $0.metadata.isControlled(byUID: uid) }
            .sorted { $0.revision < $1.revision }
    }

    /// Wanted pods by revision, oldest first.
    func sizes(of name: String = "my-app") async throws -> [Int] { try await replicaSets(of: name).map { $0.replicas ?? 1 } }

    /// The tag of the version that a Service selects; `-` where it selects none.
    func selected(by service: String) async throws -> String {
        let hash: String = await document(.services, service)?.at("spec", "selector", TrueState.hashLabel)?.stringValue ?? ""
        for entry in await cluster.server.objects(of: .replicaSets, namespace: "default") where TrueState.hash(of: entry) == hash && !hash.isEmpty {
            return TrueState.image(ofTemplate: entry.at("spec", "template")).split(separator: ":").last.map(String.init) ?? "-"
        }
        return "-"
    }

    /// Images by revision, with the pods that are there.
    func pods(ofImage image: String) async -> Int { await cluster.pods(namespace: "default").filter { $0.containers.contains { $0.image == image } && $0.isActive }.count }

    func analysisRuns() async throws -> [AnalysisRun] {
        try await cluster.server.objects(of: .analysisRuns, namespace: "default").map { try AnalysisRun(json: $0) }
    }

    /// Reason and message of the events about a Rollout, oldest first.
    func events(about name: String = "my-app") async -> [String] {
        func number(_ event: JSONValue) -> Int { event.at("metadata", "resourceVersion")?.stringValue.flatMap { Int($0) } ?? 0 }
        return await cluster.server.objects(of: .events, namespace: "default")
            .filter { $0.at("involvedObject", "kind")?.stringValue == "Rollout" && $0.at("involvedObject", "name")?.stringValue == name }
            .sorted { number($0) < number($1) }
            .map { "\($0["reason"]?.stringValue ?? ""): \($0["message"]?.stringValue ?? "")" }
    }

    func isEvent(_ reason: String, about name: String = "my-app") async -> Bool {
        await events(about: name).contains { $0.hasPrefix("\(reason):") }
    }

    /// The backendRefs of the first rule of a route, as `name=weight`; a missing weight shows as nothing.
    func backends(of route: String = "my-app-route", rule: Int = 0) async -> [String] {
        let refs: [JSONValue] = await document(.httpRoutes, route)?.at("spec", "rules")?[rule]?["backendRefs"]?.arrayValue ?? []
        return refs.map { "\($0["name"]?.stringValue ?? "")=\($0["weight"]?.intValue.map(String.init) ?? "")" }
    }
}

package extension ReplicaSet {
    /// The number of the revision; 0 where there is none.
    var revision: Int { metadata.annotations["rollout.argoproj.io/revision"].flatMap { Int($0) } ?? 0 }
    var podHash: String { metadata.labels["rollouts-pod-template-hash"] ?? "" }
}

package extension RolloutStatus {
    func condition(_ type: String) -> RolloutCondition? { conditions.first { $0.type == type } }
}
