import CCurl
import HTTPTransport
import HTTPTypes

/// An option of libcurl with the type of its value, so that nothing else can be set.
struct CurlOption<Value> {
    let raw: CURLoption

    init(_ raw: CURLoption) { self.raw = raw }
}

extension CurlOption where Value == String {
    static var url: Self { Self(CURLOPT_URL) }
    static var method: Self { Self(CURLOPT_CUSTOMREQUEST) }
    static var protocols: Self { Self(CURLOPT_PROTOCOLS_STR) }
    static var proxy: Self { Self(CURLOPT_PROXY) }
    static var noProxy: Self { Self(CURLOPT_NOPROXY) }
}

extension CurlOption where Value == Bool {
    static var noSignal: Self { Self(CURLOPT_NOSIGNAL) }
    static var quickExit: Self { Self(CURLOPT_QUICK_EXIT) }
    static var followLocation: Self { Self(CURLOPT_FOLLOWLOCATION) }
    static var pathAsIs: Self { Self(CURLOPT_PATH_AS_IS) }
    static var noBody: Self { Self(CURLOPT_NOBODY) }
    static var httpGet: Self { Self(CURLOPT_HTTPGET) }
    static var post: Self { Self(CURLOPT_POST) }
    static var waitForMultiplexing: Self { Self(CURLOPT_PIPEWAIT) }
    static var suppressConnectHeaders: Self { Self(CURLOPT_SUPPRESS_CONNECT_HEADERS) }
    static var keepAlive: Self { Self(CURLOPT_TCP_KEEPALIVE) }
    static var verifyPeer: Self { Self(CURLOPT_SSL_VERIFYPEER) }
}

extension CurlOption where Value == Int {
    static var httpVersion: Self { Self(CURLOPT_HTTP_VERSION) }
    static var tlsVersion: Self { Self(CURLOPT_SSLVERSION) }
    static var verifyHost: Self { Self(CURLOPT_SSL_VERIFYHOST) }
    static var uploadBufferBytes: Self { Self(CURLOPT_UPLOAD_BUFFERSIZE) }
    static var keepAliveIdleSeconds: Self { Self(CURLOPT_TCP_KEEPIDLE) }
    static var keepAliveIntervalSeconds: Self { Self(CURLOPT_TCP_KEEPINTVL) }
}

extension CurlOption where Value == Duration {
    static var connectTimeout: Self { Self(CURLOPT_CONNECTTIMEOUT_MS) }
    static var totalTimeout: Self { Self(CURLOPT_TIMEOUT_MS) }
}

extension CurlOption where Value == [UInt8] {
    static var certificateAuthorities: Self { Self(CURLOPT_CAINFO_BLOB) }
    static var clientCertificate: Self { Self(CURLOPT_SSLCERT_BLOB) }
    static var clientKey: Self { Self(CURLOPT_SSLKEY_BLOB) }
}

extension CurlOption where Value == [String] {
    static var headers: Self { Self(CURLOPT_HTTPHEADER) }
    static var connectTo: Self { Self(CURLOPT_CONNECT_TO) }
}

extension CurlOption where Value == UnsafeMutableRawPointer {
    static var headerContext: Self { Self(CURLOPT_HEADERDATA) }
    static var writeContext: Self { Self(CURLOPT_WRITEDATA) }
}

extension CurlOption where Value == UnsafeMutablePointer<CChar> {
    static var errorText: Self { Self(CURLOPT_ERRORBUFFER) }
}

extension CurlOption where Value == ccurl_bytes_callback {
    static var headerCallback: Self { Self(CURLOPT_HEADERFUNCTION) }
    static var writeCallback: Self { Self(CURLOPT_WRITEFUNCTION) }
}

