/// Matches a text against the regular expression of a schema, in time proportional to the text.
///
/// Understands what patterns in resource definitions are made of: literals, `.`, classes, groups, alternatives,
/// repetitions with counts, `^` and `$`, and the escapes `\d \w \s` and their opposites. The match may stand anywhere
/// in the text, as everywhere in JSON Schema.
struct PatternMatcher: Sendable {
    /// The expression as written.
    let source: String
    private let program: [Instruction]

    /// Repetitions are unrolled; a pattern that grows beyond this is not worth its memory and is not checked.
    private static let maxInstructions = 20_000

    /// Nil if the expression uses a construct that is not understood.
    init?(_ source: String) {
        var parser = PatternParser(source)
        guard let tree = parser.parse() else { return nil }
        var program: [Instruction] = []
        guard PatternMatcher.emit(tree, into: &program), program.count < Self.maxInstructions else { return nil }
        program.append(.accept)
        self.source = source
        self.program = program
    }

    enum Instruction: Sendable {
        case consume(ScalarClass)
        case split(Int, Int)
        case jump(Int)
        case atStart
        case atEnd
        case accept
    }

    private static func emit(_ tree: PatternTree, into program: inout [Instruction]) -> Bool {
        guard program.count < maxInstructions else { return false }
        switch tree {
        case .empty: break
        case .scalars(let scalars): program.append(.consume(scalars))
        case .start: program.append(.atStart)
        case .end: program.append(.atEnd)
        case .sequence(let parts):
            for part in parts { guard emit(part, into: &program) else { return false } }
        case .choice(let branches):
            var exits: [Int] = []
            for (index, branch) in branches.enumerated() {
                guard index < branches.count - 1 else { return emit(branch, into: &program) && land(exits, in: &program) }
                let split: Int = program.count
                program.append(.jump(0))
                guard emit(branch, into: &program) else { return false }
                exits.append(program.count)
                program.append(.jump(0))
                program[split] = .split(split + 1, program.count)
            }
        case .repeated(let part, let least, let most):
            for _ in 0..<least { guard emit(part, into: &program) else { return false } }
            if let most {
                var splits: [Int] = []
                for _ in least..<max(least, most) {
                    splits.append(program.count)
                    program.append(.jump(0))
                    guard emit(part, into: &program) else { return false }
                }
                for split in splits { program[split] = .split(split + 1, program.count) }
            } else {
                let split: Int = program.count
                program.append(.jump(0))
                guard emit(part, into: &program) else { return false }
                program.append(.jump(split))
                program[split] = .split(split + 1, program.count)
            }
        }
        return true
    }

    private static func land(_ exits: [Int], in program: inout [Instruction]) -> Bool {
        for exit in exits { program[exit] = .jump(program.count) }
        return true
    }

    /// Whether the expression matches somewhere in `text`.
    func matches(_ text: String) -> Bool {
        let scalars: [Unicode.Scalar] = Array(text.unicodeScalars)
        var current = Threads(count: program.count)
        var next = Threads(count: program.count)
        for position in 0...scalars.count {
            // A match may begin anywhere, so a new attempt starts at every position.
            if follow(0, at: position, of: scalars.count, into: &current) { return true }
            guard position < scalars.count else { return false }
            for instruction in current.members {
                guard case .consume(let allowed) = program[instruction], allowed.contains(scalars[position]) else { continue }
                if follow(instruction + 1, at: position + 1, of: scalars.count, into: &next) { return true }
            }
            swap(&current, &next)
            next.clear()
        }
        return false
    }

    /// Adds every consuming instruction that can be reached without consuming; true if that is already a match.
    private func follow(_ start: Int, at position: Int, of count: Int, into threads: inout Threads) -> Bool {
        var pending: [Int] = [start]
        while let instruction = pending.popLast() {
            guard threads.insert(instruction) else { continue }
            switch program[instruction] {
            case .accept: return true
            case .consume: break
            case .jump(let target): pending.append(target)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .atStart: if position == 0 { pending.append(instruction + 1) }
            case .atEnd: if position == count { pending.append(instruction + 1) }
            }
        }
        return false
    }

    /// The instructions that a position of the text has reached.
    private struct Threads {
        private(set) var members: [Int] = []
        private var isMember: [Bool]

        init(count: Int) { isMember = Array(repeating: false, count: count) }

        mutating func insert(_ instruction: Int) -> Bool {
            if isMember[instruction] { return false }
            isMember[instruction] = true
            members.append(instruction)
            return true
        }

        mutating func clear() {
            for member in members { isMember[member] = false }
            members.removeAll(keepingCapacity: true)
        }
    }
}
