import Clockwork

/// A history as a value: what a Rollout looks like, what people do to it and when, and what goes wrong meanwhile.
///
/// Played twice it is the same, byte for byte; with parts taken out it is another one, which is how failures are made short.
package struct History: Sendable, Equatable {
    /// Decides the order of everything that happens at one instant, delays, and which request meets a fault.
    package var seed: UInt64
    package var scene: TortureScene
    /// In order of time, counted in milliseconds from the moment when the first version was everywhere.
    package var actions: [TimedAction]
    package var faults: [TimedFault]

    package init(seed: UInt64, scene: TortureScene, actions: [TimedAction], faults: [TimedFault]) {
        self.seed = seed
        self.scene = scene
        self.actions = actions
        self.faults = faults
    }
}

/// The Rollout of a history, and the processes that look after it.
package struct TortureScene: Sendable, Equatable {
    package enum Routing: String, Sendable, CaseIterable {
        /// Pods alone.
        case none
        /// A route that names the stable Service alone.
        case linked
        /// A route that names both Services.
        case both
    }

    package enum Step: Sendable, Equatable {
        case setWeight(Int)
        /// Seconds; nil: until a person ends it.
        case pause(Int?)
        case analysis
        /// Only with a route.
        case canaryScale(Scale)
    }

    /// How a step sizes the canary.
    package enum Scale: Sendable, Equatable {
        case weight(Int), replicas(Int), matchingWeight
    }

    /// How many pods its user calls enough.
    package enum Threshold: Sendable, Equatable {
        case percent(Int), pods(Int)
    }

    /// What a blue-green Rollout adds.
    package struct BlueGreen: Sendable, Equatable {
        /// How a version goes live once its pods are there.
        package enum Promotion: Sendable, Equatable {
            case atOnce, byHand
            case after(seconds: Int)
        }

        package var promotion: Promotion = .atOnce
        package var hasPreview: Bool = false
        /// `previewReplicaCount`.
        package var previewPods: Int?
        package var hasAnalysisBefore: Bool = false
        package var hasAnalysisAfter: Bool = false
        /// `scaleDownDelayRevisionLimit`.
        package var delayedRevisions: Int?
    }

    package var replicas: Int
    /// Nil for a canary; the steps, and what else only a canary has, are empty otherwise.
    package var blueGreen: BlueGreen?
    package var routing: Routing
    package var steps: [Step]
    /// The step at which a background analysis begins; nil: there is none.
    package var backgroundFrom: Int?
    package var maxSurge: String?
    package var maxUnavailable: String?
    package var abortScaleDownDelay: Int?
    package var scaleDownDelay: Int?
    /// `minPodsPerReplicaSet`.
    package var leastPods: Int?
    package var threshold: Threshold?
    /// Revisions that may be returned to without steps.
    package var rollbackWindow: Int?
    /// Two processes with a lease, or one without.
    package var hasTwoControllers: Bool = false
    /// What the clocks of the processes are ahead of the server's, in seconds, in the order in which they start.
    package var skews: [Int] = [0]

    package init(replicas: Int, routing: Routing, steps: [Step]) {
        self.replicas = replicas
        self.routing = routing
        self.steps = steps
    }

    package var isRouted: Bool { routing != .none }
    package var isSkewed: Bool { skews.contains { $0 != 0 } }
    package var hasAnalysis: Bool {
        backgroundFrom != nil || blueGreen?.hasAnalysisBefore == true || blueGreen?.hasAnalysisAfter == true || steps.contains(.analysis)
    }

    /// The first step that asks for a weight where one before it lets the canary have no pods; nobody would ever get past it.
    package var stuckStep: Int? {
        var hasNone: Bool = false
        for (index, step) in steps.enumerated() {
            switch step {
            case .canaryScale(let scale): hasNone = scale == .replicas(0) || scale == .weight(0)
            case .setWeight(let weight): if hasNone && weight > 0 { return index }
            case .pause, .analysis: break
            }
        }
        return nil
    }
}

/// Something that a person, or the world beside the controller, does at one instant.
package struct TimedAction: Sendable, Equatable {
    package enum Action: Sendable, Equatable {
        /// `kubectl set image`, with another tag.
        case setImage(String)
        /// The same, with a tag that there was before.
        case returnTo(String)
        case promote, promoteFully, abort, retry
        case scale(Int)
        case pause, resume
        case metricBad, metricGood
        /// So many pods are deleted, ready ones first.
        case evict(Int)
    }

    /// Milliseconds.
    package var at: Int
    package var action: Action

    package init(at: Int, _ action: Action) {
        self.at = at
        self.action = action
    }
}

/// Something that goes wrong at one instant or for a while.
package struct TimedFault: Sendable, Equatable {
    package enum Fault: Sendable, Equatable {
        /// Requests and watches, as often as the share says.
        case network(NetworkFault, oneIn: Int)
        /// Watches of a resource tell nothing.
        case silence(resource: String)
        /// The process dies after so many writes more.
        case crash(afterWrites: Int)
        /// The process that leads stands still.
        case freeze
        /// Requests about leases get no answer.
        case leaseOutage
    }

    /// Milliseconds.
    package var at: Int
    /// Milliseconds; 0 for what has no duration.
    package var lasts: Int
    package var fault: Fault

    package init(at: Int, lasts: Int, _ fault: Fault) {
        self.at = at
        self.lasts = lasts
        self.fault = fault
    }
}

/// Sorts of trouble that a network and an API server make.
package enum NetworkFault: String, Sendable, CaseIterable {
    case conflicts, lostAnswers, slowRequests, staleLists, refusedConnections, tooManyRequests, serverErrors, garbage
    case droppedWatches, lateWatches, expiredVersions

    package func window(oneIn share: Int) -> Faults.Window {
        let share = Ratio(1, of: share)
        return switch self {
        case .conflicts: Faults.Window([.conflict], share: share)
        case .lostAnswers: Faults.Window([.answerLost, .timedOut], share: share)
        case .slowRequests: Faults.Window([.slow], share: share)
        // Lists are made when watches end.
        case .staleLists: Faults.Window([.late], watches: [.broken, .gone], share: share)
        case .refusedConnections: Faults.Window([.refused], watches: [.refused], share: share)
        case .tooManyRequests: Faults.Window([.tooMany], share: share)
        case .serverErrors: Faults.Window([.internalError, .unavailable], share: share)
        case .garbage: Faults.Window([.garbage], watches: [.broken, .gone], share: share)
        case .droppedWatches: Faults.Window(watches: [.broken], share: share)
        case .lateWatches: Faults.Window(watches: [.late], share: share)
        case .expiredVersions: Faults.Window([.gone], watches: [.broken, .gone], share: share)
        }
    }
}