extension CurlTransfer {
    /// The request in curl's terms. Whatever is not set here is curl's default: no cookies, no netrc, no
    /// decompression, no user agent, no authentication but that of the URL.
    func configure() throws(TransportError) {
        let (request, url) = (exchange.request, exchange.url)
        try set(.noSignal, true)
        try set(.quickExit, true)
        try set(.protocols, "http,https")
        try set(.followLocation, false)
        try set(.pathAsIs, true)
        try set(.httpVersion, Int(CURL_HTTP_VERSION_2TLS))
        // Rather wait for a connection that may be shared than open a second one beside it. With TLS that is known
        // after the handshake; without, only after the first response, which may be a watch that says nothing.
        try set(.waitForMultiplexing, url.scheme == .https)

        try set(.connectTimeout, request.timeouts.connect)
        if let total = request.timeouts.total { try set(.totalTimeout, total) }
        try set(.keepAlive, true)
        try set(.keepAliveIdleSeconds, Self.keepAliveSeconds)
        try set(.keepAliveIntervalSeconds, Self.keepAliveSeconds)
        try check(ccurl_set_peer_timeout(handle, Self.peerTimeoutMilliseconds), "the peer timeout")

        try set(.proxy, exchange.route.proxy)
        try set(.noProxy, exchange.route.noProxy)
        try set(.suppressConnectHeaders, true)

        let host = try configureTLS(request.tls, url)
        let userinfo = url.userinfo.map { "\($0)@" } ?? ""
        let port = url.port.map { ":\($0)" } ?? ""
        try set(.url, "\(url.scheme.rawValue)://\(userinfo)\(host)\(port)\(url.path)\(url.query.map { "?\($0)" } ?? "")")
        try configureBody(request)
        try configureHeaders(request, url, hostIsOverridden: host != url.host)
    }

    /// - Returns: the host that the URL has for curl.
    private func configureTLS(_ tls: TLSSettings, _ url: TransportURL) throws(TransportError) -> String {
        guard url.scheme == .https else { return url.host }
        try set(.tlsVersion, Int(CURL_SSLVERSION_TLSv1_2))
        try set(.verifyPeer, !tls.insecureSkipVerify)
        try set(.verifyHost, tls.insecureSkipVerify ? 0 : 2)
        if let authorities = tls.certificateAuthorities {
            try set(.certificateAuthorities, authorities)
            // Those alone. The blob takes the place of the system's file, but not of the system's folder.
            try check(ccurl_set_string(handle, CURLOPT_CAPATH, nil), "the folder of certificate authorities")
        }
        switch (tls.clientCertificate, tls.clientKey) {
        case (let certificate?, let key?):
            try set(.clientCertificate, certificate)
            try set(.clientKey, key)
        case (nil, nil): break
        case (_?, nil): throw .tls(cause: "the client certificate has no private key beside it")
        case (nil, _?): throw .tls(cause: "the client key has no certificate beside it")
        }
        guard let name = tls.serverName, name != url.host else { return url.host }
        // The name becomes the URL's host, for curl to ask for and to verify; the connection goes where it would.
        let checked = try TransportURL("https://\(name)/")
        guard checked.host == name else { throw .tls(cause: "the server name is not a host name") }
        try set(.connectTo, ["\(name):\(url.effectivePort):\(url.host):\(url.effectivePort)"])
        return name
    }

    private func configureBody(_ request: TransportRequest) throws(TransportError) {
        let sendsBody = request.body != nil || [.post, .put, .patch].contains(request.method)
        if sendsBody {
            try set(.post, true)
            try set(.uploadBufferBytes, Self.uploadBufferBytes)
            let body = request.body ?? []
            try check(body.withUnsafeBytes { ccurl_set_body(handle, $0.baseAddress, $0.count) }, "the body")
        } else if request.method == .head {
            try set(.noBody, true)
        } else {
            try set(.httpGet, true)
        }
        try set(.method, request.method.rawValue)
    }

