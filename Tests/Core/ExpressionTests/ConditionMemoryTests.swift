import Synchronization
import Testing
@testable import Expression

@Suite("What conditions have been compiled to") struct ConditionMemoryTests {
    private static func outcome(_ text: String, _ type: ExpressionType = .vector) -> ConditionMemory.Outcome {
        ConditionMemory.Outcome { () throws(ExpressionError) in try ForgetfulCompiler().compiled(text, for: type) }
    }

    @Test func isRememberedForEachTypeOfResult() throws {
        var memory = ConditionMemory()
        memory.remember(Self.outcome("result[0] < 1"), of: "result[0] < 1", for: .vector)
        #expect(try memory.outcome(of: "result[0] < 1", for: .vector)?.get().evaluateBoolean(result: .floats([0.5])) == true)
        #expect(memory.outcome(of: "result[0] < 1", for: .float) == nil)
        #expect(memory.outcome(of: "result[0] < 2", for: .vector) == nil)
        memory.remember(Self.outcome("result < 1"), of: "result < 1", for: .vector)
        guard case .failure(let error)? = memory.outcome(of: "result < 1", for: .vector) else {
            Issue.record("why it does not compile must be remembered")
            return
        }
        #expect(error.message == "invalid operation: < (mismatched types []float64 and float64)" || error.message.contains("mismatched"))
    }

    @Test func isTheSameTextByteByByte() {
        var memory = ConditionMemory()
        // The same character, composed and in two parts: equal for Swift, but not for the language.
        memory.remember(Self.outcome("'\u{E9}' == result", .string), of: "'\u{E9}' == result", for: .string)
        #expect(memory.outcome(of: "'e\u{301}' == result", for: .string) == nil)
    }

    @Test func staysWithinItsBound() {
        var memory = ConditionMemory(capacity: 1_000)
        for number in 0..<500 { memory.remember(Self.outcome("result[0] < \(number)"), of: "result[0] < \(number)", for: .vector) }
        #expect((20...80).contains(memory.count), "\(memory.count)")
        #expect(memory.outcome(of: "result[0] < 499", for: .vector) != nil && memory.outcome(of: "result[0] < 0", for: .vector) == nil)
        let large = Array(repeating: "result[0] < 1", count: 50).joined(separator: " && ")
        memory.remember(Self.outcome(large), of: large, for: .vector)
        #expect(memory.outcome(of: large, for: .vector) == nil)
    }

    @Test func whatIsAskedForAgainStays() {
        var memory = ConditionMemory(capacity: 1_000)
        memory.remember(Self.outcome("true"), of: "true", for: .vector)
        for number in 0..<500 {
            memory.remember(Self.outcome("result[0] < \(number)"), of: "result[0] < \(number)", for: .vector)
            #expect(memory.outcome(of: "true", for: .vector) != nil)
        }
    }
}
