import Analysis
import Clockwork
import Delivery
import KubeModel
import RolloutModel
import StrictJSON
import Testing
import Traffic

/// Carries plans out with the patches that the controller sends.
extension ModelCluster {
    private struct Stop: Error { var words: String }

    /// - Parameter prefix: how many actions happen before the process dies; nil: all, and then the status is stored.
    mutating func apply(_ plan: RolloutPlan, prefix: Int? = nil) {
        let seen: RolloutObservation = observe()
        var version: String = rollout.at("metadata", "resourceVersion")?.stringValue ?? ""
        do {
            for step in plan.steps.prefix(prefix ?? plan.steps.count) {
                let before: [String] = darkRoutes()
                try apply(step.action, seen, version: &version)
                writes += 1
                let dark: [String] = darkRoutes().filter { !before.contains($0) }
                if (rollout.at("spec", "replicas")?.intValue ?? 1) > 0 { problems += dark.map { "\(step.action): \($0)" } }
                if prefix == nil, let event = step.event { publish(event) }
            }
            if prefix == nil {
                try store(plan.status, seen, version: version)
                publish(plan.events)
            }
        } catch {
            journal.append("stopped: \((error as? Stop)?.words ?? "\(error)")")
        }
        runPods()
        runRuns()
        if !gatewayIsHeld { runGateway() }
    }

    private mutating func apply(_ action: RolloutAction, _ seen: RolloutObservation, version: inout String) throws {
        switch action {
        case .createReplicaSet(let draft):
            try create(draft)
        case .scaleReplicaSet(let name, let from, let size, let total, let dropsDeadline):
            var annotations: JSONValue = [Keys.desiredReplicas: .string("\(total)")]
            if dropsDeadline { annotations[Keys.scaleDownDeadline] = .some(.null) }
            try patchReplicaSet(name, seen, ["metadata": ["annotations": annotations], "spec": ["replicas": .number(JSONNumber(size))]])
            if from != size { journal.append("\(self.version(ofReplicaSet: name)) \(from)→\(size)") }
        case .patchReplicaSet(let name, let annotations, let minReady):
            var patch: JSONValue = ["metadata": ["annotations": mergeMembers(annotations)]]
            if let minReady { patch["spec"] = ["minReadySeconds": .number(JSONNumber(minReady))] }
            try patchReplicaSet(name, seen, patch)
            if let change = annotations[Keys.scaleDownDeadline] { journal.append("\(self.version(ofReplicaSet: name)) deadline \(change == nil ? "gone" : "set")") }
            if annotations[Keys.revision] != nil { journal.append("\(self.version(ofReplicaSet: name)) revision \(annotations[Keys.revision]! ?? "")") }
        case .adoptReplicaSet(let name):
            let reference: JSONValue = [
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": .string(seen.rollout.metadata.name), "uid": "rollout-uid",
                "controller": true, "blockOwnerDeletion": true,
            ]
            try patchReplicaSet(name, seen, ["metadata": ["ownerReferences": [reference]]])
            journal.append("\(self.version(ofReplicaSet: name)) adopted")
        case .releaseReplicaSet(let name):
            try patchReplicaSet(name, seen, ["metadata": ["ownerReferences": []]])
            journal.append("\(self.version(ofReplicaSet: name)) released")
        case .deleteReplicaSet(let name):
            journal.append("\(self.version(ofReplicaSet: name)) deleted")
            replicaSets[name] = nil
        case .annotateRollout(let annotations):
            try patchRollout(["metadata": ["annotations": mergeMembers(annotations)]], &version)
            if let revision = annotations[Keys.revision] ?? nil { journal.append("revision \(revision)") }
        case .setReplicas(let count):
            try patchRollout(["spec": ["replicas": .number(JSONNumber(count))]], &version)
            journal.append("replicas \(count)")
        case .pointService(let name, let hash, _, let adopts):
            var metadata: JSONValue = [:]
            if adopts { metadata["annotations"] = [Keys.managedBy: .string(seen.rollout.metadata.name)] }
            guard let service = services[name] else { throw Stop(words: "no Service \(name)") }
            services[name] = patched(service, ["metadata": metadata, "spec": ["selector": [Keys.podHash: .string(hash)]]])
            journal.append("\(name)→\(self.version(ofHash: hash))")
        case .patchRoute(let edit):
            guard let route = routes[edit.route.name] else { throw Stop(words: "no route \(edit.route.name)") }
            var changed: JSONValue = try edit.patch.applied(to: route)
            if changed["spec"] != route["spec"] {
                changed.set(.number(JSONNumber((route.at("metadata", "generation")?.intValue ?? 0) + 1)), at: ["metadata", "generation"])
                routesSince[edit.route.name] = now
            }
            changed.set(.string(nextVersion()), at: ["metadata", "resourceVersion"])
            routes[edit.route.name] = changed
            journal.append("route \(Self.weights(of: changed).map(\.text).joined(separator: "/"))")
        case .createAnalysisRun(let draft):
            guard runs[draft.name] == nil else { throw Stop(words: "AnalysisRun \(draft.name) exists") }
            runs[draft.name] = created(draft.object)
            journal.append("run \(runName(draft.name)) created")
        case .beginAnalysisRun(let name):
            guard let run = runs[name] else { return }
            runs[name] = patched(run, ["metadata": ["annotations": ["sluice/begins": nil]]])
            journal.append("run \(runName(name)) begins")
        case .terminateAnalysisRun(let name):
            guard let run = runs[name] else { return }
            runs[name] = patched(run, ["spec": ["terminate": true]])
            journal.append("run \(runName(name)) terminated")
        case .deleteAnalysisRun(let name):
            runs[name] = nil
            journal.append("run \(runName(name)) deleted")
        }
    }

