import HTTPTypes

/// Whom to act as, where the server allows it.
public struct Impersonation: Sendable, Hashable {
    public var user: String
    public var uid: String?
    public var groups: [String]
    /// Further attributes of the user, by name.
    public var extra: [String: [String]]

    /// Act as `user`.
    public init(user: String, uid: String? = nil, groups: [String] = [], extra: [String: [String]] = [:]) {
        self.user = user
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }
}

extension Impersonation {
    /// The headers that say so, in a fixed order.
    var fields: [(name: HTTPField.Name, value: String)] {
        var named: [(String, String)] = [("Impersonate-User", user)]
        if let uid { named.append(("Impersonate-Uid", uid)) }
        named += groups.map { ("Impersonate-Group", $0) }
        for key in extra.keys.sorted() { named += (extra[key] ?? []).map { ("Impersonate-Extra-" + Self.escaped(key), $0) } }
        return named.compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
    }

    /// Percent-encoded as far as a header's name needs it; the server decodes it.
    private static func escaped(_ key: String) -> String {
        var text = ""
        for byte in key.utf8 {
            if isNameByte(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return text
    }

    /// RFC 9110's token characters without the percent sign.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
