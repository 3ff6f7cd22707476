public import Clockwork
public import EmbeddedAPIServer
public import HTTPTransport
import HTTPTypes
import KubeModel
import Synchronization

/// A Prometheus that answers from a script and from the simulated traffic.
///
/// It does not understand PromQL: a query is recognised by its text, the script that was added last first; one that nobody has
/// scripted matches no series.
public final class SimulatedPrometheus: APIHandler {
    /// One question that was asked.
    public struct Question: Sendable, Hashable {
        public var at: Timestamp
        public var query: String
    }

    private struct Script: Sendable {
        var matcher: QueryMatcher
        /// One per query; the last one stays.
        var answers: [ScriptedAnswer]
    }

    private struct State: Sendable {
        var scripts: [Script] = []
        var questions: [Question] = []
        var isRefusing = false
    }

    /// Requests that a window's error rate is counted from, per second: fewer make more noise.
    static let requestsPerSecond: Double = 100
    /// The window where the query names none.
    static let usualWindow: Duration = .seconds(300)
    /// Points of a range query, as the real one limits them.
    static let pointLimit: Int = 11_000

    private let state = Mutex(State())
    private let clock: any ControlClock
    private let seed: UInt64
    private let history: TrafficHistory
    private let keepsQuestions: Bool

    init(clock: any ControlClock, seed: UInt64, history: TrafficHistory, keepsQuestions: Bool) {
        self.keepsQuestions = keepsQuestions
        self.clock = clock
        self.seed = seed
        self.history = history
    }

    /// Answers matching queries so from now on: each answer once, the last one from then on.
    public func script(_ matcher: QueryMatcher, _ answers: [ScriptedAnswer]) {
        for case .errorRate(let target) in answers { history.add(target) }
        for case .share(_, let target) in answers { history.add(target) }
        state.withLock { $0.scripts.append(Script(matcher: matcher, answers: answers)) }
    }

    /// Answers matching queries so from now on.
    public func script(_ matcher: QueryMatcher, _ answer: ScriptedAnswer) { script(matcher, [answer]) }

    /// Remembers the traffic to `target` for computed answers.
    public func follow(_ target: TrafficTarget) { history.add(target) }

    /// Nobody listens, as long as this is so.
    public func setDown(_ isDown: Bool) { state.withLock { $0.isRefusing = isDown } }

    /// The part of the requests to pods of `image` that end with a 5xx, from now on.
    ///
    /// - Parameter image: an image, or a tag alone; nil: all for which nothing is said, at first 0.1 %.
    public func setErrorRate(_ rate: Double, ofImage image: String?) { history.setErrorRate(rate, ofImage: image) }

    /// What was asked so far.
    public var questions: [Question] { state.withLock { $0.questions } }

    public func handle(_ request: APIRequest) async -> APIResponse {
        do throws(TransportError) {
            return try await answer(request)
        } catch {
            // Over a real connection there is no way to refuse one that was accepted.
            return PrometheusReply.failure(503, "unavailable", "\(error)")
        }
    }

    /// Answers as a host of the network does, which may also be out of reach.
    public func answer(_ request: APIRequest) async throws(TransportError) -> APIResponse {
        if state.withLock({ $0.isRefusing }) { throw Self.refusal }
        switch request.path {
        case "/-/healthy", "/-/ready": return APIResponse(status: 200, contentType: "text/plain", bytes: Array("Prometheus is Ready.\n".utf8))
        case "/api/v1/query", "/api/v1/query_range": break
        default: return PrometheusReply.failure(404, "not_found", "no such path: \(request.path)")
        }
        guard request.method == .get || request.method == .post else {
            return PrometheusReply.failure(405, "bad_data", "method \(request.method) is not allowed")
        }
        let form = request.method == .post ? APIQuery(parsing: String(decoding: request.body, as: UTF8.self)) : APIQuery(parsing: "")
        func parameter(_ name: String) -> String? { form[name] ?? request.query[name] }
        guard let query = parameter("query"), !query.isEmpty else {
            return PrometheusReply.failure(400, "bad_data", "invalid parameter \"query\": unknown position: parse error: no expression found in input")
        }
        let now = clock.now
        let scripted = next(query, now: now)
        if request.path == "/api/v1/query_range" {
            return try await range(query, scripted, start: parameter("start"), end: parameter("end"), step: parameter("step"))
        }
        guard let text = parameter("time") else { return try await instant(query, scripted, at: now) }
        guard let time = Self.time(text) else {
            return PrometheusReply.failure(400, "bad_data", "invalid parameter \"time\": cannot parse \"\(text)\" to a valid timestamp")
        }
        return try await instant(query, scripted, at: time)
    }

    private static let refusal = TransportError.couldNotConnect(host: "prometheus", cause: "Connection refused")

