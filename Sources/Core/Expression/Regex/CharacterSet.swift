/// Code points that a place of a pattern accepts.
struct CharacterSet: Sendable {
    private(set) var ranges: [ClosedRange<UInt32>]
    /// General categories by the letters that patterns use, `L` or `Lu`; looked up per code point, so that no tables are needed.
    private(set) var categories: [(name: String, isNegated: Bool)] = []
    private(set) var isNegated = false

    init(_ ranges: [ClosedRange<UInt32>] = []) { self.ranges = ranges }
    init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

    static let digit = CharacterSet([48...57])
    static let space = CharacterSet([9...10, 12...13, 32...32])
    static let word = CharacterSet([48...57, 65...90, 95...95, 97...122])
    static let any = CharacterSet([0...0x10FFFF])
    static let anyButNewline = CharacterSet([0...9, 11...0x10FFFF])

    static let named: [String: CharacterSet] = [
        "alnum": CharacterSet([48...57, 65...90, 97...122]), "alpha": CharacterSet([65...90, 97...122]), "ascii": CharacterSet([0...127]),
        "blank": CharacterSet([9...9, 32...32]), "cntrl": CharacterSet([0...31, 127...127]), "digit": digit, "graph": CharacterSet([33...126]),
        "lower": CharacterSet([97...122]), "print": CharacterSet([32...126]), "punct": CharacterSet([33...47, 58...64, 91...96, 123...126]),
        "space": CharacterSet([9...13, 32...32]), "upper": CharacterSet([65...90]), "word": word, "xdigit": CharacterSet([48...57, 65...70, 97...102]),
    ]

    var negated: CharacterSet {
        var other: CharacterSet = self
        other.isNegated.toggle()
        return other
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let isIn: Bool = ranges.contains { $0.contains(scalar.value) }
            || categories.contains { Self.isIn(scalar, $0.name) != $0.isNegated }
        return isIn != isNegated
    }

    mutating func add(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    /// Adds a set of ranges that may be negated itself.
    mutating func add(_ other: CharacterSet) {
        guard other.isNegated else {
            ranges += other.ranges
            categories += other.categories
            return
        }
        var next: UInt32 = 0
        for range in other.ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { ranges.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { ranges.append(next...0x10FFFF) }
    }

    mutating func add(category: String, isNegated: Bool) { categories.append((category, isNegated)) }

    /// Also the other case of each letter, by simple mappings; beyond a few thousand code points those of ASCII alone.
    var foldingCase: CharacterSet {
        var folded: CharacterSet = self
        for range in ranges {
            let letters: ClosedRange<UInt32> = range.count <= 4_096 ? range : 0...127
            for value in letters.clamped(to: range) {
                guard let scalar = Unicode.Scalar(value) else { continue }
                for other in Self.cases(of: scalar) { folded.ranges.append(other.value...other.value) }
            }
        }
        return folded
    }

    private static func cases(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        switch scalar {
        case "k", "K", "\u{212A}": return ["k", "K", "\u{212A}"]
        case "s", "S", "\u{17F}": return ["s", "S", "\u{17F}"]
        // The Turkish letters have no simple partner.
        case "\u{130}", "\u{131}": return []
        default: return [ByteText.uppercase(scalar), ByteText.lowercase(scalar)].filter { $0 != scalar }
        }
    }

    // MARK: Categories

    static let categoryNames: Set<String> = [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co", "Cs", "Any",
    ]

    private static func isIn(_ scalar: Unicode.Scalar, _ name: String) -> Bool {
        name == "Any" || abbreviation(of: scalar.properties.generalCategory).hasPrefix(name)
    }

    private static func abbreviation(of category: Unicode.GeneralCategory) -> String {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        // In no class of RE2.
        case .unassigned: "-"
        @unknown default: "-"
        }
    }
}
