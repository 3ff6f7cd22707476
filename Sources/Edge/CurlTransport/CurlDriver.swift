import CCurl
import Glibc
import HTTPTransport

/// Owns the multi handle of one lane and all its transfers. Every `curl_*` call is made here, on the loop's thread.
actor CurlDriver {
    typealias Head = Result<TransportResponse, TransportError>

    nonisolated let loop: CurlLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private var transfers: [UInt64: CurlTransfer] = [:]
    private var ids: [UnsafeMutableRawPointer: UInt64] = [:]
    private var isClosed = false

    private init(loop: CurlLoop) {
        self.loop = loop
    }

    /// A driver whose thread runs.
    static func started(for lane: TransportLane) throws(TransportError) -> CurlDriver {
        let loop = try CurlLoop()
        try check(ccurl_multi_set_long(loop.multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX)))
        try check(ccurl_multi_set_long(loop.multi, CURLMOPT_MAX_HOST_CONNECTIONS, maxHostConnections(of: lane)))
        try check(ccurl_multi_set_long(loop.multi, CURLMOPT_MAXCONNECTS, maxIdleConnections))
        let driver = CurlDriver(loop: loop)
        try loop.start(driver, name: "curl-\(lane.rawValue)")
        return driver
    }

    // MARK: Requests

    /// Starts the exchange and returns when status and headers are there, or when there won't be any.
    func open(_ exchange: CurlExchange) async -> Head {
        guard !isClosed, !Task.isCancelled else { return .failure(.cancelled) }
        let transfer: CurlTransfer
        do throws(TransportError) {
            transfer = try CurlTransfer(exchange, loop: loop, now: monotonicNow())
        } catch {
            return .failure(error)
        }
        let code = curl_multi_add_handle(loop.multi, transfer.handle)
        guard code == CURLM_OK else {
            transfer.free()
            return .failure(.transportFailed(cause: String(cString: curl_multi_strerror(code))))
        }
        transfers[exchange.id] = transfer
        ids[transfer.handle] = exchange.id
        return await withCheckedContinuation { transfer.headWaiter = $0 }
    }

    // MARK: Called by the loop

    /// One round: commands, what sockets have for us, what is over, what is overdue.
    /// - Returns: milliseconds until something here is due; curl's own timers are curl's affair.
    func turn(_ commands: [CurlLoop.Command]) -> Int32 {
        for command in commands {
            switch command {
            case .cancel(let id): finish(id, .cancelled)
            case .resume(let id): resume(id)
            }
        }
        var running: Int32 = 0
        let code = curl_multi_perform(loop.multi, &running)
        if code != CURLM_OK { multiFailed(code, in: "curl_multi_perform") }
        reap()
        return endOverdue(now: monotonicNow())
    }

    func close() {
        isClosed = true
        for id in transfers.keys.sorted() { finish(id, .cancelled) }
    }

    /// The multi handle itself is in trouble, for instance out of memory: nothing on it can go on.
    func multiFailed(_ code: CURLMcode, in call: String) {
        let cause = "\(call): \(String(cString: curl_multi_strerror(code)))"
        for id in transfers.keys.sorted() { finish(id, .transportFailed(cause: cause)) }
    }

    // MARK: Transfers

    private func resume(_ id: UInt64) {
        guard let transfer = transfers[id] else { return }        // over meanwhile
        transfer.isPaused = false
        transfer.lastActivity = monotonicNow()
        let code = curl_easy_pause(transfer.handle, ccurl_pause_continue())
        // Continuing hands over what curl kept, so the write callback may have refused it.
        if code != CURLE_OK { finish(id, transfer.failure(code)) }
    }

    private func reap() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(loop.multi, &left) {
            var handle: UnsafeMutableRawPointer?
            var result = CURLE_OK
            guard ccurl_is_done(message, &handle, &result), let handle, let id = ids[handle], let transfer = transfers[id] else { continue }
            finish(id, result == CURLE_OK ? nil : transfer.failure(result))
        }
    }

    /// Ends what took too long in ways that curl doesn't watch.
    private func endOverdue(now: Int64) -> Int32 {
        var next = Int64.max
        for (id, transfer) in transfers {
            switch transfer.deadline(now: now) {
            case .overdue(let phase): finish(id, .timedOut(phase))
            case .due(let instant): next = min(next, instant)
            case .none: break
            }
        }
        guard next < .max else { return Self.longestPoll }
        // Rounded up, or the last fraction of a millisecond would be spent turning.
        return Int32(clamping: min((next - now) / 1_000_000 + 1, Int64(Self.longestPoll)))
    }

    /// The one place where a transfer ends: by success, error and cancellation alike. The connection is closed or
    /// given back before anybody hears of it.
    private func finish(_ id: UInt64, _ error: TransportError?) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        ids[transfer.handle] = nil
        let code = curl_multi_remove_handle(loop.multi, transfer.handle)
        precondition(code == CURLM_OK, "curl_multi_remove_handle: \(code)")
        transfer.free()
        transfer.end(error)
    }

    // MARK: Limits

    /// Only without HTTP/2 does a lane need more than one connection: then each watch has its own. The lease is
    /// one request at a time, and one more when the first hangs.
    private static func maxHostConnections(of lane: TransportLane) -> Int {
        switch lane {
        case .reads: 128
        case .writes: 16
        case .lease: 2
        }
    }

    /// Connections that are kept open per lane when nobody uses them.
    private static let maxIdleConnections = 16

    /// One minute, in milliseconds. Every event wakes the loop, so this only bounds a mistake of ours.
    private static let longestPoll: Int32 = 60_000

    private static func check(_ code: CURLMcode) throws(TransportError) {
        guard code == CURLM_OK else { throw .transportFailed(cause: String(cString: curl_multi_strerror(code))) }
    }
}

/// Nanoseconds of a clock that never jumps. Timeouts of sockets are real time, also where decisions use another clock.
func monotonicNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
