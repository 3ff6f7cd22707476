/// Takes out of a text what must not be read in logs.
///
/// Those who log are not supposed to name secrets in the first place; this is the second line of defence.
struct LogRedaction {
    static let mark = "<redacted>"

    /// Fields whose name holds one of these are never shown.
    private static let secretNames: [String] = ["token", "password", "passwd", "authorization", "apikey", "api_key", "api-key", "credential"]

    let secrets: [String]

    /// The value of a field.
    func cleaned(_ text: String, of field: String) -> String {
        let name = field.lowercased()
        return Self.secretNames.contains { name.contains($0) } ? Self.mark : cleaned(text)
    }

    /// A text of any kind.
    func cleaned(_ text: String) -> String {
        var result = text
        for secret in secrets where result.contains(secret) { result = result.replacing(secret, with: Self.mark) }
        for scheme in ["Bearer ", "bearer ", "Basic ", "basic "] { result = Self.cleaned(result, behind: scheme) }
        return Self.withoutUserinfo(result)
    }

    /// A word behind the name of an authentication scheme is a credential where it looks like one.
    private static func cleaned(_ text: String, behind scheme: String) -> String {
        guard text.contains(scheme) else { return text }
        var result = ""
        var rest = Substring(text)
        while let range = rest.firstRange(of: scheme) {
            result += rest[..<range.upperBound]
            rest = rest[range.upperBound...]
            let word = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-._~+/=".contains($0)) }
            // "basic canary" is no credential.
            if word.utf8.count >= 12 {
                result += mark
                rest = rest[word.endIndex...]
            }
        }
        return result + rest
    }

    /// `https://user:password@host` without what stands before the @.
    private static func withoutUserinfo(_ text: String) -> String {
        guard text.contains("://"), text.contains("@") else { return text }
        var result = ""
        var rest = Substring(text)
        while let range = rest.firstRange(of: "://") {
            result += rest[..<range.upperBound]
            rest = rest[range.upperBound...]
            let authority = rest.prefix { !"/?# \"'\n".contains($0) }
            if let at = authority.lastIndex(of: "@") {
                result += mark
                rest = rest[at...]
            }
        }
        return result + rest
    }
}
