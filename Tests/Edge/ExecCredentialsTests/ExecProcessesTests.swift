@testable import ExecCredentials
import Glibc
import KubeClient
import Synchronization
import Testing

@Suite("A process of a credential plugin", .timeLimit(.minutes(2))) struct ExecProcessesTests {
    /// Collects the lines of standard error.
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    static let path: [String: String] = ["PATH": "/usr/bin:/bin", "OWN": "own", "BOTH": "own"]

    private func run(
        _ script: String, time: Duration = .seconds(60), output: Int = 1 << 20, lines: Lines = Lines(), readsStandardInput: Bool = false
    ) async throws(ExecFailure) -> String {
        let processes = ExecProcesses(
            variables: Self.path, standardError: .lines { lines.add($0) }, limits: .init(time: time, output: output), hasTerminal: false)
        let bytes: [UInt8] = try await processes.run(ExecCommand(
            command: "sh", arguments: ["-c", script, "name", "an argument"],
            environment: [ExecPlugin.Variable(name: "GIVEN", value: "given"), ExecPlugin.Variable(name: "BOTH", value: "given")],
            readsStandardInput: readsStandardInput))
        return String(decoding: bytes, as: UTF8.self)
    }

    private func failure(_ body: () async throws(ExecFailure) -> String) async -> ExecFailure? {
        do throws(ExecFailure) {
            _ = try await body()
            return nil
        } catch { return error }
    }

    /// Whether there still is a process of this number.
    private func lives(_ number: String) -> Bool { pid_t(number).map { kill($0, 0) == 0 } ?? false }

    @Test("gets arguments and environment, and nothing to read") func input() async throws {
        #expect(try await run(#"printf '%s|' "$1" "$OWN" "$GIVEN" "$BOTH"; cat; printf end"#) == "an argument|own|given|given|end")
    }

    @Test("inherits no files and no ignored signals") func inheritance() async throws {
        signal(SIGUSR2, SIG_DFL)
        signal(SIGPIPE, SIG_IGN)
        let open = try Descriptor.pipe()
        let copy: Int32 = dup(open.reading.number)
        defer { close(copy) }
        // 3 is the folder itself, while it is listed.
        #expect(try await run("ls /proc/self/fd | tr '\\n' ' '") == "0 1 2 3 ")
        let ignored: String = try await run("grep SigIgn /proc/self/status")
        let mask: UInt64 = try #require(UInt64(ignored.split(separator: "\t").last?.prefix { $0.isHexDigit } ?? "", radix: 16))
        #expect(mask & (1 << UInt64(SIGPIPE - 1)) == 0)
    }

    @Test("is heard line by line") func standardError() async throws {
        let lines = Lines()
        #expect(try await run("echo one >&2; printf 'two\\r\\n\\nthr' >&2; echo out; printf ee >&2", lines: lines) == "out\n")
        #expect(lines.all == ["one", "two", "three"])
    }

    @Test("says how it ended") func endings() async {
        #expect(await failure { () throws(ExecFailure) in try await run("echo half; exit 3") } == .ended(status: 3))
        #expect(await failure { () throws(ExecFailure) in try await run("kill -9 $$") } == .killed(signal: 9))
        #expect(await failure { () throws(ExecFailure) in try await run("yes", output: 5000) } == .tooMuchOutput(limit: 5000))
    }

    @Test("may write much") func large() async throws {
        #expect(try await run("head -c 900000 /dev/zero | tr '\\0' x").utf8.count == 900_000)
    }

    @Test("may not be there, or not be a program") func missing() async {
        let processes = ExecProcesses(variables: Self.path, standardError: .inherited, timeLimit: .seconds(60), hasTerminal: false)
        for (command, expected) in [("no-such-plugin", ExecFailure.notFound), ("/etc", .notStarted(cause: "Permission denied"))] {
            let error = await failure { () throws(ExecFailure) in
                String(decoding: try await processes.run(
                    ExecCommand(command: command, arguments: [], environment: [], readsStandardInput: false)), as: UTF8.self)
            }
            #expect(error == expected)
        }
        let zero = await failure { () throws(ExecFailure) in try await run("a\0b") }
        #expect(zero == .notStarted(cause: "there is a zero byte in its command line or environment"))
    }

    @Test("is not waited for when only its children go on") func children() async throws {
        let child: String = try await run("sleep 600 & printf %s $!")
        #expect(lives(child))
        kill(try #require(pid_t(child)), SIGKILL)
    }

    @Test("is ended when its time is over, with its children, whether it listens or not", arguments: ["", "trap '' TERM; "])
    func timeout(prefix: String) async throws {
        let lines = Lines()
        let error = await failure { () throws(ExecFailure) in
            try await run("\(prefix)sleep 600 & echo $$ $! >&2; wait; wait", time: .milliseconds(300), lines: lines)
        }
        #expect(error == .timedOut(after: .milliseconds(300)))
        let numbers: [Substring] = try #require(lines.all.first).split(separator: " ")
        #expect(numbers.count == 2)
        #expect(!lives(String(numbers[0])))
        // The child is reaped by somebody else, in his own time; until then it is a corpse.
        #expect(dies(String(numbers[1])))
    }

    @Test("is ended when its caller is cancelled") func cancellation() async throws {
        let lines = Lines()
        let started = AsyncStream<Void>.makeStream()
        let processes = ExecProcesses(
            variables: Self.path,
            standardError: .lines {
                lines.add($0)
                started.continuation.finish()
            }, timeLimit: .seconds(60), hasTerminal: false)
        let error: ExecFailure? = await withTaskGroup(of: ExecFailure?.self) { group in
            group.addTask {
                await failure { () throws(ExecFailure) in
                    String(decoding: try await processes.run(ExecCommand(
                        command: "sh", arguments: ["-c", "echo $$ >&2; exec sleep 600"], environment: [], readsStandardInput: false)), as: UTF8.self)
                }
            }
            for await _ in started.stream {}
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(error == .cancelled)
        #expect(!lives(try #require(lines.all.first)))
    }

    @Test("stays in our process group where it may ask", arguments: [true, false]) func group(asks: Bool) async throws {
        let processes = ExecProcesses(
            variables: Self.path, standardError: asks ? .inherited : .lines { _ in }, timeLimit: .seconds(60), hasTerminal: false)
        // The fifth field is the process group.
        let output = try await processes.run(ExecCommand(
            command: "cut", arguments: ["-d ", "-f5", "/proc/self/stat"], environment: [], readsStandardInput: false))
        let group: Int32? = Int32(String(decoding: output, as: UTF8.self).filter(\.isNumber))
        #expect((group == getpgrp()) == asks)
    }

    @Test("is not started for somebody who has given up") func cancelledBefore() async {
        let error: ExecFailure? = await withTaskGroup(of: ExecFailure?.self) { group in
            group.cancelAll()
            group.addTask { await failure { () throws(ExecFailure) in try await run("true") } }
            return await group.next() ?? nil
        }
        #expect(error == .cancelled)
    }

    /// A signal is delivered in the system's own time, on a busy machine later than it was sent.
    private func dies(_ number: String) -> Bool {
        for _ in 0..<1000 {
            if isDead(number) { return true }
            usleep(10_000)
        }
        return false
    }

    private func isDead(_ number: String) -> Bool {
        guard lives(number) else { return true }
        guard let file = fopen("/proc/\(number)/stat", "r") else { return true }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 256)
        guard fgets(&text, 255, file) != nil else { return true }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).contains(") Z ")
    }
}

@Suite("Lines of standard error") struct LineSplitterTests {
    @Test("are cut where they are too long") func long() {
        var splitter = LineSplitter()
        var lines: [Int] = []
        splitter.add(Array(repeating: UInt8(ascii: "x"), count: LineSplitter.longestLine * 2 + 5)[...]) { lines.append($0.utf8.count) }
        splitter.finish { lines.append($0.utf8.count) }
        #expect(lines == [LineSplitter.longestLine, LineSplitter.longestLine, 5])
    }
}
