import Clockwork
import Expression
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

@Suite("A result and the conditions") struct ResultBindingTests {
    func judgement(success: String = "", failure: String = "", _ numbers: [Double]) throws -> Judgement {
        let metric = try #require(
            try run(["metrics": [metric("m", ["successCondition": .string(success), "failureCondition": .string(failure)])]]).spec.metrics.first)
        return judge(MetricSample(result: .floats(numbers), text: numberListText(numbers)), by: metric, at: Timestamp(secondsSince1970: 1_800_000_000))
    }

    static let phases: [(success: String, failure: String, value: Double, phase: AnalysisPhase)] = [
        ("", "", 0, .successful),
        ("result[0] > 1", "", 2, .successful),
        ("result[0] > 1", "", 1, .failed),
        ("", "result[0] > 1", 2, .failed),
        ("", "result[0] > 1", 1, .successful),
        ("result[0] > 1", "result[0] > 1", 2, .failed),
        ("result[0] > 2", "result[0] < 1", 3, .successful),
        ("result[0] > 2", "result[0] < 1", 1.5, .inconclusive),
        ("result[0] > 2", "result[0] < 1", 0, .failed),
        ("result[0] >= 0.95", "", .nan, .failed),
        ("result[0] >= 0.95", "result[0] < 0.95", .nan, .inconclusive),
        ("isNaN(result[0]) or result[0] > 1", "", .nan, .successful),
        ("result[0] > 1", "", .infinity, .successful),
    ]

    @Test("R31: empty, NaN and infinite data give the phase that the conditions say", arguments: phases.indices) func giveAPhase(_ index: Int) throws {
        let row = Self.phases[index]
        #expect(try judgement(success: row.success, failure: row.failure, [row.value]) == Judgement(phase: row.phase, message: ""))
    }

    @Test func aConditionForOneNumberIsJudgedOnTheOnlySample() throws {
        let good = try judgement(success: "result < 0.01", [0.004])
        #expect(good.phase == .successful)
        #expect(good.message
            == "note: successCondition \"result < 0.01\" was judged on the only sample of the vector (0.004); result[0] < 0.01 says the same and is valid everywhere")
        #expect(try judgement(success: "result < 0.01", [0.02]).phase == .failed)
        #expect(try judgement(success: "result < 0.01", [.nan]).phase == .failed)
        let both = try judgement(success: "result[0] < 0.01", failure: "result > 0.05", [0.02])
        #expect(both.phase == .inconclusive)
        #expect(both.message.hasPrefix("note: failureCondition"))
    }

    @Test func severalSamplesStayAnErrorThatShowsTheSafeSpelling() throws {
        let judgement = try judgement(success: "result < 0.01", [0.004, 0.005])
        #expect(judgement.phase == .error)
        #expect(judgement.message.hasPrefix("could not evaluate successCondition \"result < 0.01\": "))
        #expect(judgement.message.contains("vector of 2 samples"))
        #expect(judgement.message.contains("write result[0] < 0.01 for the first of them"))
        #expect(!isNote(judgement.message))
    }

    @Test func anEmptyVectorStaysAnErrorThatExplainsItself() throws {
        for condition in ["result < 0.01", "result[0] < 0.01", "result[0] <"] {
            let judgement = try judgement(success: condition, [])
            #expect(judgement.phase == .error)
            #expect(judgement.message.hasPrefix("could not evaluate successCondition \"\(condition)\": metric result is nil or empty: no data returned from the metric provider"))
            #expect(judgement.message.contains("no errors"))
            #expect(judgement.message.contains("or vector(0)"))
        }
        #expect(try judgement(success: "len(result) == 0 or result[0] < 0.01", []).phase == .successful)
    }

    @Test func aConditionThatFitsNeitherIsAnErrorAsItIs() throws {
        for condition in ["result <", "result == \"a\"", "nothing > 1", " "] {
            let judgement = try judgement(success: condition, [1])
            #expect(judgement.phase == .error)
            #expect(judgement.message.hasPrefix("could not evaluate successCondition \"\(condition)\": "))
        }
        // Typed, but wrong when it runs: no second reading.
        #expect(try judgement(success: "result[1] < 1", [0.5]).phase == .error)
        #expect(try judgement(success: "default(result, 0) < 1", [0.5]).phase == .error)
    }

    @Test(arguments: [
        ("result < 0.01", "result[0] < 0.01"),
        ("isNaN(result)||result<1", "isNaN(result[0])||result[0]<1"),
        ("\"result\" == 'result' && result > 1", "\"result\" == 'result' && result[0] > 1"),
        ("x.result > results and my_result < result2", "x.result > results and my_result < result2"),
        ("'it\\'s result' == result", "'it\\'s result' == result[0]"),
    ])
    func theSafeSpellingTouchesTheNameAlone(_ condition: String, _ spelling: String) {
        #expect(firstSampleSpelling(of: condition) == spelling)
    }
}

@Suite("A number in a measurement") struct NumberTextTests {
    @Test(arguments: [
        (0, "0"), (-0.0, "-0"), (1, "1"), (-1.5, "-1.5"), (0.000000001, "0.000000001"), (1e21, "1000000000000000000000"), (0.1 + 0.2, "0.30000000000000004"),
        (1.25e-7, "0.000000125"), (123456789012345680, "123456789012345680"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (5e-324, "0." + String(repeating: "0", count: 323) + "5"), (16777216.5, "16777216.5"), (1.5e16, "15000000000000000"),
    ] as [(Double, String)])
    func hasTheShortestDigitsAndNoExponent(_ number: Double, _ text: String) {
        #expect(numberText(number) == text)
    }

    @Test func listsHaveNoBlanks() {
        #expect(numberListText([]) == "[]")
        #expect(numberListText([0.5, 1, .nan]) == "[0.5,1,NaN]")
    }
}
