import CCurl
import Glibc
import HTTPTransport
import Synchronization

/// A thread that runs a multi handle, as an executor: what is isolated to its actor runs here and nowhere else.
///
/// Unchecked, because `multi` is a raw pointer. It is used on the loop's own thread, but for `curl_multi_wakeup`,
/// which any thread may call; the lock around that call keeps it before `curl_multi_cleanup`.
final class CurlLoop: SerialExecutor, @unchecked Sendable {
    /// What other threads ask of the driver without a task of their own.
    enum Command: Sendable {
        case cancel(UInt64)
        case resume(UInt64)
    }

    let multi: UnsafeMutableRawPointer
    private let mailbox = Mutex(Mailbox())

    private struct Mailbox {
        var jobs: [UnownedJob] = []
        var commands: [Command] = []
        var isStopping = false
        /// The multi handle and the thread are gone.
        var hasEnded = false
        /// Who runs jobs at this moment.
        var owner: pthread_t?
        var endWaiters: [CheckedContinuation<Void, Never>] = []
    }

    init() throws(TransportError) {
        guard Self.globalInitialisation == CURLE_OK else {
            throw .transportFailed(cause: "libcurl can't be initialised: \(String(cString: curl_easy_strerror(Self.globalInitialisation)))")
        }
        guard let multi = curl_multi_init() else { throw .transportFailed(cause: "no memory for a libcurl handle") }
        self.multi = multi
    }

    // MARK: From any thread

    func enqueue(_ job: consuming ExecutorJob) {
        // The runtime lends us to ourselves: the job's own actor keeps us alive, and may be gone as soon as the job
        // has run, here or on the thread, while we still hold the lock.
        let alive = Unmanaged.passRetained(self)
        defer { alive.release() }
        let job = UnownedJob(job)
        let runHere = mailbox.withLock { mailbox -> Bool in
            mailbox.jobs.append(job)
            // After the end there is no thread to wait for: whoever comes first runs what is left. What remains
            // are calls that find the driver closed, and return.
            if mailbox.hasEnded {
                guard mailbox.owner == nil else { return false }
                mailbox.owner = pthread_self()
                return true
            }
            wake(mailbox)
            return false
        }
        if runHere { runLateJobs() }
    }

    func post(_ command: Command) {
        mailbox.withLock { mailbox in
            guard !mailbox.hasEnded else { return }
            mailbox.commands.append(command)
            wake(mailbox)
        }
    }

    func stop() {
        mailbox.withLock { mailbox in
            guard !mailbox.hasEnded else { return }
            mailbox.isStopping = true
            wake(mailbox)
        }
    }

    /// Returns when the loop has stopped and everything of curl is freed.
    func ended() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isOver = mailbox.withLock { mailbox in
                if !mailbox.hasEnded { mailbox.endWaiters.append(continuation) }
                return mailbox.hasEnded
            }
            if isOver { continuation.resume() }
        }
    }

    func isIsolatingCurrentContext() -> Bool? {
        mailbox.withLock { $0.owner == pthread_self() }
    }

    func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "libcurl is used outside its own thread")
    }

    /// The only curl call that any thread may make.
    private func wake(_ mailbox: borrowing Mailbox) {
        let code = curl_multi_wakeup(multi)
        // Anything else than OK: the pipe is full of earlier wake-ups, which do as well.
        precondition(code == CURLM_OK || code == CURLM_WAKEUP_FAILURE, "curl_multi_wakeup: \(code)")
    }

    // MARK: The thread

    /// Starts the thread, which keeps the loop and its driver alive until ``stop()``.
    func start(_ driver: CurlDriver, name: String) throws(TransportError) {
        let context = Unmanaged.passRetained(ThreadContext(loop: self, driver: driver, name: name))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, Self.stackSize)
        // Signals are for the main program: the thread begins with all of them blocked, and so do those that
        // curl starts from it to resolve names. A broken pipe is an error code then.
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        var thread = pthread_t()
        let code = pthread_create(&thread, &attributes, { raw in
            guard let raw else { return nil }
            let context = Unmanaged<ThreadContext>.fromOpaque(raw).takeRetainedValue()
            ccurl_name_thread(context.name)
            context.loop.run(context.driver)
            return nil
        }, context.toOpaque())
        pthread_sigmask(SIG_SETMASK, &previous, nil)
        guard code == 0 else {
            context.release()
            _ = curl_multi_cleanup(multi)
            mailbox.withLock { $0.hasEnded = true }
            throw .transportFailed(cause: "no thread for libcurl: \(String(cString: strerror(code)))")
        }
    }

    private func run(_ driver: CurlDriver) {
        mailbox.withLock { $0.owner = pthread_self() }
        var isStopping = false
        while !isStopping {
            let (jobs, commands) = mailbox.withLock { mailbox in
                defer { (mailbox.jobs, mailbox.commands) = ([], []) }
                isStopping = mailbox.isStopping
                return (mailbox.jobs, mailbox.commands)
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            let patience = driver.assumeIsolated { $0.turn(commands) }
            if !isStopping { poll(for: patience, driver) }
        }
        driver.assumeIsolated { $0.close() }
        let waiters = mailbox.withLock { mailbox in
            // Under the lock, so that no wake-up comes later.
            let code = curl_multi_cleanup(multi)
            precondition(code == CURLM_OK, "curl_multi_cleanup: \(code)")
            mailbox.hasEnded = true
            mailbox.commands = []
            defer { mailbox.endWaiters = [] }
            return mailbox.endWaiters
        }
        runLateJobs()
        for waiter in waiters { waiter.resume() }
    }

    /// Sleeps until a socket is ready, curl or the driver has something due, or somebody wakes us.
    private func poll(for milliseconds: Int32, _ driver: CurlDriver) {
        let code = curl_multi_poll(multi, nil, 0, milliseconds, nil)
        if code != CURLM_OK { driver.assumeIsolated { $0.multiFailed(code, in: "curl_multi_poll") } }
    }

    /// Runs jobs that came after the end, on the thread that is the owner now.
    private func runLateJobs() {
        while true {
            let jobs = mailbox.withLock { mailbox in
                defer { mailbox.jobs = [] }
                if mailbox.jobs.isEmpty { mailbox.owner = nil }
                return mailbox.jobs
            }
            if jobs.isEmpty { return }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    private final class ThreadContext: Sendable {
        let loop: CurlLoop
        let driver: CurlDriver
        let name: String

        init(loop: CurlLoop, driver: CurlDriver, name: String) {
            self.loop = loop
            self.driver = driver
            self.name = name
        }
    }

    /// 512 KiB: TLS handshakes with large chains stay far below; the default of 8 MiB is for main programs.
    private static let stackSize = 512 << 10

    /// Once per process; curl asks for that before any thread uses it.
    private static let globalInitialisation: CURLcode = ccurl_global_init()
}
