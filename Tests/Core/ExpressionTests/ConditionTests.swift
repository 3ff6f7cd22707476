import Testing
@testable import Expression

@Suite("A condition") struct ConditionTests {
    @Test func thatAsksForAScalarFitsASampleButNoVector() {
        let scalar = Condition(.success, "result < 0.01")
        #expect(scalar.problem(for: .float) == nil)
        #expect(scalar.problem(for: .unknown) == nil)
        #expect(scalar.problem(for: .vector)?.message == "invalid operation: < (mismatched types []float64 and float64)")
        #expect(scalar.problem(for: .vector)?.kind == .type)
        #expect(scalar.problem(for: .string)?.kind == .type)
        #expect(scalar.problem(for: .null)?.kind == .type)
        let vector = Condition(.success, "len(result) > 0 && result[0] < 0.01")
        #expect(vector.problem(for: .vector) == nil)
        #expect(vector.problem(for: .dynamicList) == nil)
        #expect(vector.problem(for: .float)?.kind == .type)
        let both = Condition(.success, "default(result, 0) == 0")
        #expect(both.problem(for: .float) == nil && both.problem(for: .vector) == nil)
    }

    @Test func thatIsCompiledOnceAnswersManyTimes() throws {
        let condition = Condition(.failure, "any(result, # >= 0.5)")
        let compiled = try condition.compiled(for: .vector)
        #expect(compiled.resultType == .bool)
        #expect(try compiled.evaluateBoolean(result: .floats([0.1, 0.7])))
        #expect(try !compiled.evaluateBoolean(result: .floats([0.1])))
        #expect(try !compiled.evaluateBoolean(result: .floats([])))
    }

    /// Condition, value, and the text that ends in the measurement.
    static let errors: [(String, ExpressionValue, String)] = [
        ("result[1] > 0", .floats([1]), #"could not evaluate successCondition "result[1] > 0": index out of range: 1 (array length is 1)"#),
        ("result[0] > 0", .floats([]), #"could not evaluate successCondition "result[0] > 0": metric result is nil or empty: no data returned from the metric provider"#),
        ("result >", .null, #"could not evaluate successCondition "result >": metric result is nil or empty: no data returned from the metric provider"#),
        ("result", .float(1), #"could not evaluate successCondition "result": expected bool, but got float64"#),
        ("result.a", .map([:]), #"could not evaluate successCondition "result.a": expected bool, but got <nil>"#),
        ("rusult > 1", .float(1), #"could not evaluate successCondition "rusult > 1": unknown name rusult"#),
        (" ", .float(1), #"could not evaluate successCondition " ": unexpected token EOF"#),
        ("result == ''", .string(""), ""),
    ]

    @Test(arguments: errors.indices) func thatHasNoAnswerSaysWhy(_ index: Int) throws {
        let (text, value, message) = Self.errors[index]
        do {
            #expect(try Condition(.success, text).holds(for: value))
            #expect(message.isEmpty)
        } catch {
            #expect(error.message == message)
        }
    }

    @Test func showsThePlaceOfAMistake() {
        let problem = Condition(.success, "len(result) > 0 &&\n\tresults[0] < 0.01").problem(for: .vector)
        #expect(problem?.description == "unknown name results (2:2)\n |  results[0] < 0.01\n | .^")
        #expect(problem?.position == SourcePosition(offset: 20, in: "len(result) > 0 &&\n\tresults[0] < 0.01"))
        #expect(Condition(.success, "result > 1 AND true").problem(for: .float)?.description
            == "unexpected token Identifier(\"AND\") (1:12)\n | result > 1 AND true\n | ...........^")
        #expect(Condition(.success, "result[3] > 0").problem(for: .vector) == nil)
        do {
            _ = try Condition(.success, "result[3] > 0").compiled(for: .vector).evaluate(result: .floats([]))
            Issue.record("an index out of range must throw")
        } catch {
            #expect(error.description == "index out of range: 3 (array length is 0) (1:7)\n | result[3] > 0\n | ......^")
        }
    }

    /// Text and what of the language is not there.
    static let unsupported: [(String, String)] = [
        (#"result matches '\\p{Greek}'"#, #"error parsing regexp: the script \p{Greek} is not supported; write its range, such as [\x{370}-\x{3FF}]"#),
        ("now().Year == 1", "a method that is not called is not supported; write () behind it"),
        ("isNaN == nil", "function isNaN is used without a call; functions as values are not supported"),
        ("len == nil", "function len is used without a call; functions as values are not supported"),
        ("$env == nil", "$env is supported only as $env.NAME and NAME in $env"), ("keys($env) == []", "$env is supported only as $env.NAME and NAME in $env"),
    ]

    @Test(arguments: unsupported.indices) func thatNeedsWhatIsMissingIsRefusedByName(_ index: Int) {
        let (text, message) = Self.unsupported[index]
        let problem = Condition(.success, text).problem(for: .string)
        #expect(problem?.message == message)
        #expect(problem?.kind == .unsupported)
    }
}
