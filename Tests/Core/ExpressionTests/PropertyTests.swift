import Testing
@testable import Expression

/// A small seeded generator, so that a failing seed can be run again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Any text") struct PropertyTests {
    static let words: [String] = [
        "result", "result", "#", "#index", "#acc", ".a", "x", "1", "0", "2.5", "'s'", "\"t\"", "`r`", "b'z'", "nil", "true", "false", "(", ")", "[", "]",
        "{", "}", ",", ";", ":", "::", "?", "??", "?.", ".", "..", "|", "||", "&&", "and", "or", "not", "!", "in", "contains", "startsWith", "matches",
        "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "**", "let x =", "if", "else", "len(", "all(", "map(", "filter(", "sum(", "max(",
        "isNaN(", "asFloat(", "asInt(", "default(", "isNil(", "reduce(", "sortBy(", "groupBy(", "get(", "string(", "sort(", "repeat(", "split(", "keys(",
        "$env", "1..3", "a:", "@", "'", "/*", "//", "é", "0x", "1e", "9223372036854775807",
    ]

    static let values: [ExpressionValue] = [
        .null, .float(1), .float(.nan), .floats([]), .floats([0.2, 3]), .string("text"), .bool(true), .array([.float(1), .string("a"), .null]),
        .map(["a": .float(1), "b": .array([.bool(false)])]), .ints([1, 2]), .int64(7), .typedArray(.map(name: "row"), [.map(["a": .float(2)])]),
        .rawString([0xFF, 0x41]), .bytes([1]), .duration(nanoseconds: 5),
    ]

    /// Small limits: what matters is that nothing escapes them.
    static let limits = ExpressionLimits(steps: 20_000, memory: 20_000, textBytes: 100_000)

    private func outcome(_ text: String, _ value: ExpressionValue) -> String {
        do {
            let compiled = try CompiledExpression(compiling: text, environment: .condition(result: value.type), limits: Self.limits)
            var budget = Budget(.standard)
            let answer = try compiled.evaluate(result: value)
            return "\(compiled.resultType.name) \(answer.typeName) \((try? TextForm.string(of: answer, &budget)) ?? "")"
        } catch {
            #expect(!error.message.isEmpty)
            return error.description
        }
    }

    @Test(arguments: UInt64(0)..<8) func ofRandomTokensNeverCrashesAndAlwaysMeansTheSame(seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<1_500 {
            let count = Int.random(in: 1...14, using: &random)
            let text = (0..<count).map { _ in Self.words.randomElement(using: &random)! }.joined(separator: Bool.random(using: &random) ? " " : "")
            let value = Self.values.randomElement(using: &random)!
            #expect(outcome(text, value) == outcome(text, value), "seed \(seed): \(text)")
        }
    }

    @Test(arguments: UInt64(100)..<108) func madeFromVectorsByMistakesNeverCrashesAndAlwaysMeansTheSame(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let vectors = try Vector.load().filter { $0.expression.count < 200 && !$0.expression.isEmpty }
        for _ in 0..<1_500 {
            let vector = vectors.randomElement(using: &random)!
            var scalars = Array(vector.expression.unicodeScalars)
            for _ in 0..<Int.random(in: 1...3, using: &random) where !scalars.isEmpty {
                let place = Int.random(in: 0..<scalars.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: scalars.remove(at: place)
                case 1: scalars.insert(scalars.randomElement(using: &random)!, at: place)
                case 2: scalars.insert(contentsOf: Self.words.randomElement(using: &random)!.unicodeScalars, at: place)
                default: scalars.swapAt(place, Int.random(in: 0..<scalars.count, using: &random))
                }
            }
            let text = String(String.UnicodeScalarView(scalars))
            let value = Bool.random(using: &random) ? vector.result : Self.values.randomElement(using: &random)!
            #expect(outcome(text, value) == outcome(text, value), "seed \(seed): \(text)")
        }
    }

    /// A random calculation as text, with only the parentheses that it needs, and its value.
    private func calculation(_ depth: Int, _ random: inout SplitMix) -> (text: String, value: ExpressionValue, level: Int) {
        if depth == 0 || Int.random(in: 0..<5, using: &random) == 0 {
            let number = Int64.random(in: 0...9, using: &random)
            return Bool.random(using: &random) ? ("\(number)", .int(number), 1_000) : ("\(number).5", .float(Double(number) + 0.5), 1_000)
        }
        let (left, right) = (calculation(depth - 1, &random), calculation(depth - 1, &random))
        let (name, level) = [("+", 30), ("-", 30), ("*", 60), ("/", 60)].randomElement(using: &random)!
        func operand(_ part: (text: String, value: ExpressionValue, level: Int), least: Int) -> String { part.level >= least ? part.text : "(\(part.text))" }
        let text = "\(operand(left, least: level)) \(name) \(operand(right, least: level + 1))"
        if case .int(let x) = left.value, case .int(let y) = right.value, name != "/" {
            return (text, .int(name == "+" ? x &+ y : name == "-" ? x &- y : x &* y), level)
        }
        let (x, y) = (left.value.double!, right.value.double!)
        return (text, .float(name == "+" ? x + y : name == "-" ? x - y : name == "*" ? x * y : x / y), level)
    }

    @Test(arguments: UInt64(0)..<4) func ofArithmeticHasTheValueThatSwiftComputes(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<400 {
            let (text, value, _) = calculation(5, &random)
            let own = try CompiledExpression(compiling: text, environment: .condition(result: .null)).evaluate(result: .null)
            #expect(own == value || own.double!.isNaN && value.double!.isNaN, "seed \(seed): \(text)")
            // The same numbers as variables are not folded.
            let unfolded = "let zero = result; " + text.replacing("0.5", with: "(zero + 0.5)")
            let again = try CompiledExpression(compiling: unfolded, environment: .condition(result: .float)).evaluate(result: .float(0))
            #expect(again == value || again.double!.isNaN && value.double!.isNaN, "seed \(seed): \(unfolded)")
        }
    }
}

@Suite("Hostile text") struct HostileTests {
    static let texts: [String] = [
        "reduce(1..400000, [#acc])",
        "reduce(1..60, [#acc, #acc])",
        "let r = 1..1000; all(r, all(r, all(r, true)))",
        "all(1..1000, all(1..1000, all(1..1000, true)))",
        "uniq(1..90000)",
        "let r = 1..90000; map(1..900, len(r[1:]))",
        "let a = repeat('a', 900000); let b = a + a + a + a + a; let c = b + b + b + b; len(c + c + c)",
        "let a = [1, 1]; " + (0..<40).map { "let a\($0) = [a\($0 == 0 ? "" : String($0 - 1)), a\($0 == 0 ? "" : String($0 - 1))]; " }.joined() + "string(a39)",
        "let a = [1, 1]; " + (0..<40).map { "let a\($0) = [a\($0 == 0 ? "" : String($0 - 1)), a\($0 == 0 ? "" : String($0 - 1))]; " }.joined() + "a39 == a39",
        "let a = [1, 1]; " + (0..<40).map { "let a\($0) = [a\($0 == 0 ? "" : String($0 - 1)), a\($0 == 0 ? "" : String($0 - 1))]; " }.joined() + "max(a39)",
        "let a = [1, 1]; " + (0..<40).map { "let a\($0) = [a\($0 == 0 ? "" : String($0 - 1)), a\($0 == 0 ? "" : String($0 - 1))]; " }.joined() + "flatten(a39)",
        NestingTests.repeated("0 <= (get([0], 0) < (", "1", ") < 3 ? 1 : 2) < 3 ? 1 : 2", 40),
        "let x = repeat('a', 400000); all(1..100000, x + 'b' != x)",
        "1..9223372036854775807",
        "-9223372036854775807..9223372036854775807 == []; [1][9223372036854775807]",
        "repeat('ab', 600000)",
    ]

    @Test(arguments: texts) func endsInAnErrorSoon(_ text: String) {
        let limits = ExpressionLimits(steps: 300_000)
        #expect(throws: ExpressionError.self) {
            let compiled = try CompiledExpression(compiling: text, environment: .condition(result: .float), limits: limits)
            _ = try compiled.evaluate(result: .float(1))
        }
    }

    @Test func searchingTextTakesTimeByItsLengthOnly() throws {
        let text = "(repeat('a', 300000) contains (repeat('a', 150000) + 'b')) or repeat('a', 200000) endsWith 'b'"
        #expect(try CompiledExpression(compiling: text, environment: .condition(result: .null)).evaluate(result: .null) == .bool(false))
    }

    @Test func isRefusedWhereItIsTooLong() {
        let problem = Condition(.success, String(repeating: " ", count: 200_000) + "true").problem(for: .float)
        #expect(problem?.kind == .limit)
        #expect(problem?.message == "the expression has 200004 bytes; the limit is 131072")
    }
}
