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
    package enum Kind: CaseIterable, Sendable {
        /// It does not arrive.
        case refused
        /// It is carried out, and the connection breaks before the answer.
        case answerLost
        /// It is carried out, and the answer comes too late.
        case timedOut
        /// It is carried out after a while.
        case slow
        /// 409, 410, 429, 500 and 503, and it is not carried out.
        case conflict, gone, tooMany, internalError, unavailable
        /// 200, and then something that is no answer.
        case garbage
    }

    private struct State: Sendable {
        var random: SeededGenerator
        var share = Ratio(0, of: 1)
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
    package func begin(share: Ratio) { state.withLock { $0.share = share } }
    package func end() { state.withLock { $0.share = Ratio(0, of: 1) } }

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
            guard state.share.isHit(using: &state.random) else { return nil }
            let kind: Kind = Kind.allCases[Int.random(in: 0..<Kind.allCases.count, using: &state.random)]
            // An answer of 200 to a write that was not carried out is no fault that networks have.
            let chosen: Kind = kind == .garbage && request.method != .get ? .internalError : kind
            state.injected["\(chosen)", default: 0] += 1
            return chosen
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

// MARK: Watches

extension Faults {
    private enum WatchFault { case none, brokenBefore, gone, brokenAfter, late(Duration) }

    private func watch(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        switch watchFault() {
        case .brokenBefore: throw .couldNotConnect(host: "kubernetes.default.svc", cause: "Connection refused")
        case .gone: return Self.status(410, "Expired", "too old resource version")
        case .none, .brokenAfter, .late: break
        }
        let response: TransportResponse = try await base.send(request)
        guard response.status == 200 else { return response }
        let resource: String = Self.resource(of: request.url)
        return TransportResponse(
            status: response.status, headers: response.headers, body: ResponseBody(stream: UnreliableChunks(base: response.body, resource: resource, faults: self)))
    }

    private func watchFault() -> WatchFault {
        state.withLock { state in
            guard state.share.isHit(using: &state.random) else { return .none }
            switch Int.random(in: 0..<4, using: &state.random) {
            case 0: return .brokenBefore
            case 1: return .gone
            case 2: return .brokenAfter
            default: return .late(.milliseconds(Int64.random(in: 1...4000, using: &state.random)))
            }
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
        switch watchFault() {
        case .none, .brokenBefore: return chunk
        case .gone: throw .connectionLost(cause: "Connection reset by peer")
        // Half a line, and then nothing more.
        case .brokenAfter: throw .connectionLost(cause: "transfer closed with outstanding read data remaining")
        case .late(let duration):
            try await pause(duration)
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
