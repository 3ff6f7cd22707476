/// A regular expression that is searched in metric names, matched in time proportional to the name.
///
/// Understood are literals, `.`, classes, groups, alternatives, repetitions with counts, `^`, `$` and the escapes
/// `\d \w \s` with their opposites. A text that is no regular expression finds nothing; one that uses another
/// construct of RE2 is refused by name, never read differently.
struct MetricNamePattern: Sendable {
    private let program: [Instruction]

    /// Reads an expression.
    ///
    /// - Returns: the pattern; nil for a text that is no regular expression.
    /// - Throws: a text that names the construct that is not supported.
    static func reading(_ source: String) throws(AnalysisProblem) -> MetricNamePattern? {
        var reader = PatternReader(source)
        do throws(PatternError) {
            let tree = try reader.pattern()
            var program: [Instruction] = []
            try emit(tree, into: &program)
            program.append(.accept)
            return MetricNamePattern(program: program)
        } catch {
            switch error {
            case .malformed: return nil
            case .unsupported(let construct):
                throw .invalid("the regular expression \(quoted(source)) uses \(construct), which is not supported; "
                    + "write the metric names themselves, for instance ^name$")
            }
        }
    }

    /// Whether the expression matches somewhere in `text`.
    func finds(in text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var current: [Int] = []
        for position in 0...scalars.count {
            var seen = Set(current)
            // The search is not anchored: a match may begin at every position.
            if seen.insert(0).inserted { current.append(0) }
            var next: [Int] = []
            var index = 0
            while index < current.count {
                let at = current[index]
                index += 1
                func follow(_ target: Int) { if seen.insert(target).inserted { current.append(target) } }
                switch program[at] {
                case .accept: return true
                case .jump(let target): follow(target)
                case .split(let first, let second):
                    follow(first)
                    follow(second)
                case .atStart: if position == 0 { follow(at + 1) }
                case .atEnd: if position == scalars.count { follow(at + 1) }
                case .consume(let set):
                    if position < scalars.count, set.contains(scalars[position]) { next.append(at + 1) }
                }
            }
            current = next
        }
        return false
    }

    private enum Instruction: Sendable {
        case consume(ScalarSet)
        case split(Int, Int)
        case jump(Int)
        case atStart, atEnd, accept
    }

    /// Repetitions are unrolled; names of metrics are short, and so are sensible patterns for them.
    private static let instructionLimit = 4096

    private static func emit(_ tree: PatternNode, into program: inout [Instruction]) throws(PatternError) {
        if program.count > instructionLimit { throw .unsupported("repetitions of more than \(instructionLimit) parts") }
        switch tree {
        case .start: program.append(.atStart)
        case .end: program.append(.atEnd)
        case .set(let set): program.append(.consume(set))
        case .sequence(let parts): for part in parts { try emit(part, into: &program) }
        case .choice(let branches):
            var exits: [Int] = []
            for (index, branch) in branches.enumerated() {
                let isLast = index == branches.count - 1
                let split = program.count
                if !isLast { program.append(.jump(0)) }
                try emit(branch, into: &program)
                if !isLast {
                    exits.append(program.count)
                    program.append(.jump(0))
                    program[split] = .split(split + 1, program.count)
                }
            }
            for exit in exits { program[exit] = .jump(program.count) }
        case .repeated(let part, let least, let most):
            for _ in 0..<least { try emit(part, into: &program) }
            guard let most else {
                let split = program.count
                program.append(.jump(0))
                try emit(part, into: &program)
                program.append(.jump(split))
                program[split] = .split(split + 1, program.count)
                return
            }
            var splits: [Int] = []
            for _ in least..<most {
                splits.append(program.count)
                program.append(.jump(0))
                try emit(part, into: &program)
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
    }
}

/// A set of characters.
private struct ScalarSet: Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } != isNegated }

    /// The sets behind `\d`, `\w` and `\s`, in RE2's ASCII sense.
    static func named(_ letter: Unicode.Scalar) -> ScalarSet? {
        switch letter {
        case "d", "D": ScalarSet(ranges: [0x30...0x39], isNegated: letter == "D")
        case "w", "W": ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A], isNegated: letter == "W")
        case "s", "S": ScalarSet(ranges: [0x09...0x0A, 0x0C...0x0D, 0x20...0x20], isNegated: letter == "S")
        default: nil
        }
    }
}

private indirect enum PatternNode: Sendable {
    case start, end
    case set(ScalarSet)
    case sequence([PatternNode])
    case choice([PatternNode])
    case repeated(PatternNode, least: Int, most: Int?)
}

private enum PatternError: Error {
    case malformed
    case unsupported(String)
}

