import Clockwork
import KubeModel
import RolloutModel
import Traffic

/// The routes in this pass: the weight that they should carry, what has to be written for it, and whether it is in force.
struct TrafficPass: Sendable {
    var actions: [PlannedAction] = []
    /// What the status says from now on; nil without routing.
    var weights: TrafficWeights?
    /// The weight that the canary is to have.
    var weight: Int = 0
    /// Whether the wanted weight is in force everywhere: written, and confirmed by the routes' parents.
    var isInForce: Bool = true
    /// Whether nothing can reach the canary through a route any more, as observed.
    var canaryIsUnrouted: Bool = true
    var events: [EventNote] = []
    var wakeAt: Timestamp?
    /// Why a weight could not be set or is not in force; empty when it is.
    var waitsFor: String = ""

    /// Nothing wanted and nothing done.
    init() {}

    init(_ situation: CanarySituation, _ sizes: CanarySizes) {
        guard let routing = situation.strategy.trafficRouting else { return }
        let recorded: TrafficWeights? = situation.persisted.weights
        let recordedWeight: Int = recorded?.canary.weight ?? 0
        // Before the first version is stable there is nothing to split; its route is written once all its pods are there.
        guard !situation.persisted.stableRS.isEmpty else { return }
        if situation.isFullyPromoted, recorded == nil, !situation.newIsComplete {
            isInForce = false
            canaryIsUnrouted = false
            return
        }
        weight = Self.wantedWeight(situation, sizes)
        // Traffic goes back to the stable version only as far as that can carry it; raising the canary relieves it.
        if let stable = situation.roles.stable, weight < recordedWeight, situation.total > 0,
           recorded?.canary.podTemplateHash != stable.podHash, situation.guards.have(.stableCarriesReturn) {
            let isEnough: Bool = !situation.isAborted && situation.isEnough(stable.status.availableReplicas, of: situation.total)
            let carried: Int = isEnough
                ? situation.maxWeight : situation.maxWeight * min(stable.status.availableReplicas, situation.total) / situation.total
            let canaryIsThere: Bool = situation.roles.all.contains {
                $0.podHash == recorded?.canary.podTemplateHash && $0.status.availableReplicas > 0
            }
            let least: Int = canaryIsThere ? max(0, situation.maxWeight - carried) : 0
            if weight < min(least, recordedWeight) {
                weight = min(least, recordedWeight)
                waitsFor = "the stable ReplicaSet to carry the traffic (\(stable.status.availableReplicas) of \(situation.total) pods available)"
            }
        }
        apply(routing, situation, recorded: recorded)
    }

    /// The weight that the canary's situation asks for; the first case that matches decides.
    static func wantedWeight(_ situation: CanarySituation, _ sizes: CanarySizes) -> Int {
        let persisted: RolloutStatus = situation.persisted
        let recorded: Int = persisted.weights?.canary.weight ?? 0
        if situation.isFullyPromoted {
            // The stable Service must select the new pods, and its endpoints must know them, before traffic returns to it.
            // Without pods nobody is served, and no Service will ever move.
            if recorded > 0, situation.total > 0, let problem = situation.stableServiceLag, !problem.isEmpty, situation.guards.have(.stableEndpoints) {
                return recorded
            }
            return 0
        }
        if situation.isAborted, situation.guards.have(.abortedWeight) { return 0 }
        // The weight of a revision that was superseded goes before the new one gets any.
        if situation.routesOlderCanary, situation.guards.have(.supersededWeight) { return 0 }
        guard let new = situation.roles.new, new.status.availableReplicas > 0 || !situation.guards.have(.noPodsNoWeight) else { return 0 }
        // Somebody deleted the stable ReplicaSet: the new one, which has grown to all pods, is all that can serve.
        if situation.stableIsGone, situation.newIsComplete, situation.total > 0 { return situation.maxWeight }
        // Where a step has asked for no pods the traffic leaves before they do.
        if situation.scaleInForce != nil, sizes.final.canary == 0 { return 0 }
        if situation.promotesFully { return recorded }
        guard let index = situation.stepIndex else { return 0 }
        let target: Int = index < situation.steps.count ? situation.weight(atOrBefore: index) : situation.maxWeight
        // Giving back needs no pods of the new version; they go after the weight has gone.
        if target <= recorded { return target }
        // Differs: upstream goes on to the weight of the step. Whoever pauses by hand wants no more traffic on the new version.
        if situation.spec.paused { return recorded }
        // Differs: raised only once all its pods are there, also when the index has jumped over steps.
        return podsAwaited(situation, sizes) == nil || !situation.guards.have(.raiseBeforeRouting) ? target
            : min(situation.weight(atOrBefore: index - 1), recorded)
    }

