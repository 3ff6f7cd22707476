import Testing
@testable import Expression

@Suite("Deep nesting") struct NestingTests {
    static func repeated(_ open: String, _ middle: String, _ close: String, _ count: Int) -> String {
        String(repeating: open, count: count) + middle + String(repeating: close, count: count)
    }

    /// What opens a level, what stands inside, what closes it.
    static let shapes: [(String, String, String)] = [
        ("[", "1", "]"), ("{a: ", "1", "}"), ("len([", "1", "])"), ("all([1], ", "true", ")"), ("all([1], {", "true", "})"),
        ("x[", "0", "]"), ("2 ** ", "2", ""), ("true ? true : ", "true", ""), ("(true ? ", "true", " : true)"), ("let a = 1; ", "true", ""),
        ("if true { ", "true", " } else { true }"), ("if true { true } else ", "if true { true } else { true }", ""), ("1 + (2 * ", "3", ")"),
        ("[1] | map(", "1", ")"), ("(1 < ", "2", ")"), ("isNil(", "1", ")"), ("1 ?? (2 + ", "3", ")"), ("not (true and ", "true", ")"), ("-(1 - -", "1", ")"),
    ]

    @Test(arguments: shapes.indices) func isRefusedOrAnsweredAtEveryDepth(_ index: Int) {
        let (open, middle, close) = Self.shapes[index]
        for depth in [1, 100, 190, 199, 200, 201, 1_000, 3_000] {
            let text = Self.repeated(open, middle, close, depth)
            do {
                let compiled = try CompiledExpression(compiling: text, environment: .condition(result: .float))
                _ = try compiled.evaluate(result: .float(1))
            } catch {
                #expect(error.kind == .limit || depth < 1_000 || error.kind == .type, "\(text.prefix(40)): \(error.message)")
            }
        }
    }

    @Test(arguments: [("(", "true", ")"), ("!", "true", ""), ("not ", "true", ""), ("!", "isNaN(result)", ""), ("- ", "1", ""), ("((-", "1", "))")])
    func prefixesAndParenthesesMayBeThousands(_ open: String, _ middle: String, _ close: String) throws {
        let text = Self.repeated(open, middle, close, 4_000)
        _ = try CompiledExpression(compiling: text, environment: .condition(result: .float)).evaluate(result: .float(1))
    }

    @Test(arguments: ["1 + ", "true && ", "'a' + ", "result * ", "1.5 ?? "]) func longRunsOfOperatorsNeedNoStack(_ link: String) throws {
        let last = String(link.split(separator: " ")[0])
        let text = String(repeating: link, count: 4_900) + last
        _ = try CompiledExpression(compiling: text, environment: .condition(result: .float)).evaluate(result: .float(1))
    }

    @Test func longChainsOfMembersNeedNoStack() throws {
        var value = ExpressionValue.bool(true)
        for _ in 0..<400 { value = .map(["a": value]) }
        let text = "result" + String(repeating: ".a", count: 400)
        #expect(try CompiledExpression(compiling: text, environment: .condition(result: .object)).evaluateBoolean(result: value))
        let longer = "result" + String(repeating: "?.a", count: 2_000)
        #expect(try CompiledExpression(compiling: longer, environment: .condition(result: .unknown)).evaluate(result: .null) == .null)
    }
}