/// Reads a regular expression into a tree.
private struct PatternReader {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    /// Groups inside groups, so that recursion is bounded.
    private static let depthLimit = 50
    /// The largest count of a repetition, as RE2 has it.
    private static let countLimit = 1000

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    mutating func pattern() throws(PatternError) -> PatternNode {
        let tree = try choice()
        if position < scalars.count { throw .malformed }
        return tree
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private mutating func choice() throws(PatternError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.depthLimit { throw .unsupported("groups more than \(Self.depthLimit) deep") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repetition(of: try atom())) }
        return .sequence(parts)
    }

    private mutating func repetition(of atom: PatternNode) throws(PatternError) -> PatternNode {
        var node = atom
        var isRepeated = false
        while let scalar = next {
            let bounds: (least: Int, most: Int?)
            switch scalar {
            case "*": bounds = (0, nil)
            case "+": bounds = (1, nil)
            case "?": bounds = (0, 1)
            case "{":
                guard let counts = try counts() else { return node }
                bounds = counts
                position -= 1
            default: return node
            }
            position += 1
            // `a**` is an error in RE2 too; a `?` after a repetition only asks for the shorter match.
            if isRepeated { throw .malformed }
            isRepeated = true
            _ = take("?")
            node = .repeated(node, least: bounds.least, most: bounds.most)
        }
        return node
    }

    /// `{2}`, `{2,}` or `{2,5}`; nil where the brace is literal text, and then nothing is consumed.
    private mutating func counts() throws(PatternError) -> (least: Int, most: Int?)? {
        let start = position
        position += 1
        guard let least = number() else {
            position = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = next == "}" ? nil : number() }
        guard take("}") else {
            position = start
            return nil
        }
        if least > Self.countLimit || (most ?? 0) > Self.countLimit || (most ?? least) < least { throw .malformed }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value - 0x30), Self.countLimit + 1)
            position += 1
        }
        return value
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        guard let scalar = next else { throw .malformed }
        if scalar == "{" {
            // A brace that begins no count is itself; one that does has nothing before it to repeat.
            if try counts() != nil { throw .malformed }
            position += 1
            return literal("{")
        }
        position += 1
        switch scalar {
        case "^": return .start
        case "$": return .end
        case ".": return .set(ScalarSet(ranges: [0x0A...0x0A], isNegated: true))
        case "*", "+", "?": throw .malformed
        case "(": return try group()
        case "[": return .set(try set())
        case "\\": return try escape()
        default: return literal(scalar)
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> PatternNode {
        .set(ScalarSet(ranges: [scalar.value...scalar.value]))
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        if take("?"), !take(":") { throw .unsupported("a group that begins with (?") }
        let inner = try choice()
        guard take(")") else { throw .malformed }
        return inner
    }

    private mutating func escape() throws(PatternError) -> PatternNode {
        guard let scalar = next else { throw .malformed }
        position += 1
        if let named = ScalarSet.named(scalar) { return .set(named) }
        return literal(try escaped(scalar))
    }

    /// The character that a backslash and this one stand for.
    private func escaped(_ scalar: Unicode.Scalar) throws(PatternError) -> Unicode.Scalar {
        switch scalar {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        default:
            // RE2 lets every ASCII punctuation be escaped; letters and digits have meanings of their own.
            guard scalar.isASCII, !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else {
                throw .unsupported("the escape \\\(scalar)")
            }
            return scalar
        }
    }

    private mutating func set() throws(PatternError) -> ScalarSet {
        var result = ScalarSet(ranges: [], isNegated: take("^"))
        var isFirst = true
        while true {
            guard let scalar = next else { throw .malformed }
            position += 1
            if scalar == "]" && !isFirst { return result }
            isFirst = false
            if scalar == "[" && next == ":" { throw .unsupported("a class such as [:alpha:]") }
            if scalar == "\\", let letter = next, let named = ScalarSet.named(letter) {
                if named.isNegated { throw .unsupported("\\\(letter) inside brackets") }
                position += 1
                result.ranges += named.ranges
                continue
            }
            let low = try member(scalar)
            guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                result.ranges.append(low.value...low.value)
                continue
            }
            position += 1
            let end = scalars[position]
            position += 1
            let high = try member(end)
            if high.value < low.value { throw .malformed }
            result.ranges.append(low.value...high.value)
        }
    }

    private mutating func member(_ scalar: Unicode.Scalar) throws(PatternError) -> Unicode.Scalar {
        guard scalar == "\\" else { return scalar }
        guard let letter = next else { throw .malformed }
        position += 1
        return try escaped(letter)
    }
}