    private func mergeMembers(_ members: [String: String?]) -> JSONValue {
        var object = JSONObject()
        for key in members.keys.sorted() { object[key] = (members[key] ?? nil).map(JSONValue.string) ?? .null }
        return .object(object)
    }

    /// A merge patch as the API server carries it out: the generation rises with the spec, the version always.
    mutating func patched(_ object: JSONValue, _ patch: JSONValue) -> JSONValue {
        var result: JSONValue = object.applying(mergePatch: patch)
        guard result != object else { return object }
        if result["spec"] != object["spec"] {
            result.set(.number(JSONNumber((object.at("metadata", "generation")?.intValue ?? 0) + 1)), at: ["metadata", "generation"])
        }
        result.set(.string(nextVersion()), at: ["metadata", "resourceVersion"])
        return result
    }

    /// With the version that was seen, as the applier sends it.
    private mutating func patchReplicaSet(_ name: String, _ seen: RolloutObservation, _ patch: JSONValue) throws {
        guard let object = replicaSets[name], let known = seen.replicaSets.first(where: { $0.metadata.name == name }) else {
            throw Stop(words: "no ReplicaSet \(name)")
        }
        guard object.at("metadata", "resourceVersion")?.stringValue == known.metadata.resourceVersion else {
            problems.append("two patches of ReplicaSet \(name) in one plan: the second conflicts")
            throw Stop(words: "conflict on ReplicaSet \(name)")
        }
        replicaSets[name] = patched(object, patch)
    }

    private mutating func patchRollout(_ patch: JSONValue, _ version: inout String) throws {
        guard rollout.at("metadata", "resourceVersion")?.stringValue == version else { throw Stop(words: "conflict on the Rollout") }
        rollout = patched(rollout, patch)
        version = rollout.at("metadata", "resourceVersion")?.stringValue ?? ""
    }

    private mutating func store(_ status: RolloutStatus, _ seen: RolloutObservation, version: String) throws {
        guard let difference = JSONValue.mergePatch(from: seen.rollout.status.raw, to: status.json) else { return }
        guard rollout.at("metadata", "resourceVersion")?.stringValue == version else { throw Stop(words: "conflict on the status") }
        let before: RolloutStatus = seen.rollout.status
        rollout = patched(rollout, ["status": difference])
        statusWrites += 1
        writes += 1
        journal.append(statusLine(from: before, to: RolloutStatus(json: rollout["status"] ?? .object([:]))))
    }

    private mutating func create(_ draft: ReplicaSetDraft) throws {
        func refuse(_ cause: Refusal.Cause) -> Stop {
            refusals.removeAll { $0.refusal.subject == "ReplicaSet/\(draft.name)" }
            refusals.append((Refusal(subject: "ReplicaSet/\(draft.name)", cause: cause), now + .seconds(30)))
            return Stop(words: "ReplicaSet \(draft.name) refused")
        }
        if let createRefusal { throw refuse(createRefusal) }
        if let existing = replicaSets[draft.name] {
            let replicaSet: ReplicaSet = try ReplicaSet(json: existing)
            guard replicaSet.metadata.isControlled(byUID: "rollout-uid"),
                  PodTemplate(raw: draft.template).isSemanticallyEqual(
                    to: replicaSet.template, ignoringLabels: [Keys.podHash, Keys.derivedSelector]) else { throw refuse(.nameTaken) }
            return
        }
        replicaSets[draft.name] = created(draft.object)
        journal.append("\(version(ofReplicaSet: draft.name)) created")
    }

    /// Warnings that stand are told once, as the reconciler does.
    mutating func publish(_ notes: [EventNote]) {
        for note in notes where !(note.severity == .warning && told.contains(note)) { publish(note) }
        told = Set(notes.filter { $0.severity == .warning })
    }

    private mutating func publish(_ note: EventNote) { events.append(note) }
}
