/// A pattern in RE2's syntax that says whether a text holds a match, in time linear in pattern × text.
///
/// All places where a match could stand are followed at once, so there is no pattern that makes it try again and again.
///
/// - SeeAlso: RE2's syntax page; Russ Cox, "Regular Expression Matching: the Virtual Machine Approach".
public struct RegexPattern: Sendable {
    /// The text that it was read from.
    public let source: String
    private let program: [Instruction]

    /// Instructions of a compiled pattern; what needs more is refused.
    static let instructionLimit = 50_000

    enum Instruction: Sendable {
        case character(CharacterSet)
        case assertion(Assertion)
        case split(Int, Int)
        case jump(Int)
        case match
    }

    enum Assertion: Sendable { case textBegin, textEnd, lineBegin, lineEnd, wordBoundary, noWordBoundary }

    /// - Throws: what is wrong, in RE2's words: ``error parsing regexp: missing closing ): `(` ``.
    public init(_ source: String) throws(RegexProblem) {
        self.source = source
        var parser = RegexParser(source)
        let piece: RegexPiece = try parser.parse()
        var compiler = RegexCompiler()
        try compiler.emit(piece)
        program = compiler.program + [.match]
    }

    /// Whether a match stands anywhere in the text.
    public func matches(_ text: String) -> Bool { isFound(in: Array(text.utf8)) { (_: Int) in } }

    /// The same for bytes, within what is left of the limits of a run.
    func isFound(in bytes: [UInt8], _ budget: inout Budget) throws(Fault) -> Bool {
        try isFound(in: bytes) { (work: Int) throws(Fault) in try budget.pass(over: work) }
    }

    /// - Parameter charge: is told of the work before it is done, and may end it.
    private func isFound<Failure: Error>(in bytes: [UInt8], charge: (Int) throws(Failure) -> Void) throws(Failure) -> Bool {
        let text: [Unicode.Scalar] = ByteText.characters(of: bytes).map(\.scalar)
        try charge(bytes.count)
        var seen = [Int](repeating: -1, count: program.count)
        var (now, next): ([Int], [Int]) = ([], [])
        var open: [Int] = []
        var isMatched = false

        /// Follows what needs no character from an instruction at a place of the text.
        func follow(_ start: Int, at place: Int, into list: inout [Int]) {
            open.append(start)
            while let index = open.popLast() {
                guard seen[index] != place else { continue }
                seen[index] = place
                switch program[index] {
                case .jump(let target): open.append(target)
                case .split(let first, let second): open += [second, first]
                case .assertion(let assertion): if holds(assertion, at: place, in: text) { open.append(index + 1) }
                case .character: list.append(index)
                case .match: isMatched = true
                }
            }
        }

        for place in 0...text.count {
            // `seen` is of this place: those that came from the place before were followed into `now` with it.
            follow(0, at: place, into: &now)
            if isMatched { return true }
            guard place < text.count else { return false }
            try charge(16 + 4 * now.count)
            next.removeAll(keepingCapacity: true)
            for index in now {
                if case .character(let set) = program[index], set.contains(text[place]) { follow(index + 1, at: place + 1, into: &next) }
            }
            if isMatched { return true }
            swap(&now, &next)
        }
        return false
    }

    private func holds(_ assertion: Assertion, at place: Int, in text: [Unicode.Scalar]) -> Bool {
        func isWord(_ index: Int) -> Bool { text.indices.contains(index) && CharacterSet.word.contains(text[index]) }
        return switch assertion {
        case .textBegin: place == 0
        case .textEnd: place == text.count
        case .lineBegin: place == 0 || text[place - 1] == "\n"
        case .lineEnd: place == text.count || text[place] == "\n"
        case .wordBoundary: isWord(place - 1) != isWord(place)
        case .noWordBoundary: isWord(place - 1) == isWord(place)
        }
    }
}

/// What is wrong with a pattern.
public struct RegexProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The whole sentence, beginning with `error parsing regexp: `.
    public var message: String
    /// True for syntax that RE2 has and this does not.
    public var isUnsupported = false
    /// The message.
    public var description: String { message }

    init(_ code: String, _ part: String) { message = "error parsing regexp: \(code): `\(part)`" }
    init(unsupported what: String) {
        message = "error parsing regexp: \(what)"
        isUnsupported = true
    }
}

/// A pattern as a tree.
indirect enum RegexPiece: Sendable {
    case empty
    case character(CharacterSet)
    case assertion(RegexPattern.Assertion)
    case sequence([RegexPiece])
    case choice([RegexPiece])
    /// `most` nil: any number.
    case repeated(RegexPiece, least: Int, most: Int?)

    /// How often the innermost part is copied at most.
    var copies: Int {
        switch self {
        case .empty, .character, .assertion: 1
        case .sequence(let parts), .choice(let parts): parts.map(\.copies).max() ?? 1
        case .repeated(let part, let least, let most): max(1, most ?? least) * part.copies
        }
    }
}

/// Writes the instructions of a tree.
struct RegexCompiler {
    private(set) var program: [RegexPattern.Instruction] = []

    mutating func emit(_ piece: RegexPiece) throws(RegexProblem) {
        guard program.count < RegexPattern.instructionLimit else {
            throw RegexProblem(unsupported: "expression too large: it needs more than \(RegexPattern.instructionLimit) instructions")
        }
        switch piece {
        case .empty: break
        case .character(let set): program.append(.character(set))
        case .assertion(let assertion): program.append(.assertion(assertion))
        case .sequence(let parts): for part in parts { try emit(part) }
        case .choice(let parts):
            var exits: [Int] = []
            for part in parts.dropLast() {
                let split: Int = program.count
                program.append(.match)
                try emit(part)
                exits.append(program.count)
                program.append(.match)
                program[split] = .split(split + 1, program.count)
            }
            if let last = parts.last { try emit(last) }
            for exit in exits { program[exit] = .jump(program.count) }
        case .repeated(let part, let least, let most):
            for _ in 0..<least { try emit(part) }
            guard let most else {
                let split: Int = program.count
                program.append(.match)
                try emit(part)
                program.append(.jump(split))
                program[split] = .split(split + 1, program.count)
                return
            }
            var splits: [Int] = []
            for _ in least..<max(least, most) {
                splits.append(program.count)
                program.append(.match)
                try emit(part)
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
    }
}
