/// What one expression may cost. Conditions are written by users, so each bound ends in an error, never in a crash or a hang.
public struct ExpressionLimits: Sendable, Equatable {
    /// Bytes of source text. A condition is one field of an object that etcd stores in at most 1.5 MB.
    public var sourceBytes: Int
    /// Syntax nodes, counted as the reference does.
    public var nodes: Int
    /// Levels of lists, calls, `let`, `if` and else-branches within each other; parentheses and signs do not count. Bounds the
    /// stack: debug builds take up to 25 KB a level (the nesting tests pass with 5 MB), threads have 8 MB.
    public var nesting: Int
    /// Evaluated nodes and visited elements. Five million are well under a second.
    public var steps: Int
    /// Elements in lists and maps that the expression itself creates; the run ends when the sum reaches it.
    public var memory: Int
    /// Bytes in strings that the expression itself creates.
    public var textBytes: Int

    public init(
        sourceBytes: Int = 131_072, nodes: Int = 10_000, nesting: Int = 200,
        steps: Int = 5_000_000, memory: Int = 1_000_000, textBytes: Int = 16_777_216
    ) {
        self.sourceBytes = sourceBytes
        self.nodes = nodes
        self.nesting = nesting
        self.steps = steps
        self.memory = memory
        self.textBytes = textBytes
    }

    public static let standard = ExpressionLimits()
}

/// Levels of lists in lists (or maps) that a walk over a value follows before it gives up.
let maximumValueDepth = 1_000

/// Why an operation cannot give a value; the machine or the checker adds the position.
struct Fault: Error, Equatable {
    var message: String
    init(_ message: String) { self.message = message }
}

/// What is left of the limits during one run.
struct Budget {
    private(set) var steps: Int
    private(set) var memory: Int
    private(set) var textBytes: Int
    private let limits: ExpressionLimits
    /// What `now()` says, in nanoseconds since 1970; nil where nobody gave a clock.
    let now: Int64?

    init(_ limits: ExpressionLimits, now: Int64? = nil) {
        self.limits = limits
        self.now = now
        steps = limits.steps
        memory = limits.memory
        textBytes = limits.textBytes
    }

    /// One evaluated node or visited element.
    @inline(__always)
    mutating func step() throws(Fault) {
        steps -= 1
        if steps < 0 { throw outOfSteps() }
    }

    /// A quick pass (a copy, a scan) over so many elements or bytes.
    mutating func pass(over count: Int) throws(Fault) {
        steps -= 1 + count / 16
        if steps < 0 { throw outOfSteps() }
    }

    /// So many new elements. Reaching the limit already is too much, as in the reference.
    mutating func grow(by count: Int) throws(Fault) {
        memory -= min(count, memory)
        if memory <= 0 { throw Fault("memory budget exceeded") }
    }

    /// So many bytes of new text.
    mutating func text(_ count: Int) throws(Fault) {
        textBytes -= min(count, textBytes)
        if textBytes <= 0 { throw Fault("memory budget exceeded") }
        try pass(over: count)
    }

    private func outOfSteps() -> Fault {
        Fault("the evaluation needs more than \(limits.steps) steps; simplify the condition or query less data")
    }
}
