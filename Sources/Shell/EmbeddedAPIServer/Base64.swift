/// Base64, as Secrets have it and as tokens have it.
enum Base64 {
    /// With the alphabet and the padding of Secrets.
    static func standardText(_ bytes: [UInt8]) -> String {
        let text = encoded(bytes, standard)
        return text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    }

    /// With the alphabet that needs no escaping in queries, without padding.
    static func text(_ bytes: [UInt8]) -> String { encoded(bytes, Array(standard.dropLast(2)) + Array("-_".utf8)) }

    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func encoded(_ bytes: [UInt8], _ alphabet: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word = group.reduce(0) { $0 << 8 | Int($1) }
            word <<= 8 * (3 - group.count)
            for position in 0...group.count { text.append(alphabet[word >> (6 * (3 - position)) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of a text without padding; nil where it is none.
    static func decoded(_ text: String) -> [UInt8]? {
        let alphabet = Array(standard.dropLast(2)) + Array("-_".utf8)
        var bytes: [UInt8] = []
        var word = 0
        var bits = 0
        for byte in text.utf8 {
            guard let value = alphabet.firstIndex(of: byte) else { return nil }
            word = word << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> bits))
                word &= (1 << bits) - 1
            }
        }
        return bytes
    }
}
