import Expression

extension Target {
    /// Any text, for a measured value that the first byte chooses: it compiles or is refused with a place, it has the same
    /// value each time, and it stays within its limits.
    static let expression = Target(name: "expression") { input in
        guard let first = input.first else { return }
        let text = String(decoding: input.dropFirst(), as: UTF8.self)
        let result: ExpressionValue = results[Int(first) % results.count]
        // Types may be those of the value, or not be known before the run.
        let type: ExpressionType = first >= 0x80 ? .unknown : result.type
        switch outcome({ () throws(ExpressionError) in try compiled(text, type) }) {
        case .failure(let error):
            isPlaced(error, text)
            require(error.isCompileError, "compiling does not run: \(error)")
            require(outcome { () throws(ExpressionError) in try compiled(text, type).source } == .failure(error), "a text is refused each time for the same reason")
        case .success(let expression):
            let once: String = shown(expression, result, text)
            require(shown(expression, result, text) == once, "an expression has one value: \(once)")
            if let again = try? compiled(text, type) { require(shown(again, result, text) == once, "a text has one meaning: \(once)") }
        }
        isJudged(text, result)
    }

    /// Small, so that many inputs are tried; what matters is that nothing escapes them.
    private static let limits = ExpressionLimits(steps: 20_000, memory: 20_000, textBytes: 100_000)

    private static let results: [ExpressionValue] = [
        .null, .float(0.99), .floats([0.2, 3]), .floats([]), .string("text"), .bool(true), .int64(7),
        .array([.float(1), .string("a"), .null, .array([.int(1)])]),
        .map(["a": .float(1), "b": .array([.bool(false)]), "ok": .bool(true)]),
        .array([.map(["name": .string("x"), "value": .float(2)]), .map(["name": .string("y")])]),
        .float(.nan), .ints([1, 2, 3]), .strings(["x", "é"]), .rawString([0xFF, 0x41]), .bytes([1, 2]), .duration(nanoseconds: 5),
        .typedArray(.map(name: "row"), [.map(["a": .float(2)])]), .uint64(.max), .time(nanoseconds: 1_772_359_200_000_000_000),
    ]

    private static func compiled(_ text: String, _ type: ExpressionType) throws(ExpressionError) -> CompiledExpression {
        try CompiledExpression(compiling: text, environment: .condition(result: type), limits: limits)
    }

    private static func shown(_ expression: CompiledExpression, _ result: ExpressionValue, _ text: String) -> String {
        switch outcome({ () throws(ExpressionError) in try expression.evaluate(result: result) }) {
        case .success(let value):
            // A map prints its entries in any order, and a value with NaN in it is not equal to itself: what is compared are the
            // characters of the text, in their order.
            return String("\(expression.resultType.name) \(value.typeName) \(value)".unicodeScalars.sorted().map(Character.init))
        case .failure(let error):
            isPlaced(error, text)
            require(!error.isCompileError, "running does not compile: \(error)")
            return error.description
        }
    }

    private static func isPlaced(_ error: ExpressionError, _ text: String) {
        require(!error.message.isEmpty, "an error has words")
        guard let position = error.position else { return require(error.snippet.isEmpty, "no place, no line") }
        let scalars: String.UnicodeScalarView = text.unicodeScalars
        require((0...scalars.count).contains(position.offset), "an error is within the text: \(error), \(scalars.count) characters")
        let before = scalars.prefix(position.offset)
        require(position.line == 1 + before.count { $0 == "\n" }, "an error has its line: \(error)")
        let column: Int = 1 + (before.lastIndex(of: "\n").map { before.distance(from: $0, to: before.endIndex) - 1 } ?? before.count)
        require(position.column == column, "an error has its column: \(error)")
        require(error.snippet.unicodeScalars.count < 600, "the line that is shown is short")
    }

    /// What analysis calls.
    private static func isJudged(_ text: String, _ result: ExpressionValue) {
        let condition = Condition(.success, text)
        let problem: ExpressionError? = condition.problem(for: result.type)
        if let problem {
            isPlaced(problem, text)
            guard case .failure(let error) = outcome({ () throws(ExpressionError) in try condition.holds(for: result) }) else {
                broken("what does not compile does not hold: \(text)")
            }
            require(error.message.contains("successCondition"), "the condition is named: \(error.message)")
        }
    }
}
