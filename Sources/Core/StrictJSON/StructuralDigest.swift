extension JSONValue {
    /// A 64-bit digest of what the value says: the same for equal values, whatever the order of members, the spelling of
    /// numbers and the escapes in strings were; the same in every process and version of this program.
    ///
    /// It tells values apart that differ by accident. It is not made to withstand somebody who searches for collisions.
    public var structuralDigest: UInt64 {
        switch self {
        case .null: return StructuralDigest.null
        case .bool(let value): return StructuralDigest.of(value)
        case .number(let value): return StructuralDigest.of(value)
        case .string(var value): return value.withUTF8 { StructuralDigest.ofString($0) }
        case .array(let elements):
            var digest = StructuralDigest.emptyArray
            for element in elements { digest = StructuralDigest.appending(element.structuralDigest, to: digest) }
            return digest
        case .object(let object):
            var sum: UInt64 = 0
            for (key, value) in object {
                var key = key
                let keyDigest = key.withUTF8 { StructuralDigest.ofString($0) }
                sum &+= StructuralDigest.ofMember(key: keyDigest, value: value.structuralDigest)
            }
            return StructuralDigest.ofObject(sum: sum, count: object.count)
        }
    }
}

/// The arithmetic of the digest, shared by the tree and the pull reader. Changing any of it changes stored digests.
enum StructuralDigest {
    static let null: UInt64 = 0x6E75_6C6C_9D39_247E
    static let emptyArray: UInt64 = 0x6172_7261_7933_4A11

    static func of(_ value: Bool) -> UInt64 { value ? 0x7472_7565_A54F_F53A : 0x6661_6C73_6510_E527 }

    static func of(_ number: JSONNumber) -> UInt64 {
        switch number.storage {
        case .int(let value): return mix(UInt64(bitPattern: value) ^ 0x696E_7465_6765_7231, 0x9FB2_1C65_1E98_DF25)
        case .double(let value): return mix(value.bitPattern ^ 0x646F_7562_6C65_3232, 0xC2B2_AE3D_27D4_EB4F)
        case .text(var text): return text.withUTF8 { mix(ofString($0) ^ 0x6E75_6D62_6572_3333, 0x1656_67B1_9E37_79F9) }
        }
    }

    static func ofString(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var digest: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: bytes.count)
        var index = 0
        if let base = bytes.baseAddress {
            let raw = UnsafeRawPointer(base)
            while index &+ 8 <= bytes.count {
                let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                digest = mix(digest ^ word, 0xA076_1D64_78BD_642F)
                index &+= 8
            }
        }
        var rest: UInt64 = 0
        var shift: UInt64 = 0
        while index < bytes.count {
            rest |= UInt64(bytes[index]) << shift
            shift &+= 8
            index &+= 1
        }
        return mix(digest ^ rest, 0xE703_7ED1_A0B4_28DB)
    }

    @inline(__always)
    static func appending(_ element: UInt64, to digest: UInt64) -> UInt64 {
        mix(digest ^ 0x8EBC_6AF0_9C88_C6E3, element ^ 0x5899_65CC_7537_4CC3)
    }

    @inline(__always)
    static func ofMember(key: UInt64, value: UInt64) -> UInt64 {
        mix(key ^ 0x1D8E_4E27_C47D_124F, value ^ 0xEB44_ACCA_B455_D165)
    }

    @inline(__always)
    static func ofObject(sum: UInt64, count: Int) -> UInt64 {
        mix(sum ^ 0x6F62_6A65_6374_5A5A, 0x9B05_688C_2B3E_6C1F &+ UInt64(truncatingIfNeeded: count))
    }

    /// Both halves of the product, folded, with the factors mixed in again so that a zero factor does not erase the other.
    @inline(__always)
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low ^ (a &+ (b << 32 | b >> 32))
    }
}
