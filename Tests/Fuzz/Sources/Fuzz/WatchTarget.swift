import Clockwork
import HTTPTransport
import KubeClient
import KubeModel
import SimulatedTime
import StrictJSON

extension Target {
    /// The body of a watch, from the third byte on: however the network cuts it, the events and the end are the same, and
    /// they are those of the lines one by one.
    static let watch = Target(name: "watch") { input in
        guard input.count > 2 else { return }
        let body: [UInt8] = Array(input.dropFirst(2))
        let whole: WatchedBody = watched([body])
        var random = SeededGenerator(seed: UInt64(input[0]) << 8 | UInt64(input[1]))
        let pieces: [[UInt8]] = cut(body, longest: 1 + Int(input[0]) % 64, &random)
        require(watched(pieces) == whole, "events do not depend on how the network cuts them")
        if body.count <= 256 { require(watched(body.map { [$0] }) == whole, "events come byte by byte, too") }
        isReadByLine(body, whole)
        isLimited(pieces, body, limit: Int(input[1]))
    }

    /// What a reader has seen.
    struct WatchedBody: Sendable, Equatable {
        var events: [WatchEvent] = []
        /// Why it ended; nil: the server ended it.
        var error: String?
    }

    private static func cut(_ bytes: [UInt8], longest: Int, _ random: inout SeededGenerator) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest: ArraySlice<UInt8> = bytes[...]
        while !rest.isEmpty {
            let count: Int = Int.random(in: 0...longest, using: &random)
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }

    private static func watched(_ pieces: [[UInt8]]) -> WatchedBody {
        run {
            var seen = WatchedBody()
            do throws(KubeError) {
                let client = KubeClient(
                    connection: .inProcess, transport: PiecewiseTransport(pieces: pieces), clock: VirtualClock(loop: loop), version: "1",
                    budget: .unlimited)
                let stream = try await client.watch(.pods, namespace: "n", from: "1")
                for try await event in stream { seen.events.append(event) }
            } catch {
                require(!error.description.isEmpty, "an error has words")
                seen.error = error.description
            }
            return seen
        }
    }

    /// One event per line that is not empty, up to the first that is none.
    private static func isReadByLine(_ body: [UInt8], _ whole: WatchedBody) {
        var expected: [WatchEvent] = []
        var isBroken: Bool = false
        for line in body.split(separator: 0x0A) where !line.elementsEqual([0x0D]) {
            let alone: WatchedBody = watched([Array(line)])
            require(alone.events.count + (alone.error == nil ? 0 : 1) == 1, "a line is one event or one error")
            expected += alone.events
            if alone.error != nil {
                isBroken = true
                break
            }
        }
        require(whole.events == expected && (whole.error != nil) == isBroken, "a body is its lines: \(whole.error ?? "no error")")
    }

    /// With a small limit, too, and then no more than the limit is ever handed out.
    private static func isLimited(_ pieces: [[UInt8]], _ body: [UInt8], limit: Int) {
        let whole: [[UInt8]] = lines([body], limit: limit)
        require(lines(pieces, limit: limit) == whole, "the longest line does not depend on how the network cuts it")
        require(whole.allSatisfy { $0.count <= limit }, "no line is longer than the limit")
    }

    /// The lines, with an empty list of lines' end for an error: `[]` cannot be told from an empty line, so the error is a line of its own.
    private static func lines(_ pieces: [[UInt8]], limit: Int) -> [[UInt8]] {
        run {
            var lines: [[UInt8]] = []
            do throws(TransportError) {
                for try await line in ResponseBody(stream: PieceStream(pieces: pieces)).lines(maxLength: limit) { lines.append(line) }
            } catch { lines.append([]) }
            return lines
        }
    }

    private static func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        do { return try loop.run(body) } catch { broken("reading ends: \(error)") }
    }

    /// One thread and virtual time, so that an input has one history.
    private static let loop = SimulationLoop(seed: 1)
}

/// Answers every request with a body in these pieces.
private struct PiecewiseTransport: HTTPTransport {
    var pieces: [[UInt8]]

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        TransportResponse(status: 200, body: ResponseBody(stream: PieceStream(pieces: pieces)))
    }
}

private struct PieceStream: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    var pieces: [[UInt8]]

    func makeAsyncIterator() -> Iterator { Iterator(rest: pieces[...]) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<[UInt8]>
        mutating func next() async -> [UInt8]? { rest.popFirst() }
    }
}
