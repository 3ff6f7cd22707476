import Clockwork
import Delivery
import KubeModel
import RolloutModel
import StrictJSON

/// What people do, with the patches of `kubectl argo rollouts`, and what they look at.
extension ModelCluster {
    // MARK: Acting

    /// A merge patch of the Rollout by a person.
    mutating func edit(_ patch: JSONValue) { rollout = patched(rollout, patch) }
    mutating func editStatus(_ patch: JSONValue) { edit(["status": patch]) }

    /// A merge patch of a version's ReplicaSet by somebody else.
    mutating func editReplicaSet(_ image: String, _ patch: JSONValue) {
        let name: String = name(image)
        if let object = replicaSets[name] { replicaSets[name] = patched(object, patch) }
    }

    mutating func setImage(_ image: String) {
        var template: JSONValue = rollout.at("spec", "template") ?? .object([:])
        template.set([["name": "web", "image": .string("web:\(image)")]], at: ["spec", "containers"])
        edit(["spec": ["template": template]])
    }

    mutating func setReplicas(_ count: Int) { edit(["spec": ["replicas": .number(JSONNumber(count))]]) }
    mutating func setSteps(_ steps: [JSONValue]) { edit(["spec": ["strategy": ["canary": ["steps": .array(steps)]]]]) }
    mutating func setCanary(_ key: String, _ value: JSONValue) { edit(["spec": ["strategy": ["canary": .object([key: value])]]]) }
    mutating func pause() { edit(["spec": ["paused": true]]) }
    mutating func unpause() { edit(["spec": ["paused": false]]) }
    mutating func abort() { editStatus(["abort": true]) }
    mutating func retry() { editStatus(["abort": false]) }

    mutating func promoteFull() {
        if status.currentPodHash != status.stableRS { editStatus(["promoteFull": true]) }
        if rollout.at("spec", "paused")?.boolValue == true { unpause() }
    }

    mutating func promote() {
        let steps: Int = rollout.at("spec", "strategy", "canary", "steps")?.arrayValue?.count ?? 0
        let next: JSONValue = .number(JSONNumber(min((status.currentStepIndex ?? 0) + 1, steps)))
        if let run = status.stepAnalysisRun, run.phase == "Inconclusive", !status.pauseConditions.isEmpty, status.controllerPause {
            editStatus(["pauseConditions": .null, "controllerPause": false, "currentStepIndex": next])
        } else if !status.pauseConditions.isEmpty {
            editStatus(["pauseConditions": .null])
        } else if steps > 0 {
            editStatus(["pauseConditions": .null, "currentStepIndex": next])
        }
        if rollout.at("spec", "paused")?.boolValue == true { unpause() }
    }

    mutating func skipStep() {
        let steps: Int = rollout.at("spec", "strategy", "canary", "steps")?.arrayValue?.count ?? 0
        editStatus(["currentStepIndex": .number(JSONNumber(min((status.currentStepIndex ?? 0) + 1, steps)))])
    }

    /// The AnalysisRun controller's verdict on the run whose name ends so, or on the only one that has not ended.
    mutating func endRun(_ suffix: String? = nil, _ phase: String, message: String = "") {
        for name in runs.keys.sorted() {
            let isOpen: Bool = ["Running", "Pending", nil].contains(runs[name]?.at("status", "phase")?.stringValue)
            guard suffix.map({ runName(name).hasSuffix($0) }) ?? isOpen, isOpen else { continue }
            runs[name] = patched(runs[name]!, ["status": ["phase": .string(phase), "message": .string(message)]])
        }
    }

    // MARK: Looking

    var status: RolloutStatus { RolloutStatus(json: rollout["status"] ?? .object([:])) }

    /// Wanted pods of a version; nil: it has no ReplicaSet.
    func size(_ image: String) -> Int? {
        replicaSets.keys.sorted().first { self.image(ofReplicaSet: $0) == image }.flatMap { replicaSets[$0]?.at("spec", "replicas")?.intValue }
    }

    /// Wanted pods of the versions, by `v1: 3, v2: 1`.
    var sizes: String {
        replicaSets.keys.map { (image(ofReplicaSet: $0), replicaSets[$0]?.at("spec", "replicas")?.intValue ?? 0) }
            .sorted { $0.0 < $1.0 }.map { "\($0.0): \($0.1)" }.joined(separator: ", ")
    }

    func name(_ image: String) -> String { replicaSets.keys.sorted().first { self.image(ofReplicaSet: $0) == image } ?? "" }
    func hash(_ image: String) -> String { replicaSets[name(image)]?.at("metadata", "labels", Keys.podHash)?.stringValue ?? "" }
    func annotation(_ key: String, of image: String) -> String? { replicaSets[name(image)]?.at("metadata", "annotations", key)?.stringValue }

    /// The version that a Service selects; `-` when it selects none.
    func selected(by service: String) -> String {
        version(ofHash: services[service]?.at("spec", "selector", Keys.podHash)?.stringValue ?? "")
    }