    private mutating func apply(_ routing: TrafficRouting, _ situation: CanarySituation, recorded: TrafficWeights?) {
        let namespace: String = routing.namespace ?? situation.rollout.metadata.namespace
        var intent = RouteIntent(
            rollout: situation.rollout.key, stableService: situation.strategy.stableService,
            canaryService: situation.strategy.canaryService, weight: weight, maxWeight: situation.maxWeight,
            progressLabel: routing.progressLabel.map { .init(key: $0.key, value: $0.value) }, verification: RouteIntent.Verification(routing.verification))
        intent.guards = situation.guards
        let isConfirmed: Bool = wasConfirmed(situation, recorded)
        var edits: [RouteEdit] = []
        for name in routing.httpRoutes {
            guard let found = situation.seen.routes[name], let route = found else {
                fail("httproute \(namespace)/\(name) not found; create it or correct spec.strategy.canary.trafficRouting", situation)
                continue
            }
            let since: Timestamp = situation.seen.routesSince[name] ?? situation.now
            switch verdict(on: route, for: intent, since: since, now: situation.now) {
            case .inForce, .assumed:
                break
            case .write(let edit):
                edits.append(edit)
                isInForce = false
                waitsFor = "httproute \(route.metadata.key) to carry weight \(weight)"
            case .pending where isConfirmed && route.parents.isEmpty:
                break
            case .pending(let words, let until):
                isInForce = false
                waitsFor = words
                if let until { wakeAt = min(wakeAt ?? until, until) }
            case .rejected(let words):
                isInForce = false
                waitsFor = words
                events.append(EventNote(.warning, .weightVerifyError, "Failed to verify weight: \(words)"))
            case .impossible(let words):
                fail(words, situation)
            }
        }
        // All routes or none get more weight; less is written wherever it can be.
        if !hasFailed || weight <= (recorded?.canary.weight ?? 0) || !situation.guards.have(.allRoutesOrNone) {
            actions = edits.map { PlannedAction(.patchRoute($0)) }
        }
        var next = TrafficWeights(
            canary: .init(weight: weight, serviceName: situation.strategy.canaryService, podTemplateHash: situation.newHash),
            stable: .init(weight: situation.maxWeight - weight, serviceName: situation.strategy.stableService, podTemplateHash: situation.persisted.stableRS),
            isVerified: isInForce)
        if hasFailed {
            // Nothing new was written: the record keeps saying what was.
            weights = recorded
            weights?.isVerified = recorded == nil ? nil : false
        } else {
            if next.canary.weight != (recorded?.canary.weight ?? -1) {
                let details: String = recorded.map { "from \($0.canary.weight) to \(weight)" } ?? "to \(weight)"
                events.append(EventNote(.normal, .trafficWeightUpdated, "Traffic weight updated \(details)"))
            }
            // Until the parents confirm that it gets nothing, the older revision behind the canary Service may still be asked.
            if let recorded, situation.routesOlderCanary, weight > 0 || !isInForce {
                next.canary.podTemplateHash = recorded.canary.podTemplateHash
            }
            weights = next
        }
        canaryIsUnrouted = weight == 0 && isInForce
    }

    /// Whether this very weight was confirmed before and nothing waits for it now: a gateway that restarts and has lost its
    /// reports for a moment is no reason to doubt it. Where a step or the end of the update depends on it, the parents are
    /// asked; and a report of an older generation says that the route was written since.
    private func wasConfirmed(_ situation: CanarySituation, _ recorded: TrafficWeights?) -> Bool {
        guard let recorded, recorded.isVerified == true, recorded.canary.weight == weight,
              recorded.canary.podTemplateHash == situation.newHash else { return false }
        if situation.isFullyPromoted || situation.isAborted { return true }
        switch situation.currentStep?.kind {
        case .pause, .analysis, .setCanaryScale: return true
        case .setWeight, .unsupported, .malformed, nil: return false
        }
    }

    private var hasFailed: Bool = false

    private mutating func fail(_ words: String, _ situation: CanarySituation) {
        hasFailed = true
        isInForce = false
        waitsFor = words
        events.append(EventNote(.warning, .trafficRoutingError, words))
    }
}

extension CanarySituation {
    /// Why the stable Service cannot take the traffic back from the canary yet; nil when it can.
    ///
    /// Load balancers program endpoints more slowly than routes: the weight stays until the stable Service selects the new
    /// pods and, where endpoints can be read, lists them as ready.
    var stableServiceLag: String? {
        guard let new = roles.new, let service = seen.services[strategy.stableService] else { return nil }
        if service.selector[Keys.podHash] != new.podHash { return "the Service \(strategy.stableService) to select \(new.metadata.name)" }
        guard let ready = seen.readyEndpoints[strategy.stableService] else { return nil }
        // A pod's name is its ReplicaSet's, cut to 58 bytes, and five random letters.
        let prefix: String = String("\(new.metadata.name)-".prefix(58))
        let listed: Int = ready.filter { $0.hasPrefix(prefix) }.count
        guard listed < min(total, new.status.availableReplicas) else { return nil }
        return "the endpoints of Service \(strategy.stableService) (\(listed) of \(total) ready)"
    }
}

extension RouteIntent.Verification {
    init(_ written: TrafficRouting.Verification) {
        switch written {
        case .strict: self = .strict
        case .lenient: self = .lenient
        case .off: self = .off
        }
    }
}
