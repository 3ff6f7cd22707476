public import Clockwork

/// What a scripted query is answered with.
public enum ScriptedAnswer: Sendable {
    /// One sample without labels, as an aggregation gives it.
    case value(Double)
    /// Several samples, told apart by a label.
    case vector([Double])
    /// No sample: no series matched.
    case empty
    /// HTTP 500 with Prometheus' own error object.
    case error
    /// HTTP 200 with something that is not JSON.
    case notJSON
    /// Nobody listens.
    case refused
    /// The value, after so long.
    case slow(Duration, Double)
    /// The part of the target's requests that end with a 5xx, over the window that stands in the query.
    ///
    /// As on a real Prometheus there is no sample while there are no errors, unless the query says `vector(0)`.
    case errorRate(of: TrafficTarget)
    /// The part of the target's requests that go to pods of an image, over the window that stands in the query.
    case share(ofImage: String, of: TrafficTarget)
    /// Whatever a closure says; no values: no sample.
    case computed(@Sendable (QueryMoment) -> [Double])

    /// Reads the notation of recorded scenarios: a number, `empty`, `nan`, `inf`, `error`, `bad`, `refuse`, `slow:SECONDS:VALUE`,
    /// `vec:1,2,3`. Nil for anything else.
    public init?(text: String) {
        switch text {
        case "empty": self = .empty
        case "nan": self = .value(.nan)
        case "inf": self = .value(.infinity)
        case "error": self = .error
        case "bad": self = .notJSON
        case "refuse": self = .refused
        default:
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            if parts.count == 3, parts[0] == "slow", let seconds = Double(parts[1]), let value = Double(parts[2]) {
                self = .slow(.milliseconds(Int64(seconds.clamped(to: 0...86_400) * 1000)), value)
            } else if parts.count == 2, parts[0] == "vec" {
                let values = parts[1].split(separator: ",").map { Double($0) }
                guard !values.contains(nil) else { return nil }
                self = .vector(values.compactMap { $0 })
            } else if let value = Double(text) {
                self = .value(value)
            } else {
                return nil
            }
        }
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double { Swift.min(Swift.max(self, range.lowerBound), range.upperBound) }
}

/// What a computed answer may depend on.
public struct QueryMoment: Sendable {
    public var query: String
    /// The instant that the query asks for.
    public var at: Timestamp
    /// What stands in brackets in the query; five minutes where nothing does.
    public var window: Duration
    /// Of this query at this second: the same numbers for the same question.
    public var random: SeededGenerator
    let average: @Sendable (TrafficTarget) -> (shares: TrafficShares, errorRate: Double)?

    /// Where the requests for `target` went within the window, and which part of them failed; nil where there were none.
    public func traffic(to target: TrafficTarget) -> (shares: TrafficShares, errorRate: Double)? { average(target) }
}

/// Which queries an answer is for.
public enum QueryMatcher: Sendable {
    case exactly(String)
    case containing(String)
    case satisfying(@Sendable (String) -> Bool)

    func matches(_ query: String) -> Bool {
        switch self {
        case .exactly(let text): query == text
        case .containing(let text): query.contains(text)
        case .satisfying(let isTrue): isTrue(query)
        }
    }
}