    /// Weights of the route, in the order of its backends: `60/40`.
    var routeText: String { routes["app"].map { Self.weights(of: $0).map(\.text).joined(separator: "/") } ?? "none" }
    var routeNames: [String] { routes["app"].map { Self.weights(of: $0).map(\.name) } ?? [] }

    var phase: String { "\(status.phase?.rawValue ?? "")" + (status.message.isEmpty ? "" : " \(status.message)") }
    var step: Int? { status.currentStepIndex }
    var current: String { version(ofHash: status.currentPodHash) }
    var stable: String { version(ofHash: status.stableRS) }
    func condition(_ type: String) -> String? { status.conditions.first { $0.type == type }.map { "\($0.status.rawValue)/\($0.reason)" } }
    var reasons: [String] { events.map(\.reason) }

    /// Forgets what has been recorded so far.
    mutating func forget() {
        journal = []
        events = []
        statusWrites = 0
        writes = 0
    }

    /// What a status write changed, in the words of the write sequences of the specification.
    func statusLine(from before: RolloutStatus, to after: RolloutStatus) -> String {
        var parts: [String] = []
        func note(_ name: String, _ old: String, _ new: String) { if old != new { parts.append("\(name)=\(new)") } }
        func text(_ status: RolloutStatus, _ type: String) -> String {
            status.conditions.first { $0.type == type }.map { "\($0.status.rawValue)/\($0.reason)" } ?? ""
        }
        note("phase", "\(before.phase?.rawValue ?? "") \(before.message)", "\(after.phase?.rawValue ?? "")" + (after.message.isEmpty ? "" : " (\(after.message))"))
        if before.phase == after.phase && before.message == after.message { parts.removeAll { $0.hasPrefix("phase=") } }
        note("current", version(ofHash: before.currentPodHash), version(ofHash: after.currentPodHash))
        note("step", before.currentStepIndex.map(String.init) ?? "", after.currentStepIndex.map(String.init) ?? "none")
        note("stable", version(ofHash: before.stableRS), version(ofHash: after.stableRS))
        note("abort", "\(before.abort)", "\(after.abort)")
        note("abortedAt", "\(before.abortedAt != nil)", "\(after.abortedAt != nil)")
        note("pause", before.pauseConditions.map(\.reason.rawValue).joined(separator: "+"), after.pauseConditions.map(\.reason.rawValue).joined(separator: "+"))
        for (short, type) in [("Pg", "Progressing"), ("Paused", "Paused"), ("Co", "Completed"), ("He", "Healthy"), ("Invalid", "InvalidSpec")] {
            note(short, text(before, type), text(after, type))
        }
        func weights(_ status: RolloutStatus) -> String {
            status.weights.map { "\($0.canary.weight)@\(version(ofHash: $0.canary.podTemplateHash))\($0.isVerified == true ? "" : "?")" } ?? ""
        }
        note("weights", weights(before), weights(after))
        note("run", before.stepAnalysisRun.map { $0.phase } ?? "", after.stepAnalysisRun.map { $0.phase } ?? "")
        return "status " + (parts.isEmpty ? "counts" : parts.joined(separator: " "))
    }

    /// The state that must not depend on where a process died: everything but times and counters of writes.
    var fingerprint: [String] {
        let status: RolloutStatus = status
        var lines: [String] = ["\(phase) step \(step.map(String.init) ?? "-") current \(current) stable \(stable) abort \(status.abort)"]
        lines.append("pause \(status.pauseConditions.map(\.reason.rawValue)) controller \(status.controllerPause) full \(status.promoteFull)")
        lines.append("weights \(status.weights.map { "\($0)" } ?? "")")
        lines.append("counts \(status.replicas) \(status.updatedReplicas) \(status.readyReplicas) \(status.availableReplicas) observed \(status.observedGeneration)")
        lines += status.conditions.map { condition in
            // Which of the two was written last depends on which numbers were stored in between; both mean that it goes on.
            if ["ReplicaSetUpdated", "ReplicaSetNotAvailable"].contains(condition.reason) { return "\(condition.type) goes on" }
            return "\(condition.type) \(condition.status.rawValue) \(condition.reason) \(condition.message)"
        }.sorted()
        lines.append("sizes \(sizes)")
        for name in replicaSets.keys.sorted() { lines.append("\(name) \(replicaSets[name]?.at("metadata", "annotations")?.text(.sortedKeys) ?? "")") }
        for name in services.keys.sorted() { lines.append("\(name)→\(selected(by: name))") }
        for name in routes.keys.sorted() {
            lines.append("route \(routes[name]?["spec"]?.text(.sortedKeys) ?? "") \(routes[name]?.at("metadata", "labels")?.text(.sortedKeys) ?? "") "
                + "\(routes[name]?.at("metadata", "annotations")?.text(.sortedKeys) ?? "")")
        }
        for name in runs.keys.sorted() { lines.append("run \(name) \(runs[name]?.at("status", "phase")?.stringValue ?? "")") }
        return lines
    }
}
