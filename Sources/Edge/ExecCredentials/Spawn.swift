import Glibc
import KubeClient

/// Starts processes by `posix_spawn`.
enum Spawn {
    /// Signals that this program may ignore, which a child would inherit.
    private static let restoredSignals: [Int32] = [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD]

    /// - Parameters:
    ///   - variables: the whole environment, `NAME=value`.
    ///   - errors: where standard error goes; nil shares ours.
    ///   - isAlone: makes it the leader of a process group.
    static func start(
        _ command: ExecCommand, variables: [String], output: Int32, errors: Int32?, isAlone: Bool
    ) throws(ExecFailure) -> pid_t {
        let words: [String] = [command.command] + command.arguments
        guard (words + variables).allSatisfy({ !$0.utf8.contains(0) }) else {
            throw .notStarted(cause: "there is a zero byte in its command line or environment")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if !command.readsStandardInput { posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        if let errors { posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO) }
        // Not every library marks its sockets as ours alone.
        for number in openDescriptors() where number > STDERR_FILENO { posix_spawn_file_actions_addclose(&actions, number) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var restored = sigset_t()
        sigemptyset(&restored)
        for signal in restoredSignals { sigaddset(&restored, signal) }
        posix_spawnattr_setsigdefault(&attributes, &restored)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags: Int32 = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | (isAlone ? Int32(POSIX_SPAWN_SETPGROUP) : 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var identifier = pid_t()
        let code: Int32 = withCStrings(words) { words in
            withCStrings(variables) { variables in
                posix_spawnp(&identifier, command.command, &actions, &attributes, words, variables)
            }
        }
        switch code {
        case 0: return identifier
        case ENOENT: throw .notFound
        default: throw .notStarted(cause: String(cString: strerror(code)))
        }
    }

    /// What this process has open at this moment; one that is closed meanwhile is passed over when the child closes it.
    private static func openDescriptors() -> [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var numbers: [Int32] = []
        while let entry = readdir(folder) {
            let name: String = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) { String(cString: $0) }
            }
            if let number = Int32(name) { numbers.append(number) }
        }
        return numbers
    }

    private static func withCStrings<Result>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("a list with an end has a beginning") }
            return body(base)
        }
    }
}

/// An open file of this process, closed with its last owner.
final class Descriptor: Sendable {
    let number: Int32

    private init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// Both ends of a pipe; reading never waits.
    static func pipe() throws(ExecFailure) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw .notStarted(cause: "no pipe to it: \(String(cString: strerror(errno)))") }
        let pipe: (reading: Descriptor, writing: Descriptor) = (Descriptor(ends[0]), Descriptor(ends[1]))
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return pipe
    }

    /// Reads what is there.
    ///
    /// - Returns: whether more may come.
    func read(_ body: (ArraySlice<UInt8>) -> Void) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        // One turn takes no more than 64 pieces, so that a limit is seen while somebody floods us.
        for _ in 0..<64 {
            let count: Int = Glibc.read(number, &buffer, buffer.count)
            if count > 0 {
                body(buffer[..<count])
            } else if count == 0 {
                return false
            } else if errno != EINTR {
                return errno == EAGAIN
            }
        }
        return true
    }

    func write(_ byte: UInt8) {
        var byte = byte
        // A pipe that takes no more has been written to already, which is all that counts.
        _ = Glibc.write(number, &byte, 1)
    }
}

/// A detached thread for one job.
enum Thread {
    private final class Job: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// 256 KiB: the job polls and copies.
    private static let stackSize = 256 << 10

    /// - Returns: 0, or the error because of which the job is not run.
    static func start(_ run: @escaping @Sendable () -> Void) -> Int32 {
        let job = Unmanaged.passRetained(Job(run))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        // Signals are for the main program.
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        var thread = pthread_t()
        let code: Int32 = pthread_create(&thread, &attributes, { raw in
            guard let raw else { return nil }
            Unmanaged<Job>.fromOpaque(raw).takeRetainedValue().run()
            return nil
        }, job.toOpaque())
        if code != 0 { job.release() }
        return code
    }
}
