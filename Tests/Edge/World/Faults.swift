import Clockwork
import ControllerKit
import HTTPTransport
import HTTPTypes
import KubeModel
import StrictJSON
import Synchronization

/// A network on a bad day: requests fail before or after they were carried out, answers are late, watches break.
///
/// What fails is drawn from the seed, in the order of the requests, so that one seed has one history.
package final class Faults: HTTPTransport {
    /// What may happen to a request.
    package enum Kind: String, CaseIterable, Sendable {
        /// It does not arrive.
        case refused
        /// It is carried out, and the connection breaks before the answer.
        case answerLost
        /// It is carried out, and the answer comes too late.
        case timedOut
        /// It is carried out after a while.
        case slow
        /// It is carried out at once, and the answer tells later how things were: a list that is stale when it arrives.
        case late
        /// 409, 410, 429, 500 and 503, and it is not carried out.
        case conflict, gone, tooMany, internalError, unavailable
        /// 200, and then something that is no answer.
        case garbage
    }

    /// What may happen to a watch, when it begins and with each chunk that it tells.
    package enum WatchKind: String, CaseIterable, Sendable {
        /// It cannot be opened.
        case refused
        /// Its version is too old.
        case gone
        /// It breaks, in the middle of a line.
        case broken
        /// What it tells comes later, after what other watches tell of later writes.
        case late
    }

    /// What goes wrong for a while, and how often.
    package struct Window: Sendable, Equatable {
        package var kinds: [Kind]
        package var watchKinds: [WatchKind]
        package var share: Ratio

        package init(_ kinds: [Kind] = [], watches watchKinds: [WatchKind] = [], share: Ratio) {
            self.kinds = kinds
            self.watchKinds = watchKinds
            self.share = share
        }
    }

    private struct State: Sendable {
        var random: SeededGenerator
        /// In the order in which they were opened.
        var windows: [(id: Int, window: Window)] = []
        /// Resources of which nothing arrives through watches until they are let go.
        var held: [String: OneShot] = [:]
        /// The next lines of watches that are lost, by resource.
        var losses: [String: Int] = [:]
        /// What happens to the next request that matches.
        var planned: [(matches: @Sendable (TransportRequest) -> Bool, kind: Kind)] = []
        var injected: [String: Int] = [:]
    }

    private let base: any HTTPTransport
    private let clock: any ControlClock
    private let state: Mutex<State>

    package init(_ base: any HTTPTransport, clock: any ControlClock, seed: UInt64) {
        self.base = base
        self.clock = clock
        state = Mutex(State(random: SeededGenerator(seed: seed &* 0x9E37_79B9 &+ 7)))
    }

    /// From now on such a share of the requests fails, and of the lines of watches.
    package func begin(share: Ratio) {
        open(0, Window(Kind.allCases, watches: WatchKind.allCases, share: share))
    }

    package func end() { close(0) }

    /// From now on this goes wrong as well, until `close`.
    package func open(_ id: Int, _ window: Window) {
        state.withLock { state in
            state.windows.removeAll { $0.id == id }
            state.windows.append((id, window))
        }
    }

    package func close(_ id: Int) { state.withLock { state in state.windows.removeAll { $0.id == id } } }

    /// What was done so far, by kind.
    package var injected: [String: Int] { state.withLock { $0.injected } }

    /// Watches of a resource, such as `rollouts`, tell nothing until `release`.
    package func holdWatches(of resource: String) { state.withLock { $0.held[resource] = OneShot() } }
    package func release(_ resource: String) { state.withLock { $0.held.removeValue(forKey: resource) }?.fire() }

    /// The next `count` chunks that a watch of the resource would tell are lost without a trace.
    package func loseEvents(_ count: Int, of resource: String) { state.withLock { $0.losses[resource] = count } }

    /// What happens to the next request that matches, once.
    package func plan(_ kind: Kind, when matches: @escaping @Sendable (TransportRequest) -> Bool) {
        state.withLock { $0.planned.append((matches, kind)) }
    }

    package func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        if request.url.contains("watch=true") { return try await watch(request) }
        guard let kind = draw(for: request) else { return try await base.send(request) }
        switch kind {
        case .refused: throw .couldNotConnect(host: "kubernetes.default.svc", cause: "Connection refused")
        case .answerLost:
            _ = try await base.send(request)
            throw .connectionLost(cause: "Connection reset by peer")
        case .timedOut:
            _ = try await base.send(request)
            try await pause(request.timeouts.total ?? .seconds(30))
            throw .timedOut(.total)
        case .slow:
            try await pause(.milliseconds(Int64(random(below: 3000))))
            return try await base.send(request)
        case .late:
            let response: TransportResponse = try await base.send(request)
            try await pause(.milliseconds(Int64(random(below: 4000))))
            return response
        case .conflict: return Self.status(409, "Conflict", "the object has been modified; please apply your changes to the latest version")
        case .gone: return Self.status(request.method == .get ? 410 : 500, request.method == .get ? "Expired" : "InternalError", "too old resource version")
        case .tooMany: return Self.status(429, "TooManyRequests", "too many requests, please try again later", retryAfter: 1)
        case .internalError: return Self.status(500, "InternalError", "etcdserver: leader changed")
        case .unavailable: return Self.status(503, "ServiceUnavailable", "apiserver is shutting down")
        case .garbage: return TransportResponse(status: 200, headers: [.contentType: "text/html"], body: ResponseBody(bytes: Array("<html>".utf8)))
        }
    }

    private func draw(for request: TransportRequest) -> Kind? {
        state.withLock { state in
            if let index = state.planned.firstIndex(where: { $0.matches(request) }) {
                let kind: Kind = state.planned.remove(at: index).kind
                state.injected["\(kind)", default: 0] += 1
                return kind
            }
            for (_, window) in state.windows {
                let kinds: [Kind] = window.kinds.filter { $0.canHappen(to: request) }
                guard !kinds.isEmpty, window.share.isHit(using: &state.random) else { continue }
                let kind: Kind = kinds[Int.random(in: 0..<kinds.count, using: &state.random)]
                state.injected["\(kind)", default: 0] += 1
                return kind
            }
            return nil
        }
    }

    private func random(below bound: Int) -> Int { state.withLock { Int.random(in: 0..<bound, using: &$0.random) } }

    private func pause(_ duration: Duration) async throws(TransportError) {
        do { try await clock.sleep(until: clock.now + duration, tolerance: nil) } catch { throw .cancelled }
    }

    private static func status(_ code: Int, _ reason: String, _ message: String, retryAfter: Int? = nil) -> TransportResponse {
        let body: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": .string(message), "reason": .string(reason),
            "code": .number(JSONNumber(code)),
        ]
        var headers: HTTPFields = [.contentType: "application/json"]
        if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        return TransportResponse(status: code, headers: headers, body: ResponseBody(bytes: body.serialized()))
    }
}

