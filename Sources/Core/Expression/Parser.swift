/// Precedence climbing over the tokens of one text. It knows the grammar and the scopes of `let` and `#`, but no types
/// and no environment.
struct Parser {
    private var lexer: Lexer
    private let source: String
    private let limits: ExpressionLimits
    var current = Token(kind: .end, text: "", offset: 0)
    private var stashed: Token?
    var syntax = Syntax()
    private var nodeCount = 0
    private var nesting = 0
    private var locals: [(name: String, slot: Int, value: NodeID)] = []
    private var scopes: [(function: PredicateFunction, collection: NodeID)] = []

    /// The tree of a text and its root.
    static func parse(_ source: String, limits: ExpressionLimits) throws(ExpressionError) -> (syntax: Syntax, root: NodeID) {
        guard source.utf8.count <= limits.sourceBytes else {
            throw ExpressionError(.limit, "the expression has \(source.utf8.count) bytes; the limit is \(limits.sourceBytes)")
        }
        var parser = Parser(source, limits)
        try parser.advance()
        let root = try parser.sequence()
        if parser.current.kind != .end { throw parser.unexpected() }
        return (parser.syntax, root)
    }

    private init(_ source: String, _ limits: ExpressionLimits) {
        self.source = source
        self.limits = limits
        lexer = Lexer(source)
    }

    // MARK: Tokens

    mutating func advance() throws(ExpressionError) {
        if let token = stashed {
            current = token
            stashed = nil
            return
        }
        do {
            current = try lexer.next()
        } catch {
            throw ExpressionError(.syntax, error.message, at: error.offset, in: source)
        }
    }

    func error(_ message: String, at token: Token? = nil, kind: ExpressionError.Kind = .syntax) -> ExpressionError {
        ExpressionError(kind, message, at: (token ?? current).offset, in: source)
    }

    func unexpected() -> ExpressionError { error("unexpected token \(current.description)") }

    mutating func expect(operator text: String) throws(ExpressionError) {
        guard current.isOperator(text) else { throw unexpected() }
        try advance()
    }

    mutating func expect(bracket text: String) throws(ExpressionError) {
        guard current.isBracket(text) else { throw unexpected() }
        try advance()
    }

    mutating func expectIdentifier() throws(ExpressionError) -> Token {
        guard current.kind == .identifier else { throw unexpected() }
        let token = current
        try advance()
        return token
    }

    // MARK: Nodes

    /// Counts a syntax node; names of members and implicit operators count as well.
    mutating func count(_ nodes: Int = 1) throws(ExpressionError) {
        nodeCount += nodes
        if nodeCount > limits.nodes { throw error("compilation failed: expression exceeds maximum allowed nodes", kind: .limit) }
    }

    mutating func add(_ node: Node, at offset: Int) throws(ExpressionError) -> NodeID {
        try count()
        return try addUncounted(node, at: offset)
    }

    mutating func addUncounted(_ node: Node, at offset: Int) throws(ExpressionError) -> NodeID {
        let id = syntax.add(node, at: offset)
        if Int(syntax.depths[id]) > limits.nesting { throw tooDeep() }
        return id
    }

    private func tooDeep() -> ExpressionError {
        error("the expression is nested more than \(limits.nesting) levels deep", kind: .limit)
    }

    // MARK: Expressions

    /// Expressions separated by `;`, the value of which is that of the last.
    mutating func sequence() throws(ExpressionError) -> NodeID { try sequence(startingWith: try expression(0)) }

    private mutating func sequence(startingWith first: NodeID) throws(ExpressionError) -> NodeID {
        var parts = [first]
        while current.isOperator(";") {
            try advance()
            if current.kind == .end { break }
            parts.append(try expression(0))
        }
        return parts.count == 1 ? parts[0] : try add(.sequence(parts), at: Int(syntax.offsets[parts[0]]))
    }

    /// An expression whose binary operators bind at least as strongly as `level`.
    ///
    /// Runs of prefix operators and of parentheses are kept on a stack of our own: they are what people nest deepest.
    mutating func expression(_ outerLevel: Int) throws(ExpressionError) -> NodeID {
        nesting += 1
        defer { nesting -= 1 }
        if nesting > limits.nesting { throw tooDeep() }
        var level = outerLevel
        var open: [Prefix] = []
        var left: NodeID
        while true {
            if level == 0, let statement = try statement() {
                left = statement
                break
            }
            if current.kind == .operator, let unary = UnaryOperator(rawValue: current.text) {
                open.append(Prefix(unary: unary, offset: current.offset, level: level))
                level = unary.level
            } else if current.isBracket("(") {
                open.append(Prefix(unary: nil, offset: current.offset, level: level))
                level = 0
            } else {
                left = try operations(try operand(), level)
                break
            }
            try advance()
        }
        while let prefix = open.popLast() {
            if let unary = prefix.unary {
                left = try add(.unary(unary, left), at: prefix.offset)
            } else {
                left = try sequence(startingWith: left)
                try expect(bracket: ")")
            }
            left = try operations(try postfix(left), prefix.level)
        }
        return left
    }

    /// A prefix operator or an opened parenthesis, and the level that goes on behind its operand.
    private struct Prefix {
        var unary: UnaryOperator?
        var offset: Int
        var level: Int
    }

