/// Strings of more than 15 bytes need an allocation each, and the same ones come again and again: keys (`creationTimestamp`,
/// `app.kubernetes.io/name`), kinds, labels. The last of each sort is kept here and shared.
///
/// It holds no more than its slots: a text that falls into an occupied slot takes its place.
public struct JSONTextPool: Sendable {
    private var slots: [String]
    private let shift: Int

    /// A pool of at least so many slots, which are a power of two.
    public init(slots count: Int = 256) {
        let bits: Int = max(1, Int.bitWidth - max(1, count - 1).leadingZeroBitCount)
        shift = 64 - bits
        slots = Array(repeating: "", count: 1 << bits)
    }

    /// The text of these bytes, which are valid UTF-8.
    @inline(__always)
    mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        // Short ones are stored in place, and long ones seldom come twice.
        guard bytes.count > 15, bytes.count <= 64 else { return String(decoding: bytes, as: UTF8.self) }
        return shared(bytes)
    }

    @inline(never)
    private mutating func shared(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        let length = bytes.count
        let raw = UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped)
        let head = raw.loadUnaligned(as: UInt64.self)
        let tail = raw.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
        let slot = Int(truncatingIfNeeded: ((head ^ (tail &* 31) ^ UInt64(length)) &* 0x9E37_79B9_7F4A_7C15) >> UInt64(shift))
        if slots[slot].utf8.count == length, slots[slot].withUTF8({ $0.hasSameBytes(as: bytes) }) { return slots[slot] }
        let text = String(decoding: bytes, as: UTF8.self)
        slots[slot] = text
        return text
    }
}
