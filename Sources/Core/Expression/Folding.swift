/// Computes what is known before the run. Some of it can be seen: `x || true` is true whatever x would do, and
/// `x && true` is x itself, even where x is no boolean.
enum Folding {
    /// - Returns: the tree and its root; unused nodes stay in the arena.
    static func fold(_ syntax: Syntax, root: NodeID, source: String) throws(ExpressionError) -> (syntax: Syntax, root: NodeID) {
        var folded = syntax
        for id in syntax.nodes.indices {
            do {
                if let node = try replacement(for: folded.nodes[id], in: folded) { folded.replace(id, with: node) }
            } catch let fault {
                throw ExpressionError(.type, fault.message, at: Int(syntax.offsets[id]), in: source)
            }
        }
        return (folded, target(root, folded))
    }

    private static func target(_ id: NodeID, _ syntax: Syntax) -> NodeID {
        if case .alias(let other) = syntax.nodes[id] { other } else { id }
    }

    private static func replacement(for node: Node, in syntax: Syntax) throws(Fault) -> Node? {
        switch node {
        case .unary(let unary, let operand): return Self.unary(unary, syntax.nodes[target(operand, syntax)])
        case .binary(let binary, let left, let right):
            return try Self.binary(binary, target(left, syntax), target(right, syntax), syntax)
        case .list(let elements) where !elements.isEmpty:
            var values: [ExpressionValue] = []
            for element in elements {
                guard let value = literal(syntax.nodes[target(element, syntax)]) else { return nil }
                values.append(value)
            }
            return .constant(.array(values))
        default: return nil
        }
    }

    private static func literal(_ node: Node) -> ExpressionValue? {
        switch node {
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        case .string(let value): .string(value)
        default: nil
        }
    }

    private static func node(_ value: ExpressionValue) -> Node? {
        switch value {
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        case .string(let value): .string(value)
        default: nil
        }
    }

    private static func unary(_ unary: UnaryOperator, _ operand: Node) -> Node? {
        switch (unary, operand) {
        case (.minus, .int(let value)): .int(0 &- value)
        case (.minus, .float(let value)): .float(-value)
        case (.plus, .int), (.plus, .float): operand
        case (.not, .bool(let value)), (.bang, .bool(let value)): .bool(!value)
        default: nil
        }
    }

    private static func binary(_ binary: BinaryOperator, _ left: NodeID, _ right: NodeID, _ syntax: Syntax) throws(Fault) -> Node? {
        let (l, r) = (syntax.nodes[left], syntax.nodes[right])
        if binary.isConjunction || binary.isDisjunction {
            let neutral = binary.isConjunction
            if case .bool(neutral) = l { return .alias(right) }
            if case .bool(neutral) = r { return .alias(left) }
            if case .bool = l { return .bool(!neutral) }
            if case .bool = r { return .bool(!neutral) }
            return nil
        }
        guard let a = literal(l), let b = literal(r) else { return nil }
        switch (binary, a, b) {
        case (.remainder, .int, .int(0)): throw Fault("integer divide by zero")
        case (.remainder, .int, .int): return node(try Arithmetic.remainder(a, b))
        case (.equal, .int(let x), .int(let y)): return .bool(x == y)
        case (.equal, .string(let x), .string(let y)): return .bool(sameBytes(x, y))
        case (.equal, .bool(let x), .bool(let y)): return .bool(x == y)
        // Joined text stays a sum where it is long: folding must not multiply the text of the source.
        case (.add, .string(let x), .string(let y)): return x.utf8.count + y.utf8.count < 4096 ? .string(x + y) : nil
        case (.add, _, _) where a.isNumber && b.isNumber: return node(try Arithmetic.add(a, b))
        case (.subtract, _, _) where a.isNumber && b.isNumber: return node(try Arithmetic.subtract(a, b))
        case (.multiply, _, _) where a.isNumber && b.isNumber: return node(try Arithmetic.multiply(a, b))
        case (.divide, _, _) where a.isNumber && b.isNumber: return node(try Arithmetic.divide(a, b))
        case (.doubleStar, _, _) where a.isNumber && b.isNumber, (.caret, _, _) where a.isNumber && b.isNumber:
            return node(try Arithmetic.power(a, b))
        default: return nil
        }
    }
}
