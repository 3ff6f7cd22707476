import Clockwork
import EmbeddedAPIServer
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON

/// One write of ours, and the questions about it.
struct JudgedWrite {
    typealias Finding = (Invariant, String)

    let write: CommittedWrite
    let truth: TrueState
    let wishes: Wishes
    let evicted: [(revision: String, until: Timestamp)]
    let failures: [String: Timestamp]
    let routes: [ProgrammedRoute]
    /// Whether the last wish was made so long ago that every process knows it.
    let wishIsKnown: Bool
    let gates: BlueGreenGates
    /// How long a process may not have heard of the last wish.
    let grace: Duration
    let clocksAreRight: Bool

    init(
        _ write: CommittedWrite, _ truth: TrueState, _ state: WriteJudge.State, routes: [ProgrammedRoute], grace: Duration, clocksAreRight: Bool
    ) {
        self.write = write
        self.truth = truth
        wishes = state.wishes
        evicted = state.evicted
        failures = state.failures
        self.routes = routes
        wishIsKnown = write.at - state.wishes.changedAt > grace
        gates = state.gates
        self.grace = grace
        self.clocksAreRight = clocksAreRight
    }

    /// Ready pods, with those that the process may not know to be gone.
    func readyPods(_ hash: String) -> Int { truth.readyPods(ofRevision: hash) + evictedPods(hash) }

    private func evictedPods(_ hash: String) -> Int { evicted.filter { $0.revision == hash && write.at < $0.until }.count }

    /// The smallest number of pods that the write may have been decided for.
    var least: Int { wishes.totals(now: truth.total, at: write.at).min() ?? 0 }
    var most: Int { wishes.totals(now: truth.total, at: write.at).max() ?? 0 }

    // MARK: Routes

    func judgeRoute() -> [Finding] {
        guard let canary = truth.canary, let old = write.old, let new = write.new else { return [] }
        var found: [Finding] = []
        let all: Int = canary.maxTrafficWeight
        let (before, after): (Int, Int) = (truth.canaryWeight(ofRoute: old), truth.canaryWeight(ofRoute: new))
        let canaryHash: String = truth.revision(ofService: canary.canaryService)
        let stableHash: String = truth.revision(ofService: canary.stableService)
        // Who gets more must have pods; who had no ready pods before, and gets less now, is no worse off.
        for (name, hash, rises) in [(canary.canaryService, canaryHash, after > before), (canary.stableService, stableHash, after < before)]
        where rises && least > 0 && (hash.isEmpty || readyPods(hash) == 0) {
            found.append((.weightNeedsReadyPods, "\(name), whose revision \(hash) has no ready pod, gets more: the canary's weight goes from \(before) to \(after)"))
        }
        if after > before, canaryHash != stableHash, !truth.mayCarry(after, ready: readyPods(canaryHash), total: least) {
            found.append((.weightWithinCapacity, "the canary's weight rises from \(before) to \(after) with \(readyPods(canaryHash)) of \(truth.total) pods ready"))
        }
        if after < before, canaryHash != stableHash, readyPods(canaryHash) > 0, readyPods(stableHash) * all < (all - after) * least,
           !truth.isEnough(readyPods(stableHash), of: least) {
            found.append((.weightWithinCapacity, "the stable weight rises from \(all - before) to \(all - after) with \(readyPods(stableHash)) of \(truth.total) pods ready"))
        }
        if after > before, let abort = wishes.abort, wishIsKnown {
            found.append((.abortIsObeyed, "the canary's weight rises from \(before) to \(after), \(write.at - abort.since) after the abort"))
        }
        if after > before, wishes.pausedSince != nil, wishIsKnown {
            found.append((.pauseIsObeyed, "the canary's weight rises from \(before) to \(after) while spec.paused is set"))
        }
        if Self.foreign(old, canary) != Self.foreign(new, canary) { found.append((.foreignPartsStay, "the route changes beside our weights: \(difference)")) }
        return found
    }

