/// Makes a failing history short: takes parts out for as long as the same invariant still does not hold.
package struct Shrinker {
    private let plays: (History) -> Set<Invariant>
    /// Whether to go on; false ends it with the shortest history so far.
    private let mayTry: () -> Bool

    /// - Parameter plays: which invariants do not hold in a history.
    package init(mayTry: @escaping () -> Bool = { true }, plays: @escaping (History) -> Set<Invariant>) {
        self.plays = plays
        self.mayTry = mayTry
    }

    /// - Parameter tries: how many histories are played at most.
    /// - Returns: the shortest history found, and how many were played.
    package func shrink(_ history: History, keeping invariant: Invariant, tries: Int = 200) -> (history: History, tries: Int) {
        var shortest: History = history
        var left: Int = tries
        var hasShrunk: Bool = true
        while hasShrunk {
            hasShrunk = false
            for candidate in Self.shorter(than: shortest) {
                guard left > 0, mayTry() else { return (shortest, tries - left) }
                left -= 1
                guard plays(candidate).contains(invariant) else { continue }
                shortest = candidate
                hasShrunk = true
                break
            }
        }
        return (shortest, tries - left)
    }

    /// Each history that lacks one part, the largest parts first.
    package static func shorter(than history: History) -> [History] {
        var found: [History] = []
        func add(_ change: (inout History) -> Void) {
            var candidate: History = history
            change(&candidate)
            if candidate != history { found.append(candidate) }
        }
        if history.faults.count > 1 { add { $0.faults = [] } }
        for index in history.faults.indices.reversed() { add { $0.faults.remove(at: index) } }
        // Without a new image nothing would happen: the first one stays.
        let first: Int? = history.actions.firstIndex { if case .setImage = $0.action { true } else { false } }
        for index in history.actions.indices.reversed() where index != first { add { $0.actions.remove(at: index) } }
        add { $0.scene.hasTwoControllers = false }
        add { $0.scene.skews = [0] }
        add { $0.scene.backgroundFrom = nil }
        for index in history.scene.steps.indices.reversed() where history.scene.steps.count > 1 {
            add { history in
                history.scene.steps.remove(at: index)
                if let from = history.scene.backgroundFrom { history.scene.backgroundFrom = min(from, history.scene.steps.count - 1) }
            }
        }
        add { $0.scene.maxSurge = nil }
        add { $0.scene.maxUnavailable = nil }
        add { $0.scene.abortScaleDownDelay = nil }
        add { $0.scene.scaleDownDelay = nil }
        add { $0.scene.leastPods = nil }
        add { $0.scene.threshold = nil }
        add { $0.scene.rollbackWindow = nil }
        add { $0.scene.blueGreen?.hasPreview = false }
        add { $0.scene.blueGreen?.previewPods = nil }
        add { $0.scene.blueGreen?.hasAnalysisBefore = false }
        add { $0.scene.blueGreen?.hasAnalysisAfter = false }
        add { $0.scene.blueGreen?.delayedRevisions = nil }
        add { if $0.scene.blueGreen != nil { $0.scene.blueGreen?.promotion = .atOnce } }
        if history.scene.stuckStep == nil { found.removeAll { $0.scene.stuckStep != nil } }
        if history.scene.maxSurge == "0" || history.scene.maxUnavailable == "0" { found.removeAll { $0.scene.maxSurge == "0" && $0.scene.maxUnavailable == "0" } }
        return found
    }
}
