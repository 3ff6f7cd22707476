import Clockwork
import Synchronization

/// Remembers where requests went, so that a metric can speak of the last minutes.
final class TrafficHistory: Sendable {
    /// No query looks further back.
    static let memory: Duration = .seconds(3600)

    private struct Point: Sendable {
        var at: Timestamp
        var shares: TrafficShares
        var errorRate: Double
    }

    private struct State: Sendable {
        var points: [TrafficTarget: [Point]] = [:]
        /// In the order in which they were added.
        var targets: [TrafficTarget] = []
        /// Part of the requests that end with a 5xx, by image or by its tag.
        var errorRates: [String: Double] = [:]
        var usualErrorRate = 0.001
    }

    private let state = Mutex(State())
    private let model: TrafficModel
    private let clock: any ControlClock

    init(model: TrafficModel, clock: any ControlClock) {
        self.model = model
        self.clock = clock
    }

    /// Looks again after each change of what the model reads.
    func follow() {
        model.caches.pods.onChange { [weak self] _ in self?.record() }
        model.caches.slices.onChange { [weak self] _ in self?.record() }
        model.gateway.whenProgrammed { [weak self] in self?.record() }
    }

    /// Remembers `target` from now on.
    func add(_ target: TrafficTarget) {
        state.withLock { if !$0.targets.contains(target) { $0.targets.append(target) } }
        record()
    }

    /// The part of the requests to pods of `image` that end with a 5xx, from now on.
    ///
    /// - Parameter image: the image, or its tag alone; nil: all for which nothing is said.
    func setErrorRate(_ rate: Double, ofImage image: String?) {
        state.withLock { if let image { $0.errorRates[image] = rate } else { $0.usualErrorRate = rate } }
        record()
    }

    /// The part of requests that fail, given where they go: unreachable ones do so always.
    func errorRate(of shares: TrafficShares) -> Double {
        let (rates, usual) = state.withLock { ($0.errorRates, $0.usualErrorRate) }
        return shares.shares.reduce(shares.failed) { sum, share in
            let tag = String(share.image.split(separator: ":").last ?? "")
            return sum + share.fraction * (rates[share.image] ?? rates[tag] ?? usual)
        }
    }

    private func record() {
        let now = clock.now
        for target in state.withLock({ $0.targets }) {
            let shares = model.shares(of: target)
            let point = Point(at: now, shares: shares, errorRate: errorRate(of: shares))
            state.withLock { state in
                var points = state.points[target] ?? []
                // Nobody sends requests to something that has never been there.
                if points.isEmpty, shares.failed >= 1 { return }
                if points.last?.at == now { points.removeLast() }
                if let last = points.last, last.shares == point.shares, last.errorRate == point.errorRate { return state.points[target] = points }
                points.append(point)
                let old = points.prefix { $0.at < now - Self.memory }.count
                points.removeFirst(max(0, old - 1))
                state.points[target] = points
            }
        }
    }

    /// What happened to the requests for `target` in the window before `end`; nil where there were none.
    func average(of target: TrafficTarget, over window: Duration, until end: Timestamp) -> (shares: TrafficShares, errorRate: Double)? {
        let points = state.withLock { $0.points[target] ?? [] }
        let start = end - window
        var parts: [(shares: TrafficShares, errorRate: Double, weight: Double)] = []
        for (index, point) in points.enumerated() where point.at <= end {
            let until = min(end, index + 1 < points.count ? points[index + 1].at : end)
            let from = max(start, point.at)
            if until > from { parts.append((point.shares, point.errorRate, from.duration(to: until).inSeconds)) }
        }
        guard let shares = TrafficShares.average(parts.map { ($0.shares, $0.weight) }) else { return nil }
        let total = parts.reduce(0) { $0 + $1.weight }
        return (shares, parts.reduce(0) { $0 + $1.errorRate * $1.weight } / total)
    }
}