    /// The answer that is due for `query`; it is used up unless it is the last one.
    private func next(_ query: String, now: Timestamp) -> ScriptedAnswer {
        state.withLock { state in
            if keepsQuestions { state.questions.append(Question(at: now, query: query)) }
            guard let index = state.scripts.lastIndex(where: { $0.matcher.matches(query) }) else { return .empty }
            let answers = state.scripts[index].answers
            if answers.count > 1 { state.scripts[index].answers.removeFirst() }
            return answers.first ?? .empty
        }
    }

    private func instant(_ query: String, _ answer: ScriptedAnswer, at time: Timestamp) async throws(TransportError) -> APIResponse {
        switch answer {
        case .error: return PrometheusReply.failure(500, "internal", "scripted failure")
        case .notJSON: return APIResponse(status: 200, contentType: "text/html", bytes: Array("<html>not json</html>".utf8))
        case .refused: throw Self.refusal
        case .slow(let delay, let value):
            do {
                try await clock.sleep(until: clock.now + delay, tolerance: nil)
            } catch {
                throw .cancelled
            }
            return PrometheusReply.vector([value], at: time)
        case .value, .vector, .empty, .errorRate, .share, .computed:
            return PrometheusReply.vector(values(query, answer, at: time), at: time)
        }
    }

    private func range(
        _ query: String, _ answer: ScriptedAnswer, start: String?, end: String?, step: String?
    ) async throws(TransportError) -> APIResponse {
        guard let start = start.flatMap(Self.time), let end = end.flatMap(Self.time), let step = step.flatMap(Self.step), step > .zero, start <= end else {
            return PrometheusReply.failure(400, "bad_data", "a range query needs start, end and a positive step")
        }
        switch answer {
        case .error, .notJSON, .refused, .slow: return try await instant(query, answer, at: end)
        case .value, .vector, .empty, .errorRate, .share, .computed: break
        }
        var samples: [(at: Timestamp, values: [Double])] = []
        var time = start
        while time <= end {
            guard samples.count < Self.pointLimit else {
                return PrometheusReply.failure(400, "bad_data", "exceeded maximum resolution of \(Self.pointLimit) points per timeseries")
            }
            samples.append((time, values(query, answer, at: time)))
            time += step
        }
        return PrometheusReply.matrix(samples)
    }

    private func values(_ query: String, _ answer: ScriptedAnswer, at time: Timestamp) -> [Double] {
        let window = Self.window(of: query)
        let seed = seed ^ FNV.fnv1a64("\(query)@\(time.nanosecondsSince1970)".utf8)
        switch answer {
        case .value(let value): return [value]
        case .vector(let values): return values
        case .errorRate(let target):
            guard let average = history.average(of: target, over: window, until: time) else { return query.contains("vector(0)") ? [0] : [] }
            if average.errorRate <= 0 { return query.contains("vector(0)") ? [0] : [] }
            return [noisy(average.errorRate, window: window, seed: seed)]
        case .share(let image, let target):
            return history.average(of: target, over: window, until: time).map { [$0.shares.fraction(ofImage: image)] } ?? []
        case .computed(let compute):
            return compute(QueryMoment(query: query, at: time, window: window, random: SeededGenerator(seed: seed)) { [history] target in
                history.average(of: target, over: window, until: time)
            })
        case .empty, .error, .notJSON, .refused, .slow: return []
        }
    }

    /// What counting finds where `rate` is the truth: a little more or less.
    private func noisy(_ rate: Double, window: Duration, seed: UInt64) -> Double {
        var random = SeededGenerator(seed: seed)
        // Twelve even draws make a good bell of width one.
        var bell = -6.0
        for _ in 0..<12 { bell += Double(random.next() >> 11) * 0x1p-53 }
        let requests = max(1, Self.requestsPerSecond * window.inSeconds)
        let deviation = (max(0, rate * (1 - rate)) / requests).squareRoot()
        let errors = ((rate + bell * deviation) * requests).rounded()
        return min(max(errors, 1), requests) / requests
    }

    /// `[5m]` in the query.
    private static func window(of query: String) -> Duration {
        guard let open = query.firstIndex(of: "["), let close = query[open...].firstIndex(of: "]") else { return usualWindow }
        // A window that cannot be read is Prometheus' to complain about; nobody scripts such a query.
        let window = step(String(query[query.index(after: open)..<close].prefix { $0 != ":" }))
        return window.flatMap { $0 > .zero ? $0 : nil } ?? usualWindow
    }

    private static func time(_ text: String) -> Timestamp? {
        if let seconds = Double(text), abs(seconds) < 9e9 { return Timestamp(nanosecondsSince1970: Int64(seconds * 1000) * 1_000_000) }
        return try? Timestamp(rfc3339: text)  // the caller says what was found
    }

    /// Seconds, or a duration as Prometheus writes it: `15s`, `1h30m`, `1d`.
    private static func step(_ text: String) -> Duration? {
        if let seconds = Double(text), seconds < 9e9 { return .milliseconds(Int64(seconds * 1000)) }
        if text.hasSuffix("d"), let days = Int64(text.dropLast()), days < 100_000 { return .seconds(days * 86_400) }
        return (try? GoDuration(parsing: text))?.duration  // the caller says what was found
    }
}
