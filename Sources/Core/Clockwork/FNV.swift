/// The Fowler–Noll–Vo hash, variant 1a, and the alphabet in which Kubernetes writes hashes into names.
public enum FNV {
    /// 32 bits.
    public static func fnv1a32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return hash
    }

    /// 64 bits.
    public static func fnv1a64(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return hash
    }

    private static let alphabet: [UInt8] = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// Each character of `text` replaced by one of 27 that make no words: Kubernetes' `rand.SafeEncodeString`.
    public static func safeEncode(_ text: String) -> String {
        String(decoding: text.unicodeScalars.map { alphabet[Int($0.value) % alphabet.count] }, as: UTF8.self)
    }

    /// The hash in decimal, safely encoded, as in `pod-template-hash`: `safeEncode("\(hash)")`.
    public static func safeEncode(_ hash: UInt32) -> String { safeEncode(String(hash)) }

    /// `length` random characters of that alphabet, as `generateName` appends five.
    public static func randomSuffix(_ length: Int = 5, using random: inout some RandomNumberGenerator) -> String {
        String(decoding: (0..<max(length, 0)).map { _ in alphabet[Int(random.draw(below: UInt64(alphabet.count)))] }, as: UTF8.self)
    }
}