    /// What of a route is not ours: all but our weights, the canary's backendRef, and what records it.
    static func foreign(_ route: JSONValue, _ canary: CanaryStrategy) -> JSONValue {
        var rules: [JSONValue] = route.at("spec", "rules")?.arrayValue ?? []
        for index in rules.indices {
            let backends: [JSONValue] = rules[index]["backendRefs"]?.arrayValue ?? []
            rules[index]["backendRefs"] = .array(backends.filter { $0["name"]?.stringValue != canary.canaryService }.map { backend in
                guard backend["name"]?.stringValue == canary.stableService else { return backend }
                var kept: JSONValue = backend
                kept.set(.none, at: ["weight"])
                return kept
            })
        }
        var spec: JSONValue = route["spec"] ?? [:]
        spec["rules"] = .array(rules)
        return spec
    }

    // MARK: Services

    func judgeService() -> [Finding] {
        guard let old = write.old, let new = write.new else { return [] }
        let name: String = write.key.name
        let hash: String = new.at("spec", "selector", TrueState.hashLabel)?.stringValue ?? ""
        var found: [Finding] = []
        if least > 0, readyPods(hash) == 0, routes.contains(where: { $0.sends(to: name) }) || truth.blueGreen?.activeService == name {
            found.append((.selectorNeedsReadyPods, "service \(name) receives requests and now selects \(hash), which has no ready pod"))
        }
        func foreign(_ service: JSONValue) -> JSONValue {
            var spec: JSONValue = service["spec"] ?? [:]
            spec.set(.none, at: ["selector", TrueState.hashLabel])
            return spec
        }
        if foreign(old) != foreign(new) { found.append((.foreignPartsStay, "service \(name) changes beside the selector: \(difference)")) }
        if let blueGreen = truth.blueGreen {
            found += judgeBlueGreenService(blueGreen, from: old.at("spec", "selector", TrueState.hashLabel)?.stringValue ?? "", to: hash)
        }
        return found
    }

    // MARK: ReplicaSets

    func judgeReplicaSet() -> [Finding] {
        let name: String = write.key.name
        guard let new = write.new else {
            guard let old = write.old, TrueState.wanted(old) > 0 else { return [] }
            return [(.servingKeepsPods, "\(name) is deleted though it wants \(TrueState.wanted(old)) pods")]
        }
        guard let old = write.old else {
            let image: String = TrueState.image(ofTemplate: new.at("spec", "template"))
            let twin: JSONValue? = truth.replicaSets.first {
                // Of the same Rollout: another one in the namespace may well run the same image.
                TrueState.name(of: $0) != name && TrueState.image(ofTemplate: $0.at("spec", "template")) == image
                    && $0.at("metadata", "ownerReferences")?[0]?["uid"] == new.at("metadata", "ownerReferences")?[0]?["uid"]
            }
            return twin.map { [(.oneReplicaSetPerVersion, "\(name) is created though \(TrueState.name(of: $0)) runs \(image) already")] } ?? []
        }
        var found: [Finding] = []
        if old.at("spec", "template") != new.at("spec", "template") { found.append((.foreignPartsStay, "the template of \(name) changes")) }
        let (before, after): (Int, Int) = (TrueState.wanted(old), TrueState.wanted(new))
        guard before != after else { return found }
        // The pods of a blue-green Rollout come and go as ever; it is the Services that stand still.
        if truth.blueGreen == nil, wishes.pausedSince != nil, wishIsKnown, wishes.totals(now: truth.total, at: write.at).count == 1, after > 0 || before > 0 {
            found.append((.pauseIsObeyed, "\(name) is scaled from \(before) to \(after) while spec.paused is set"))
        }
        let hash: String = TrueState.hash(of: new)
        return found + (after < before ? shrinking(name, hash, before, after) : growing(name, hash, before, after))
    }

    private func growing(_ name: String, _ hash: String, _ before: Int, _ after: Int) -> [Finding] {
        var found: [Finding] = []
        if let abort = wishes.abort, abort.revision == hash, wishIsKnown {
            found.append((.abortIsObeyed, "\(name) grows from \(before) to \(after), \(write.at - abort.since) after the abort"))
        }
        guard !truth.isRouted, truth.blueGreen == nil else { return found }
        let sum: Int = truth.replicaSets.reduce(0) { $0 + TrueState.wanted($1) }
        let ceiling: Int = wishes.totals(now: truth.total, at: write.at).map { $0 + truth.budget(total: $0).surge }.max() ?? 0
        if sum > ceiling { found.append((.surgeCeiling, "\(name) grows from \(before) to \(after), which makes \(sum) pods of at most \(ceiling)")) }
        return found
    }

