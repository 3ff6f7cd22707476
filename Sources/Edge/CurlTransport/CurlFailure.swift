import CCurl
import HTTPTransport

/// How a transfer failed, in curl's words; ``error`` says it in ours.
struct CurlFailure {
    let code: CURLcode
    /// What curl wrote into the error buffer; may be empty.
    let text: String
    let exchange: CurlExchange
    let handle: UnsafeMutableRawPointer

    /// The one place where a `CURLcode` gets a meaning. Its text becomes the cause, without secrets.
    var error: TransportError {
        switch code {
        case CURLE_OPERATION_TIMEDOUT:
            // A request that never got as far as being sent has waited for its connection, whichever limit it hit.
            return .timedOut(offset(CURLINFO_PRETRANSFER_TIME_T) == 0 ? .connect : .total)
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY:
            return .proxy(cause: cause)
        case CURLE_COULDNT_CONNECT:
            return triedProxy ? .proxy(cause: cause) : notConnected
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_NO_CONNECTION_AVAILABLE, CURLE_INTERFACE_FAILED:
            return notConnected
        case CURLE_SSL_CONNECT_ERROR:
            // The handshake ended without a word about TLS: a server that restarts, or a port with nothing behind.
            return text.contains("SSL_ERROR_SYSCALL") || text.contains("reset by peer") ? notConnected : .tls(cause: cause)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
             CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_SHUTDOWN_FAILED,
             CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS,
             CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED:
            return .tls(cause: cause)
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM,
             CURLE_HTTP3, CURLE_QUIC_CONNECT_ERROR, CURLE_AGAIN:
            // With TLS 1.3 the server says only after the handshake that it wants another certificate.
            if text.contains("alert") && text.contains("SSL routines") { return .tls(cause: cause) }
            let connect = long(CURLINFO_HTTP_CONNECTCODE)
            if connect >= 300 { return .proxy(cause: "it answers CONNECT with status \(connect)") }
            return .connectionLost(cause: cause)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP_RETURNED_ERROR,
             CURLE_TOO_MANY_REDIRECTS:
            // The URL's scheme was checked before, so an "unsupported protocol" is what the peer speaks.
            return .badResponse(cause: cause)
        case CURLE_URL_MALFORMAT:
            return .invalidURL(cause: cause)
        case CURLE_FILESIZE_EXCEEDED:
            return .responseTooLarge(limit: exchange.request.responseLimit)
        case CURLE_ABORTED_BY_CALLBACK:
            return .cancelled
        default:
            return .transportFailed(cause: cause)
        }
    }

    private var notConnected: TransportError { .couldNotConnect(host: exchange.url.hostAndPort, cause: cause) }

    /// curl names host and port that it tried to reach; whether `no_proxy` applied is known to it alone.
    private var triedProxy: Bool {
        !exchange.route.proxy.isEmpty && !(text.contains(exchange.url.host) && text.contains("port \(exchange.url.effectivePort) "))
    }

    private var cause: String {
        let words = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        return exchange.request.redacting(words, proxies: [exchange.route.proxy])
    }

    private func offset(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        return ccurl_get_offset(handle, info, &value) == CURLE_OK ? Int(value) : 0
    }

    private func long(_ info: CURLINFO) -> Int {
        var value = 0
        return ccurl_get_long(handle, info, &value) == CURLE_OK ? value : 0
    }
}