    /// `let` or `if`; nil where neither stands here.
    private mutating func statement() throws(ExpressionError) -> NodeID? {
        guard current.kind == .operator else { return nil }
        if current.text == "let" { return try declaration() }
        if current.text == "if" { return try conditionalBlock() }
        return nil
    }

    /// The operators behind an operand, and what they combine it with.
    private mutating func operations(_ operand: NodeID, _ level: Int) throws(ExpressionError) -> NodeID {
        var left = operand
        var previous: BinaryOperator?
        while current.kind == .operator {
            if level == 0, current.isOperator("|") {
                try advance()
                let name = try expectIdentifier()
                left = try call(name, piped: left)
                previous = nil
                continue
            }
            guard let (binary, token, notToken) = try binaryOperator(level) else { break }
            if previous == .coalesce, binary != .coalesce {
                throw error("Operator (\(binary.rawValue)) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.")
            }
            try advance()
            if binary.isOrder {
                left = try comparisons(left, binary, token)
            } else {
                let right = try expression(binary.isRightAssociative ? binary.level : binary.level + 1)
                left = try add(.binary(binary, left, right), at: token)
                if let notToken { left = try add(.unary(.not, left), at: notToken) }
            }
            previous = binary
        }
        return level == 0 ? try ternaries(left) : left
    }

    /// The binary operator that stands here and binds strongly enough, with its place and that of a `not` before it.
    private mutating func binaryOperator(_ level: Int) throws(ExpressionError) -> (BinaryOperator, Int, Int?)? {
        guard current.isOperator("not") else {
            guard let binary = BinaryOperator(rawValue: current.text), binary.level >= level else { return nil }
            return (binary, current.offset, nil)
        }
        let notToken = current
        try advance()
        guard current.kind == .operator, let binary = BinaryOperator(rawValue: current.text), binary.isNegatable else { throw unexpected() }
        if binary.level >= level { return (binary, current.offset, notToken.offset) }
        stashed = current
        current = notToken
        return nil
    }

    /// A run of `< > <= >=`: the conjunction of neighbours, which share their operand.
    private mutating func comparisons(_ first: NodeID, _ firstOperator: BinaryOperator, _ firstOffset: Int) throws(ExpressionError) -> NodeID {
        var (left, binary, offset) = (first, firstOperator, firstOffset)
        var root: NodeID?
        while true {
            let right = try expression(binary.level + 1)
            let comparison = try add(.binary(binary, left, right), at: offset)
            root = if let root { try add(.binary(.doubleAmpersand, root, comparison), at: offset) } else { comparison }
            left = right
            guard current.kind == .operator, let following = BinaryOperator(rawValue: current.text), following.isOrder else { break }
            (binary, offset) = (following, current.offset)
            try advance()
        }
        return root!
    }

    private mutating func ternaries(_ condition: NodeID) throws(ExpressionError) -> NodeID {
        var node = condition
        while current.isOperator("?") {
            let token = current
            try advance()
            var first = node
            if !current.isOperator(":") { first = try expression(0) }
            try expect(operator: ":")
            let second = try expression(0)
            node = try add(.conditional(node, first, second), at: token.offset)
        }
        return node
    }

    private mutating func declaration() throws(ExpressionError) -> NodeID {
        try expect(operator: "let")
        let name = try expectIdentifier()
        let redeclares = locals.contains { sameBytes($0.name, name.text) }
        _ = try addUncounted(.declaration(name.text, redeclares: redeclares), at: name.offset)
        try expect(operator: "=")
        let value = try expression(0)
        try expect(operator: ";")
        let slot = syntax.localCount
        syntax.localCount += 1
        locals.append((name: name.text, slot: slot, value: value))
        let body = try sequence()
        locals.removeLast()
        return try add(.assignment(slot: slot, value: value, body: body), at: name.offset)
    }

    private mutating func conditionalBlock() throws(ExpressionError) -> NodeID {
        nesting += 1
        defer { nesting -= 1 }
        if nesting > limits.nesting { throw tooDeep() }
        let token = current
        try advance()
        let condition = try expression(0)
        let first = try block()
        try expect(operator: "else")
        let second = current.isOperator("if") ? try conditionalBlock() : try block()
        return try addUncounted(.conditional(condition, first, second), at: token.offset)
    }

    private mutating func block() throws(ExpressionError) -> NodeID {
        try expect(bracket: "{")
        let body = try sequence()
        try expect(bracket: "}")
        return body
    }

    // MARK: Scopes

    /// A name that is no literal: a `let` variable, `$env` or something of the environment.
    func resolve(_ name: String, called: Bool) -> Node {
        if let local = locals.last(where: { sameBytes($0.name, name) }) { return .local(slot: local.slot, value: local.value) }
        if name == "$env" { return .environment }
        return called ? .functionName(name) : .name(name)
    }

    /// Where `#` points; nil outside a predicate.
    var pointerScope: (function: PredicateFunction, collection: NodeID)? { scopes.last }

    mutating func predicate(of function: PredicateFunction, over collection: NodeID) throws(ExpressionError) -> NodeID {
        scopes.append((function: function, collection: collection))
        var node: NodeID
        if current.isBracket("{") {
            try advance()
            node = try sequence()
            scopes.removeLast()
            try expect(bracket: "}")
        } else {
            node = try expression(0)
            if current.isOperator(";") { throw error("wrap predicate with brackets { and }") }
            scopes.removeLast()
        }
        try count()
        return node
    }
}