    private func shrinking(_ name: String, _ hash: String, _ before: Int, _ after: Int) -> [Finding] {
        var found: [Finding] = []
        if after == 0, least > 0, let canary = truth.canary {
            for service in [canary.stableService, canary.canaryService] where !service.isEmpty && truth.revision(ofService: service) == hash {
                if routes.contains(where: { $0.sends(to: service) }) {
                    found.append((.servingKeepsPods, "\(name) is scaled to 0 while \(service) sends requests to it"))
                }
            }
        }
        let status: RolloutStatus = truth.rollout.status
        if let blueGreen = truth.blueGreen { return judgeBlueGreenShrinking(blueGreen, name, hash, before, after) }
        if truth.isRouted, let canary = truth.canary, hash == status.currentPodHash, hash != status.stableRS {
            // A routed canary needs the pods for its weight; those beyond it serve nobody.
            let weight: Int = truth.revision(ofService: canary.canaryService) == hash ? routedWeight : 0
            let kept: Int = min(readyPods(hash), after)
            if kept < min(readyPods(hash), before), !truth.mayCarry(weight, ready: kept, total: least) {
                found.append((.availabilityFloor, "\(name) is scaled from \(before) to \(after), which leaves \(kept) ready pods for weight \(weight)"))
            }
            return found
        }
        // Counted as if the pods that are to go were gone already. Pods that have become ready at this instant are known to nobody
        // before their ReplicaSet counts them.
        var left: Int = 0
        var was: Int = 0
        for entry in truth.replicaSets {
            let revision: String = TrueState.hash(of: entry)
            let counted: Int = entry.at("status", "availableReplicas")?.intValue ?? 0
            let ready: Int = min(truth.readyPods(ofRevision: revision), counted)
            let wanted: Int = TrueState.wanted(entry)
            // Evicted pods of which it may not have heard are still there for it, and are not among those that this write ends.
            left += min(ready, wanted) + evictedPods(revision)
            was += min(ready, revision == hash ? before : wanted) + evictedPods(revision)
        }
        let floor: Int = wishes.totals(now: truth.total, at: write.at).map { $0 - truth.budget(total: $0).unavailable }.min() ?? 0
        if left < min(floor, was) {
            found.append((.availabilityFloor, "\(name) is scaled from \(before) to \(after), which leaves \(left) ready pods of at least \(floor)"))
        }
        return found
    }

    /// The canary's weight by what is written in the routes and by what their gateways do, whichever is more.
    private var routedWeight: Int {
        guard let canary = truth.canary, let routing = canary.trafficRouting else { return 0 }
        let written: [Int] = routing.httpRoutes.map { name in
            truth.canaryWeight(ofRoute: truth.state.object(.httpRoutes, ObjectKey(namespace: truth.namespace, name: name)))
        }
        let programmed: [Int] = routes.flatMap(\.rules).map { backends in
            let sum: Int = backends.reduce(0) { $0 + $1.weight }
            return sum == 0 ? 0 : backends.filter { $0.name == canary.canaryService }.reduce(0) { $0 + $1.weight } * canary.maxTrafficWeight / sum
        }
        return (written + programmed).max() ?? 0
    }

    // MARK: Leadership

    func oneLeaderWrites(_ server: ServerState) -> [Finding] {
        guard let holder = server.object(.leases, ControllerFleet.lease)?.at("spec", "holderIdentity")?.stringValue, !holder.isEmpty,
              holder != write.userAgent else { return [] }
        return [(.oneLeaderWrites, "\(write.userAgent) writes \(write.resource.resource) \(write.key) while \(holder) leads")]
    }

    /// What the write has changed, in short.
    var difference: String {
        let change: String = JSONValue.mergePatch(from: write.old ?? [:], to: write.new ?? [:])?.text() ?? "nothing"
        return String(change.prefix(300))
    }
}
