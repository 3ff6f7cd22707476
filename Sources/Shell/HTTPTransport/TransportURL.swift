/// The parts of an absolute `http` or `https` URL, still percent-encoded.
///
/// Stricter than a browser: no white space or control characters, no backslashes, a host of letters, digits,
/// `-`, `.` and `_` or an IPv6 literal. What is refused here is where parsers disagree about which host is meant.
public struct TransportURL: Sendable, Hashable {
    public enum Scheme: String, Sendable, Hashable { case http, https }

    public let scheme: Scheme
    /// `user` or `user:password`. A secret.
    public let userinfo: String?
    /// As written; an IPv6 literal has its brackets.
    public let host: String
    /// Nil: not written. See ``effectivePort``.
    public let port: Int?
    /// Begins with `/` unless it is empty.
    public let path: String
    /// Without the `?`. May hold secrets.
    public let query: String?

    /// The port that is connected to.
    public var effectivePort: Int { port ?? (scheme == .https ? 443 : 80) }

    /// Host and, where written, port: the value of a `Host` header.
    public var hostAndPort: String { port.map { "\(host):\($0)" } ?? host }

    /// - Throws: ``TransportError/invalidURL(cause:)`` whose cause quotes nothing that may be a secret.
    public init(_ text: String) throws(TransportError) {
        func invalid(_ cause: String) -> TransportError { .invalidURL(cause: cause) }
        guard text.utf8.count <= Self.maxLength else { throw invalid("it is longer than \(Self.maxLength) bytes") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw invalid("it has white space, a backslash or characters outside ASCII; percent-encode them")
        }
        guard let colon = text.range(of: "://") else { throw invalid("it does not begin with http:// or https://") }
        guard let scheme = Scheme(rawValue: text[..<colon.lowerBound].lowercased()) else {
            throw invalid("its scheme is not http or https")
        }
        let rest = text[colon.upperBound...]
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let authority = rest[..<authorityEnd]
        let tail = rest[authorityEnd...].prefix { $0 != "#" }

        let hostPart: Substring
        if let at = authority.lastIndex(of: "@") {
            userinfo = String(authority[..<at])
            hostPart = authority[authority.index(after: at)...]
        } else {
            userinfo = nil
            hostPart = authority
        }
        let portSeparator: Substring.Index?
        if hostPart.hasPrefix("[") {
            guard let close = hostPart.firstIndex(of: "]") else { throw invalid("its IPv6 address has no closing bracket") }
            let after = hostPart.index(after: close)
            guard after == hostPart.endIndex || hostPart[after] == ":" else { throw invalid("text follows its IPv6 address") }
            let address = hostPart[hostPart.index(after: hostPart.startIndex)..<close]
            guard !address.isEmpty, address.utf8.allSatisfy(Self.isIPv6Byte) else { throw invalid("its IPv6 address is malformed") }
            portSeparator = after == hostPart.endIndex ? nil : after
        } else {
            portSeparator = hostPart.firstIndex(of: ":")
            let name = hostPart[..<(portSeparator ?? hostPart.endIndex)]
            guard !name.isEmpty else { throw invalid("it has no host") }
            guard name.utf8.allSatisfy(Self.isHostByte) else { throw invalid("its host has characters that no host name has") }
        }
        host = String(hostPart[..<(portSeparator ?? hostPart.endIndex)])
        if let portSeparator {
            let digits = hostPart[hostPart.index(after: portSeparator)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits), (1...65535).contains(number) else {
                throw invalid("its port is not a number from 1 to 65535")
            }
            port = number
        } else {
            port = nil
        }
        self.scheme = scheme
        if let mark = tail.firstIndex(of: "?") {
            path = String(tail[..<mark])
            query = String(tail[tail.index(after: mark)...])
        } else {
            path = String(tail)
            query = nil
        }
    }

    /// The URL without userinfo, and without query unless asked for.
    public func displayed(withQuery: Bool) -> String {
        let shownQuery = query.map { withQuery ? "?\($0)" : "?<redacted>" } ?? ""
        return "\(scheme.rawValue)://\(hostAndPort)\(path)\(shownQuery)"
    }

    /// 1 MiB: what libcurl is willing to send is 8 MB; servers stop at 8 to 64 KB.
    static let maxLength = 1 << 20

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
             UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func isIPv6Byte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
             UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "."): true
        default: false
        }
    }
}

extension String {
    /// The first occurrence of a short text, without the regular expression machinery.
    func range(of needle: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