    private func configureHeaders(_ request: TransportRequest, _ url: TransportURL, hostIsOverridden: Bool) throws(TransportError) {
        var lines: [String] = []
        for field in request.headers {
            // An empty value is spelled with a semicolon; with a colon curl would leave the header out.
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        if hostIsOverridden { lines.append("Host: \(url.hostAndPort)") }
        // A large body is sent at once: no server that we talk to refuses by 417, and some never answer 100.
        lines.append("Expect:")
        // curl would call every body a web form.
        if request.headers[.contentType] == nil { lines.append("Content-Type:") }
        guard lines.allSatisfy({ !$0.utf8.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 } }) else {
            throw .invalidRequest(cause: "a header value has a line break in it")
        }
        try set(.headers, lines)
    }

    /// 15 s between probes of an idle connection: four missed ones and a watch on a vanished host ends.
    private static let keepAliveSeconds = 15
    /// 30 s: over HTTP/2 a timeout ends a stream, not the connection, and without this the next request would be
    /// sent into the same dead connection for a quarter of an hour.
    private static let peerTimeoutMilliseconds = 30_000

    /// 16 KiB, the least that curl takes: the body is in memory as it is, and 64 KiB more for each request cost the allocator dearly.
    private static let uploadBufferBytes = 16 << 10

    // MARK: Setting

    func set(_ option: CurlOption<String>, _ value: String) throws(TransportError) {
        guard !value.utf8.contains(0) else { throw .invalidRequest(cause: "a zero byte in \(Self.name(option.raw))") }
        try check(ccurl_set_string(handle, option.raw, value), option.raw)
    }

    func set(_ option: CurlOption<Bool>, _ value: Bool) throws(TransportError) {
        try check(ccurl_set_long(handle, option.raw, value ? 1 : 0), option.raw)
    }

    func set(_ option: CurlOption<Int>, _ value: Int) throws(TransportError) {
        try check(ccurl_set_long(handle, option.raw, value), option.raw)
    }

    /// At least a millisecond, since zero means "never" to curl, and at most what fits its arithmetic.
    func set(_ option: CurlOption<Duration>, _ value: Duration) throws(TransportError) {
        let milliseconds = min(max(value / .milliseconds(1), 1), Double(Int32.max))
        try check(ccurl_set_long(handle, option.raw, Int(milliseconds.rounded(.up))), option.raw)
    }

    func set(_ option: CurlOption<[UInt8]>, _ value: [UInt8]) throws(TransportError) {
        try check(value.withUnsafeBytes { ccurl_set_blob(handle, option.raw, $0.baseAddress, $0.count) }, option.raw)
    }

    func set(_ option: CurlOption<[String]>, _ value: [String]) throws(TransportError) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in value {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                throw .transportFailed(cause: "no memory for \(Self.name(option.raw))")
            }
            list = longer
        }
        if let list { lists.append(list) }
        try check(ccurl_set_list(handle, option.raw, list), option.raw)
    }

    func set(_ option: CurlOption<UnsafeMutableRawPointer>, _ value: UnsafeMutableRawPointer) throws(TransportError) {
        try check(ccurl_set_context(handle, option.raw, value), option.raw)
    }

    func set(_ option: CurlOption<UnsafeMutablePointer<CChar>>, _ value: UnsafeMutablePointer<CChar>) throws(TransportError) {
        try check(ccurl_set_context(handle, option.raw, value), option.raw)
    }

    func set(_ option: CurlOption<ccurl_bytes_callback>, _ value: ccurl_bytes_callback) throws(TransportError) {
        try check(ccurl_set_bytes_callback(handle, option.raw, value), option.raw)
    }

    private func check(_ code: CURLcode, _ option: CURLoption) throws(TransportError) {
        if code != CURLE_OK { try check(code, Self.name(option)) }
    }

    private func check(_ code: CURLcode, _ what: String) throws(TransportError) {
        guard code != CURLE_OK else { return }
        throw .transportFailed(cause: "libcurl does not take \(what): \(String(cString: curl_easy_strerror(code)))")
    }

    private static func name(_ option: CURLoption) -> String {
        curl_easy_option_by_id(option).map { "option \(String(cString: $0.pointee.name))" } ?? "option \(option.rawValue)"
    }
}
