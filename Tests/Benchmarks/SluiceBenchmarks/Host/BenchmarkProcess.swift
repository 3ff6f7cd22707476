import Benchmark
import FoundationEssentials
import Glibc

/// One benchmark in a process of its own: this program again, told by pipes what to measure.
struct BenchmarkProcess {
    struct Failed: Error, CustomStringConvertible {
        var description: String
    }

    /// Runs the benchmark to its end.
    static func results(of benchmark: Benchmark) throws -> [BenchmarkResult] {
        let (requestEnd, requests) = try pipe()
        let (replies, replyEnd) = try pipe()
        defer { for end in [requests, replies] { close(end) } }
        let arguments: [String] = [
            CommandLine.arguments[0], "--input-fd", "\(requestEnd)", "--output-fd", "\(replyEnd)", "--quiet", "true",
        ]
        let child: pid_t
        do {
            defer { for end in [requestEnd, replyEnd] { close(end) } }
            child = try spawn(arguments)
        }
        defer {
            var status: Int32 = 0
            waitpid(child, &status, 0)
        }
        try send(.run(benchmark: benchmark), to: requests)
        var results: [BenchmarkResult] = []
        while true {
            switch try reply(from: replies) {
            case .result(_, let some): results += some
            case .error(let text): throw Failed(description: text)
            case .end:
                try send(.end, to: requests)
                return results
            case .list, .ready, .run, .allocationStacks: continue
            }
        }
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw Failed(description: "no pipe: errno \(errno)") }
        return (ends[0], ends[1])
    }

    private static func spawn(_ arguments: [String]) throws -> pid_t {
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        var child: pid_t = 0
        let code: Int32 = posix_spawn(&child, "/proc/self/exe", nil, nil, pointers, environ)
        guard code == 0 else { throw Failed(description: "the benchmark could not be started: error \(code)") }
        return child
    }

    // The library's framing: the length as a native integer, then JSON.

    private static func send(_ request: BenchmarkCommandRequest, to end: Int32) throws {
        let text: [UInt8] = [UInt8](try JSONEncoder().encode(request))
        let message: [UInt8] = withUnsafeBytes(of: text.count) { Array($0) } + text
        var sent: Int = 0
        while sent < message.count {
            let count: Int = message[sent...].withUnsafeBytes { write(end, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failed(description: "the benchmark's process has ended early") }
            sent += count
        }
    }

    private static func reply(from end: Int32) throws -> BenchmarkCommandReply {
        let length: Int = try bytes(MemoryLayout<Int>.size, from: end).withUnsafeBytes { $0.loadUnaligned(as: Int.self) }
        return try JSONDecoder().decode(BenchmarkCommandReply.self, from: Data(try bytes(length, from: end)))
    }

    private static func bytes(_ count: Int, from end: Int32) throws -> [UInt8] {
        var buffer: [UInt8] = Array(repeating: 0, count: count)
        var have: Int = 0
        while have < count {
            let more: Int = buffer.withUnsafeMutableBytes { read(end, $0.baseAddress.unsafelyUnwrapped + have, count - have) }
            guard more > 0 else { throw Failed(description: "the benchmark's process has ended early") }
            have += more
        }
        return buffer
    }
}
