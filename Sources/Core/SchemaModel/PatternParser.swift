/// A set of characters.
struct ScalarClass: Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } != isNegated }

    static func one(_ scalar: Unicode.Scalar) -> ScalarClass { ScalarClass(ranges: [scalar.value...scalar.value]) }
    static let digits = ScalarClass(ranges: [0x30...0x39])
    static let word = ScalarClass(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let blanks = ScalarClass(ranges: [0x09...0x0A, 0x0C...0x0D, 0x20...0x20])
    static let anyButNewline = ScalarClass(ranges: [0x0A...0x0A], isNegated: true)

    var negated: ScalarClass { ScalarClass(ranges: ranges, isNegated: !isNegated) }
}

/// A regular expression as a tree.
indirect enum PatternTree: Sendable {
    case empty
    case scalars(ScalarClass)
    case start
    case end
    case sequence([PatternTree])
    case choice([PatternTree])
    case repeated(PatternTree, least: Int, most: Int?)
}

/// Reads a regular expression; gives up, rather than guesses, at a construct that it does not know.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    /// Groups inside groups; real patterns have about five. Beyond, the pattern is not read, so that recursion is bounded.
    private static let maxDepth = 100
    /// The largest count in a repetition, as in Go.
    private static let maxRepetition = 1000

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    mutating func parse() -> PatternTree? {
        guard let tree = choice(), position == scalars.count else { return nil }
        return tree
    }

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        position += 1
        return true
    }

    private mutating func choice() -> PatternTree? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else { return nil }
        var branches: [PatternTree] = []
        repeat {
            guard let branch = sequence() else { return nil }
            branches.append(branch)
        } while take("|")
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() -> PatternTree? {
        var parts: [PatternTree] = []
        while let scalar = peek, scalar != "|", scalar != ")" {
            guard let atom = atom(), let part = repetition(of: atom) else { return nil }
            parts.append(part)
        }
        return parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func atom() -> PatternTree? {
        guard let scalar = peek else { return nil }
        position += 1
        switch scalar {
        case "(":
            if take("?") { guard take(":") else { return nil } }
            guard let inner = choice(), take(")") else { return nil }
            return inner
        case "[": return bracket().map(PatternTree.scalars)
        case ".": return .scalars(.anyButNewline)
        case "^": return .start
        case "$": return .end
        case "\\": return escape().map(PatternTree.scalars)
        case "*", "+", "?": return nil
        default: return .scalars(.one(scalar))
        }
    }

    private mutating func repetition(of atom: PatternTree) -> PatternTree? {
        let (least, most): (Int, Int?)
        if take("*") { (least, most) = (0, nil) } else if take("+") { (least, most) = (1, nil) } else if take("?") { (least, most) = (0, 1) } else if peek == "{" {
            position += 1
            guard let bounds = bounds() else { return nil }
            (least, most) = bounds
        } else {
            return atom
        }
        // A reluctant repetition matches the same texts.
        _ = take("?")
        if let scalar = peek, scalar == "*" || scalar == "+" || scalar == "?" || scalar == "{" { return nil }
        return .repeated(atom, least: least, most: most)
    }

    private mutating func bounds() -> (Int, Int?)? {
        guard let least = number() else { return nil }
        if take("}") { return (least, least) }
        guard take(",") else { return nil }
        if take("}") { return (least, nil) }
        guard let most = number(), take("}"), most >= least else { return nil }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = peek, ScalarClass.digits.contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
            position += 1
            if let value, value > Self.maxRepetition { return nil }
        }
        return value
    }

    /// What stands behind a backslash.
    private mutating func escape() -> ScalarClass? {
        guard let scalar = peek else { return nil }
        position += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarClass.digits.negated
        case "w": return .word
        case "W": return ScalarClass.word.negated
        case "s": return .blanks
        case "S": return ScalarClass.blanks.negated
        case "n": return .one("\n")
        case "r": return .one("\r")
        case "t": return .one("\t")
        case "x": return hexadecimal()
        default:
            // Letters and digits have meanings that are not known here; everything else stands for itself.
            return ScalarClass.word.contains(scalar) ? nil : .one(scalar)
        }
    }

    private mutating func hexadecimal() -> ScalarClass? {
        guard position + 2 <= scalars.count else { return nil }
        let digits = String(String.UnicodeScalarView(scalars[position..<position + 2]))
        position += 2
        return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init).map(ScalarClass.one)
    }

    /// A class, behind its opening bracket.
    private mutating func bracket() -> ScalarClass? {
        var set = ScalarClass(ranges: [], isNegated: take("^"))
        var isFirst = true
        while let scalar = peek, isFirst || scalar != "]" {
            isFirst = false
            guard let member = classMember(&set) else { return nil }
            guard let low = member, peek == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                if let low = member { set.ranges.append(low...low) }
                continue
            }
            position += 1
            guard let member = classMember(&set), let high = member, low <= high else { return nil }
            set.ranges.append(low...high)
        }
        return take("]") ? set : nil
    }

    /// One character of a class; the inner nil stands for an escape like `\d`, which has been added already.
    private mutating func classMember(_ set: inout ScalarClass) -> UInt32?? {
        guard let scalar = peek else { return nil }
        position += 1
        if scalar == "[", peek == ":" { return nil }
        guard scalar == "\\" else { return .some(scalar.value) }
        guard let escaped = escape(), !escaped.isNegated else { return nil }
        if escaped.ranges.count == 1, escaped.ranges[0].count == 1 { return .some(escaped.ranges[0].lowerBound) }
        set.ranges += escaped.ranges
        return .some(nil)
    }
}