extension Faults.Kind {
    /// Whether servers and networks do this to such a request.
    fileprivate func canHappen(to request: TransportRequest) -> Bool {
        switch self {
        case .refused, .answerLost, .timedOut, .slow, .tooMany, .internalError, .unavailable: true
        case .conflict: request.method != .get
        // An answer of 200 to a write that was not carried out is no fault that networks have.
        case .gone, .garbage, .late: request.method == .get
        }
    }
}

// MARK: Watches

extension Faults {
    private func watch(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        switch drawForWatch(isOpen: false) {
        case .refused: throw .couldNotConnect(host: "kubernetes.default.svc", cause: "Connection refused")
        case .gone: return Self.status(410, "Expired", "too old resource version")
        case .broken, .late, nil: break
        }
        let response: TransportResponse = try await base.send(request)
        guard response.status == 200 else { return response }
        let resource: String = Self.resource(of: request.url)
        return TransportResponse(
            status: response.status, headers: response.headers, body: ResponseBody(stream: UnreliableChunks(base: response.body, resource: resource, faults: self)))
    }

    private func drawForWatch(isOpen: Bool) -> WatchKind? {
        state.withLock { state in
            for (_, window) in state.windows {
                let kinds: [WatchKind] = window.watchKinds.filter { isOpen == ($0 == .broken || $0 == .late) }
                guard !kinds.isEmpty, window.share.isHit(using: &state.random) else { continue }
                let kind: WatchKind = kinds[Int.random(in: 0..<kinds.count, using: &state.random)]
                state.injected["watch \(kind)", default: 0] += 1
                return kind
            }
            return nil
        }
    }

    private static func resource(of url: String) -> String {
        String((url.split(separator: "?").first ?? "").split(separator: "/").last ?? "")
    }

    /// What becomes of a chunk: it is told, or the watch breaks.
    fileprivate func pass(_ chunk: [UInt8], of resource: String) async throws(TransportError) -> [UInt8]? {
        while let gate = state.withLock({ $0.held[resource] }) {
            await gate.wait()
            if Task.isCancelled { throw .cancelled }
        }
        let isLost: Bool = state.withLock { state in
            guard let left = state.losses[resource], left > 0 else { return false }
            state.losses[resource] = left - 1
            return true
        }
        if isLost { return nil }
        switch drawForWatch(isOpen: true) {
        case .refused, .gone, nil: return chunk
        // Half a line, and then nothing more.
        case .broken: throw .connectionLost(cause: "transfer closed with outstanding read data remaining")
        case .late:
            try await pause(.milliseconds(Int64(1 + random(below: 4000))))
            return chunk
        }
    }

    /// The chunks of a watch as they come through.
    private struct UnreliableChunks: AsyncSequence, Sendable {
        typealias Element = [UInt8]
        var base: ResponseBody
        var resource: String
        var faults: Faults

        func makeAsyncIterator() -> Iterator { Iterator(base: base.makeAsyncIterator(), resource: resource, faults: faults) }

        struct Iterator: AsyncIteratorProtocol {
            var base: ResponseBody.AsyncIterator
            var resource: String
            var faults: Faults

            mutating func next() async throws -> [UInt8]? {
                while let chunk = try await base.next() {
                    if let passed = try await faults.pass(chunk, of: resource) { return passed }
                }
                return nil
            }
        }
    }
}
