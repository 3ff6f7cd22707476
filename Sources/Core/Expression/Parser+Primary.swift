extension Parser {
    /// An operand with what follows it directly: members, indexes, calls.
    mutating func operand() throws(ExpressionError) -> NodeID {
        let token = current
        if let scope = pointerScope, token.isOperator("#") || token.isOperator(".") {
            var name = ""
            if token.isOperator("#") {
                try advance()
                if current.kind == .identifier {
                    name = current.text
                    try advance()
                }
            }
            let pointer = Node.pointer(name: name, collection: scope.collection, function: scope.function)
            return try postfix(try add(pointer, at: token.offset))
        }
        if token.isOperator("::") {
            try advance()
            let name = try expectIdentifier()
            return try postfix(try call(name, piped: nil))
        }
        return try literalOrName()
    }

    private mutating func literalOrName() throws(ExpressionError) -> NodeID {
        let token = current
        switch token.kind {
        case .identifier:
            try advance()
            switch token.text {
            case "true": return try add(.bool(true), at: token.offset)
            case "false": return try add(.bool(false), at: token.offset)
            case "nil": return try add(.null, at: token.offset)
            default: break
            }
            if current.isBracket("(") { return try postfix(try call(token, piped: nil)) }
            return try postfix(try add(resolve(token.text, called: false), at: token.offset))
        case .number:
            try advance()
            let literal: Node
            do {
                literal = try NumberLiteral.node(token.text)
            } catch let fault {
                throw error(fault.message, at: token)
            }
            return try add(literal, at: token.offset)
        case .string:
            try advance()
            return try postfix(try add(.string(token.text), at: token.offset))
        case .bytes:
            try advance()
            return try postfix(try add(.constant(.bytes(token.bytes)), at: token.offset))
        case .bracket where token.text == "[":
            return try postfix(try list())
        case .bracket where token.text == "{":
            return try postfix(try map())
        case .bracket, .operator, .end:
            throw unexpected()
        }
    }

    private mutating func list() throws(ExpressionError) -> NodeID {
        let token = current
        return try add(.list(try items(from: "[", to: "]")), at: token.offset)
    }

    /// Expressions between brackets, separated by commas, with one more comma allowed at the end.
    private mutating func items(from open: String, to close: String) throws(ExpressionError) -> [NodeID] {
        var items: [NodeID] = []
        try expect(bracket: open)
        while !current.isBracket(close) {
            if !items.isEmpty {
                try expect(operator: ",")
                if current.isBracket(close) { break }
            }
            items.append(try expression(0))
        }
        try expect(bracket: close)
        return items
    }

    private mutating func map() throws(ExpressionError) -> NodeID {
        let token = current
        var entries: [Node.MapEntry] = []
        try expect(bracket: "{")
        while !current.isBracket("}") {
            if !entries.isEmpty {
                try expect(operator: ",")
                if current.isBracket("}") { break }
            }
            let key: NodeID
            switch current.kind {
            case .number, .string, .identifier:
                key = try add(.string(current.text), at: current.offset)
                try advance()
            case .bracket where current.text == "(":
                key = try expression(0)
            default:
                throw error("a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses (unexpected token \(current.description))")
            }
            try expect(operator: ":")
            let value = try expression(0)
            try count()
            entries.append(Node.MapEntry(key: key, value: value))
        }
        try expect(bracket: "}")
        return try add(.map(entries), at: token.offset)
    }

    /// What follows an operand: `.name`, `?.name`, `[index]`, `?.[index]`, `[from:to]`, and calls of members.
    mutating func postfix(_ start: NodeID) throws(ExpressionError) -> NodeID {
        var node = start
        var chained = false
        // A chain of `?.` goes on to the right, also across parentheses: its end is put behind the last link.
        func open(_ syntax: Syntax, _ id: NodeID) -> (NodeID, Bool) {
            if case .chain(let inner) = syntax.nodes[id] { (inner, true) } else { (id, false) }
        }
        while true {
            let token = current
            var optional = false
            if token.isOperator("?.") {
                optional = true
                try advance()
            } else if token.isOperator(".") {
                try advance()
            } else if !token.isBracket("[") {
                break
            }
            (node, chained) = chained ? (node, true) : open(syntax, node)
            if current.isBracket("[") {
                node = try index(of: node, optional: optional)
            } else if token.isBracket("[") {
                throw unexpected()
            } else {
                node = try member(of: node, optional: optional)
            }
            if optional {
                try count()
                chained = true
            }
        }
        return chained ? try addUncounted(.chain(node), at: Int(syntax.offsets[node])) : node
    }

    private mutating func member(of base: NodeID, optional: Bool) throws(ExpressionError) -> NodeID {
        let name = current
        if name.kind == .end { throw error("unexpected end of expression") }
        guard name.kind == .identifier || name.kind == .operator && Lexer.isWordOperator(name.text) else { throw error("expected name") }
        try advance()
        let key = try add(.string(name.text), at: name.offset)
        let member = try add(.member(base, key, optional: optional), at: name.offset)
        guard current.isBracket("(") else { return member }
        return try add(.call(member, try items(from: "(", to: ")")), at: name.offset)
    }

    private mutating func index(of base: NodeID, optional: Bool) throws(ExpressionError) -> NodeID {
        let token = current
        try expect(bracket: "[")
        var from: NodeID?
        if !current.isOperator(":") {
            let key = try expression(0)
            if !current.isOperator(":") {
                let node = try add(.member(base, key, optional: optional), at: token.offset)
                try expect(bracket: "]")
                return node
            }
            from = key
        }
        try advance()
        let to: NodeID? = current.isBracket("]") ? nil : try expression(0)
        let node = try add(.slice(base, from: from, to: to), at: token.offset)
        try expect(bracket: "]")
        return node
    }

    /// The call of a name; `piped` is the first argument where it stands before a `|`.
    mutating func call(_ name: Token, piped: NodeID?) throws(ExpressionError) -> NodeID {
        if let function = PredicateFunction(rawValue: name.text) { return try predicateCall(function, name, piped: piped) }
        let first = piped.map { [$0] } ?? []
        if Builtin.isName(name.text) {
            return try add(.builtin(name.text, first + (try items(from: "(", to: ")"))), at: name.offset)
        }
        let callee = try add(resolve(name.text, called: true), at: name.offset)
        return try add(.call(callee, first + (try items(from: "(", to: ")"))), at: name.offset)
    }

    private mutating func predicateCall(_ function: PredicateFunction, _ name: Token, piped: NodeID?) throws(ExpressionError) -> NodeID {
        try expect(bracket: "(")
        let parameters = piped == nil ? function.parameters[...] : function.parameters.dropFirst()
        var collection = piped
        var (predicate, extra): (NodeID?, NodeID?) = (nil, nil)
        for (position, parameter) in parameters.enumerated() {
            let isOptional = parameter == .optionalExpression || parameter == .optionalPredicate
            if current.isBracket(")") {
                if isOptional { break }
                throw error("expected at least \(parameters.count) arguments")
            }
            if position > 0 {
                try expect(operator: ",")
                if isOptional, current.isBracket(")") { break }
            }
            switch parameter {
            case .expression: collection = try expression(0)
            case .optionalExpression: extra = try expression(0)
            case .predicate, .optionalPredicate: predicate = try self.predicate(of: function, over: collection!)
            }
        }
        if current.isOperator(",") { try advance() }
        try expect(bracket: ")")
        return try add(.predicateCall(function, collection: collection!, predicate: predicate, extra: extra), at: name.offset)
    }
}
