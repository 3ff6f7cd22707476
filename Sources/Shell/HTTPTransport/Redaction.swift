import HTTPTypes

extension TransportRequest {
    /// `text` with everything in it replaced that must not be shown: the one place where error texts are made safe.
    ///
    /// Secrets are the values of all headers but a few harmless ones, userinfo and query of the URL, userinfo of
    /// the proxy, and the client key; whole, percent-decoded and in their parts (password, token after `Bearer`,
    /// value of a parameter) as long as a part is long enough not to be an ordinary word or number.
    ///
    /// - Parameter proxies: URLs of proxies that the request doesn't name, such as those of the environment.
    public func redacting(_ text: String, proxies: [String] = []) -> String {
        var result = text
        // The longest first, so that a part of a secret doesn't break up the whole and leave the rest.
        for secret in secrets(proxies).sorted(by: { ($0.utf8.count, $0) > ($1.utf8.count, $1) }) {
            result = result.replacing(secret, with: Self.redactionMark)
        }
        return result
    }

    static let redactionMark = "<redacted>"

    /// Nothing below this many bytes is a secret: a header may well say `no` or `10`.
    static let shortestRedacted = 3

    /// Below this many bytes a part of a secret (not a whole one) is left alone: `1`, `true` and `get` are
    /// values of parameters, and port numbers and words must stay readable.
    static let shortestRedactedPart = 5

    /// Headers whose values say nothing about who asks.
    static let harmlessHeaders: Set<HTTPField.Name> = [.accept, .acceptEncoding, .contentType, .contentLength, .userAgent]

    private func secrets(_ proxies: [String]) -> Set<String> {
        var found = Set<String>()
        func whole(_ secret: some StringProtocol) {
            let forms = [String(secret), secret.percentDecoded]
            found.formUnion(forms.filter { $0.utf8.count >= Self.shortestRedacted })
        }
        func part(_ secret: some StringProtocol) {
            if secret.utf8.count >= Self.shortestRedactedPart { whole(secret) }
        }
        func userinfo(of url: String) {
            // Also of a URL that does not parse: all before the last @, whatever it is.
            guard let at = url.lastIndex(of: "@") else { return }
            let start = url.range(of: "://")?.upperBound ?? url.startIndex
            guard start <= at else { return }
            let info = url[start..<at]
            whole(info)
            info.split(separator: ":").forEach { part($0) }
        }
        for field in headers where !Self.harmlessHeaders.contains(field.name) {
            whole(field.value)
            field.value.split(whereSeparator: { " ,;=".contains($0) }).forEach { part($0) }
        }
        userinfo(of: url)
        if redactedQuery, let mark = url.firstIndex(of: "?") {
            let query = url[url.index(after: mark)...]
            whole(query)
            for parameter in query.split(separator: "&") {
                parameter.split(separator: "=", maxSplits: 1).dropFirst().forEach { part($0) }
            }
        }
        if case .url(let proxy) = proxy { userinfo(of: proxy) }
        proxies.forEach(userinfo(of:))
        if let key = tls.clientKey { whole(String(decoding: key, as: UTF8.self)) }
        return found
    }
}

extension TransportRequest: CustomStringConvertible, CustomDebugStringConvertible {
    /// Method, URL without secrets, and the names of the headers: safe to log.
    public var description: String {
        let shownURL: String
        do throws(TransportError) {
            shownURL = try TransportURL(url).displayed(withQuery: !redactedQuery)
        } catch {
            shownURL = "<\(error)>"
        }
        let shownHeaders = headers.map { field in
            Self.harmlessHeaders.contains(field.name) ? "\(field.name): \(field.value)" : "\(field.name): \(Self.redactionMark)"
        }
        return "\(method) \(shownURL) [\(shownHeaders.joined(separator: ", "))]"
    }

    public var debugDescription: String { description }
}

extension TLSSettings: CustomStringConvertible, CustomDebugStringConvertible {
    /// Says what is set, never what it is: safe to log.
    public var description: String {
        let parts: [String] = [
            certificateAuthorities == nil ? "system authorities" : "own authorities",
            clientCertificate == nil ? "no client certificate" : "client certificate",
            insecureSkipVerify ? "not verified" : "verified",
            serverName.map { "as \($0)" } ?? "as the url's host",
        ]
        return parts.joined(separator: ", ")
    }

    public var debugDescription: String { description }
}

extension StringProtocol {
    /// With every valid `%XX` replaced by its byte.
    var percentDecoded: String {
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
               let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
