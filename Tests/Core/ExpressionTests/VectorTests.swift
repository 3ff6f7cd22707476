import Clockwork
import Testing
@testable import Expression

@Suite("The vectors of the reference") struct VectorTests {
    /// Vectors that need a part of the language that is not there yet, by group. Everything else must pass.
    static let notSupported: [String: Int] = [:]

    @Test func allPassExceptWhatIsNotSupported() throws {
        let vectors = try Vector.load()
        var groups: [String] = []
        var passed: [String: Int] = [:], refused: [String: Int] = [:], total: [String: Int] = [:]
        for vector in vectors {
            if total[vector.group] == nil { groups.append(vector.group) }
            total[vector.group, default: 0] += 1
            let outcome = Outcome(vector)
            if outcome.isUnsupported {
                refused[vector.group, default: 0] += 1
                continue
            }
            if outcome.word == vector.expected, vector.typeName == nil || outcome.typeName == vector.typeName {
                passed[vector.group, default: 0] += 1
            } else {
                Issue.record("\(vector): expected \(vector.expected) \(vector.message ?? ""), got \(outcome.word) \(outcome.message ?? "")")
            }
            if let message = vector.message, outcome.word == vector.expected, let own = outcome.message, own != message, !Self.differingMessages.contains(vector.number) {
                Issue.record("\(vector): the message is \(own), the reference says \(message)")
            }
        }
        for group in groups {
            let (count, all, unsupported) = (passed[group, default: 0], total[group, default: 0], refused[group, default: 0])
            print("expression vectors: \(group): \(count) of \(all) passed" + (unsupported > 0 ? ", \(unsupported) not supported yet" : ""))
        }
        print("expression vectors: \(passed.values.reduce(0, +)) of \(vectors.count) passed, \(refused.values.reduce(0, +)) not supported yet")
        #expect(refused == Self.notSupported)
        #expect(vectors.count == 655)
    }

    /// Vectors whose message we spell differently on purpose: the reference's shows how it is built inside.
    static let differingMessages: Set<Int> = [158, 209, 513]
}

/// What a condition did.
struct Outcome {
    var word: String
    var message: String?
    var typeName: String?
    var isUnsupported = false

    init(_ vector: Vector) {
        do {
            let compiled = try CompiledExpression(compiling: vector.expression, environment: .condition(result: vector.result.type))
            switch try compiled.evaluate(result: vector.result, now: Timestamp(secondsSince1970: 1_800_000_000)) {
            case .bool(let answer): word = answer ? "true" : "false"
            case let value: (word, typeName) = ("non-bool", value.typeName)
            }
        } catch {
            word = error.isCompileError ? "compile-error" : "runtime-error"
            message = error.message
            isUnsupported = error.kind == .unsupported
        }
    }
}
