import Clockwork
import StrictJSON
import Testing

@Suite("For any value") struct PropertyTests {
    static let seeds: [UInt64] = Array(0..<400)

    @Test(arguments: seeds) func writingAndParsingGivesItBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let value = generatedValue(&random)
        for style: JSONStyle in [.compact, .pretty, .sortedKeys, .go, .kubectl] {
            let text = value.text(style)
            #expect(try JSONValue(parsing: text) == value, "seed \(seed): \(text)")
            #expect(try JSONValue(parsing: value.serialized(style)).text(style) == text, "seed \(seed)")
        }
    }

    @Test(arguments: seeds) func orderOfMembersAndSpellingDoNotMatter(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let value = generatedValue(&random)
        let shuffled = Self.shuffled(value, &random)
        #expect(value == shuffled, "seed \(seed)")
        #expect(value.hashValue == shuffled.hashValue, "seed \(seed)")
        #expect(value.structuralDigest == shuffled.structuralDigest, "seed \(seed)")
        #expect(value.text(.sortedKeys) == shuffled.text(.sortedKeys), "seed \(seed)")
        // .go escapes other characters than .pretty; the reader's digest must see through both.
        for style: JSONStyle in [.go, .pretty] {
            var reader = JSONReader(shuffled.serialized(style))
            #expect(try reader.digestOfNextValue() == value.structuralDigest, "seed \(seed)")
            try reader.finish()
        }
    }

    @Test(arguments: seeds) func changingItChangesTheDigest(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let value = generatedValue(&random)
        let other = generatedValue(&random)
        #expect((value == other) == (value.structuralDigest == other.structuralDigest), "seed \(seed)")
        #expect(JSONValue.array([value]).structuralDigest != value.structuralDigest, "seed \(seed)")
        #expect(JSONValue.array([value, other]) == .array([other, value]) || JSONValue.array([value, other]).structuralDigest != JSONValue.array([other, value]).structuralDigest)
    }

    @Test(arguments: seeds) func mergePatchLeadsThere(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let from = Self.withoutNullMembers(generatedValue(&random, depth: 5))
        let to = Self.withoutNullMembers(Ratio(1, of: 4).isHit(using: &random) ? generatedValue(&random) : Self.changed(from, &random))
        guard let patch = JSONValue.mergePatch(from: from, to: to) else {
            #expect(from == to, "seed \(seed)")
            return
        }
        #expect(from != to, "seed \(seed)")
        #expect(from.applying(mergePatch: patch) == to, "seed \(seed): \(patch)")
    }

    @Test(arguments: seeds) func damagedTextIsRefusedOrReadAlike(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var bytes = generatedValue(&random).serialized()
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(Array("\"\\{}[],:0e.-u\u{0}".utf8).randomElement(using: &random)!, at: place)
            default: bytes = Array(bytes[..<place]) + [0x20]
            }
        }
        // Neither may trap; the digest refuses what the tree refuses, and agrees with it.
        let tree = Result { () throws(JSONError) -> UInt64 in try JSONValue(parsing: bytes).structuralDigest }
        let pulled = Result { () throws(JSONError) -> UInt64 in
            var reader = JSONReader(bytes)
            let digest = try reader.digestOfNextValue()
            try reader.finish()
            return digest
        }
        #expect(tree == pulled, "seed \(seed)")
    }

    private static func shuffled(_ value: JSONValue, _ random: inout SeededGenerator) -> JSONValue {
        switch value {
        case .null, .bool, .number, .string: return value
        case .array(let elements): return .array(elements.map { shuffled($0, &random) })
        case .object(let object):
            var members: [JSONObject.Element] = object.map { ($0.key, shuffled($0.value, &random)) }
            members.shuffle(using: &random)
            return .object(JSONObject(members))
        }
    }

    private static func withoutNullMembers(_ value: JSONValue) -> JSONValue {
        guard case .object(let object) = value else { return value }
        return .object(JSONObject(object.filter { !$0.value.isNull }.map { (key: $0.key, value: withoutNullMembers($0.value)) }))
    }

    private static func changed(_ value: JSONValue, _ random: inout SeededGenerator) -> JSONValue {
        guard case .object(var object) = value else { return generatedValue(&random, depth: 2) }
        for key in object.keys {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: object[key] = nil
            case 1: object[key] = changed(object[key] ?? .null, &random)
            default: break
            }
        }
        if Bool.random(using: &random) { object["added"] = generatedValue(&random, depth: 2) }
        return .object(object)
    }
}

@Suite("For any number") struct NumberPropertyTests {
    @Test(arguments: Array(UInt64(0)..<300)) func doublesSurvive(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let value = generatedDouble(&random)
            let text = JSONNumber(value).text
            let parsed = try #require(JSONNumber(text: text), "seed \(seed): \(text)")
            #expect(parsed == JSONNumber(value), "seed \(seed): \(text)")
            #expect(parsed.double == value || value == 0, "seed \(seed): \(text)")
            #expect(Double(text) == value, "seed \(seed): \(text)")
        }
    }

    @Test(arguments: Array(UInt64(0)..<300)) func textsLoseNothing(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let text = generatedNumberText(&random)
            let number = try #require(JSONNumber(text: text), "seed \(seed): \(text)")
            #expect(ExactDecimal(number.text) == ExactDecimal(text), "seed \(seed): \(text) became \(number.text)")
            #expect(number.double == Double(text) || (number.double == 0 && Double(text) == 0), "seed \(seed): \(text)")
        }
    }

    /// Digits and exponent of a decimal text, without zeros at either end: an independent way to say "the same number".
    private struct ExactDecimal: Equatable {
        var isNegative: Bool
        var digits: String
        var exponent: Int

        init(_ text: String) {
            isNegative = text.hasPrefix("-")
            let parts = text.drop { $0 == "-" }.lowercased().split(separator: "e")
            exponent = parts.count > 1 ? Int(parts[1])! : 0
            let halves = parts[0].split(separator: ".")
            exponent -= halves.count > 1 ? halves[1].count : 0
            digits = String(halves.joined().drop { $0 == "0" })
            while digits.hasSuffix("0") {
                digits.removeLast()
                exponent += 1
            }
            if digits.isEmpty {
                exponent = 0
                isNegative = false
            }
        }
    }
}
