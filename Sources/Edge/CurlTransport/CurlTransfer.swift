import CCurl
import HTTPTransport
import HTTPTypes

/// One exchange: its handle, what has arrived, and who waits for it. Lives on the loop's thread.
final class CurlTransfer {
    let exchange: CurlExchange
    let handle: UnsafeMutableRawPointer
    /// Who waits for status and headers; nil once they were handed over.
    var headWaiter: CheckedContinuation<CurlDriver.Head, Never>?
    /// The write callback told curl to wait for the reader.
    var isPaused = false
    /// Status and headers have come, and wait for the body: who reads all of it anyway is woken once, not twice.
    private var headIsComplete = false
    /// When the peer last sent something, in nanoseconds.
    var lastActivity: Int64
    /// Lists that curl reads until the transfer is over.
    var lists: [UnsafeMutablePointer<curl_slist>] = []

    private let channel: BodyChannel
    private let started: Int64
    private var errorText: UnsafeMutablePointer<CChar>
    private var status = 0
    private var headers = HTTPFields()
    private var headerBytes = 0
    private var bodyBytes = 0
    /// Why a callback refused what curl had for it.
    private var refusal: TransportError?

    init(_ exchange: CurlExchange, loop: CurlLoop, now: Int64) throws(TransportError) {
        guard let handle = curl_easy_init() else { throw .transportFailed(cause: "no memory for a libcurl handle") }
        self.exchange = exchange
        self.handle = handle
        started = now
        lastActivity = now
        let id = exchange.id
        channel = BodyChannel(onRoom: { loop.post(.resume(id)) }, onAbandon: { loop.post(.cancel(id)) })
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        do throws(TransportError) {
            try configure()
            try set(.errorText, errorText)
            // Not retained: the driver keeps the transfer until the handle is off the multi handle.
            let context = Unmanaged.passUnretained(self).toOpaque()
            try set(.headerContext, context)
            try set(.writeContext, context)
            try set(.headerCallback) { bytes, _, count, context in
                CurlTransfer.from(context).receivedHeader(UnsafeRawBufferPointer(start: bytes, count: count))
            }
            try set(.writeCallback) { bytes, _, count, context in
                CurlTransfer.from(context).receivedBody(UnsafeRawBufferPointer(start: bytes, count: count))
            }
        } catch {
            free()
            throw error
        }
    }

    /// Called once, when the handle is not, or no longer, on the multi handle.
    func free() {
        curl_easy_cleanup(handle)
        for list in lists { curl_slist_free_all(list) }
        lists = []
        errorText.deallocate()
    }

    /// Tells whoever waits how it ended.
    func end(_ error: TransportError?) {
        channel.finish(throwing: error)
        if headIsComplete { handOverHead() }
        if let waiter = headWaiter.take() {
            waiter.resume(returning: .failure(error ?? .connectionLost(cause: "it was closed before the end of the headers")))
        }
    }

    func failure(_ code: CURLcode) -> TransportError {
        if code == CURLE_WRITE_ERROR, let refusal { return refusal }
        // A single header line beyond curl's own limit is "out of memory" to it, and "too large" in later versions.
        if headWaiter != nil, !headIsComplete, status > 0, code == CURLE_OUT_OF_MEMORY || code.rawValue == 100 {
            return .responseTooLarge(limit: Int(CURL_MAX_HTTP_HEADER))
        }
        return CurlFailure(code: code, text: String(cString: errorText), exchange: exchange, handle: handle).error
    }

    // MARK: Deadlines

    enum Deadline { case none, due(Int64), overdue(TransportPhase) }

    /// What curl itself doesn't watch: silence (its own check averages over seconds), and waiting for a connection
    /// that others use (it has no limit at all).
    func deadline(now: Int64) -> Deadline {
        guard !isPaused else { return .none }        // the reader's silence, not the peer's
        let connected = connectedAt()
        guard let connected else {
            let latest = started.addingNanoseconds(of: exchange.request.timeouts.connect).addingNanoseconds(of: Self.connectGrace)
            return now >= latest ? .overdue(.connect) : .due(latest)
        }
        guard let idle = exchange.request.timeouts.idle else { return .none }
        let latest = max(lastActivity, connected).addingNanoseconds(of: idle)
        return now >= latest ? .overdue(.idle) : .due(latest)
    }

    /// When the request could be sent; nil before that.
    private func connectedAt() -> Int64? {
        var microseconds: curl_off_t = 0
        guard ccurl_get_offset(handle, CURLINFO_PRETRANSFER_TIME_T, &microseconds) == CURLE_OK, microseconds > 0 else { return nil }
        return started + Int64(microseconds) * 1000
    }

    /// curl's own connect timeout comes first and knows more about the cause.
    private static let connectGrace: Duration = .milliseconds(100)

    // MARK: Callbacks, inside curl_multi_perform and curl_easy_pause: copy and return

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlTransfer {
        guard let context else { preconditionFailure("curl lost the context of a transfer") }
        return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    }

    /// One line of the head, or of trailers, with its line end.
    private func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastActivity = monotonicNow()
        guard headWaiter != nil, !headIsComplete else { return bytes.count }        // trailers: nobody asks for them
        headerBytes += bytes.count
        guard headerBytes <= Self.maxHeaderBytes else {
            refusal = .responseTooLarge(limit: Self.maxHeaderBytes)
            return 0
        }
        var line = bytes[...]
        while let last = line.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { line = line.dropLast() }
        if line.isEmpty {
            deliverHead()
        } else if line.starts(with: "HTTP/".utf8) {
            // A new head: also after each 1xx.
            let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
            status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
            headers = HTTPFields()
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")),
                  // A name that is no token can't be asked for, so nobody misses it.
                  let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self)) {
            headers.append(HTTPField(name: name, value: Array(line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 })))
        }
        return bytes.count
    }

    private func deliverHead() {
        guard status >= 200 else { return }
        headIsComplete = true
        // A request whose whole time is limited is no stream.
        if exchange.request.timeouts.total == nil { handOverHead() }
    }

    private func handOverHead() {
        guard let waiter = headWaiter.take() else { return }
        waiter.resume(returning: .success(TransportResponse(status: status, headers: headers, body: channel.makeBody())))
    }

    private func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastActivity = monotonicNow()
        let limit = exchange.request.responseLimit
        guard bytes.count <= limit - bodyBytes else {
            refusal = .responseTooLarge(limit: limit)
            return 0
        }
        switch channel.offer(bytes) {
        case .accepted:
            bodyBytes += bytes.count
            return bytes.count
        case .full:
            isPaused = true
            // Only who has it can read, and make room.
            handOverHead()
            return ccurl_write_pause()
        case .abandoned:
            refusal = .cancelled
            return 0
        }
    }

    /// 256 KiB: servers stop at 8 to 64.
    private static let maxHeaderBytes = 256 << 10
}

extension Int64 {
    func addingNanoseconds(of duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflow) = addingReportingOverflow(whole)
        return overflow || sumOverflow ? .max : sum.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }
}
