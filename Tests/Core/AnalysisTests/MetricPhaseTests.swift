import Clockwork
import MutantUnderTest
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

/// The outcomes of the reference's own two functions, one row per line:
/// settings | measurements (S F I E, R in flight) | terminating | phase | reason.
private let verifiedRows = """
    (defaults) | S |  | Successful |
    (defaults) | F |  | Failed | failed (1) > failureLimit (0)
    (defaults) | I |  | Inconclusive | inconclusive (1) > inconclusiveLimit (0)
    (defaults) | E |  | Running |
    (defaults) | EEEE |  | Running |
    (defaults) | EEEEE |  | Error | consecutiveErrors (5) > consecutiveErrorLimit (4)
    (defaults) | R |  | Running |
    (defaults) |  |  | Pending |
    (defaults) |  | yes | Successful |
    (defaults) | R | yes | Running |
    interval 1m | SSSSSS |  | Running |
    interval 1m | SSSSSS | yes | Successful |
    interval 1m | F |  | Failed | failed (1) > failureLimit (0)
    interval 1m, count 3 | SS |  | Running |
    interval 1m, count 3 | SSS |  | Successful |
    interval 1m, count 3 | SSF |  | Failed | failed (1) > failureLimit (0)
    interval 1m, count 3, failureLimit 1 | SSF |  | Successful |
    interval 1m, count 3, failureLimit 1 | FF |  | Failed | failed (2) > failureLimit (1)
    interval 1m, count 3, failureLimit 1 | SES |  | Running |
    interval 1m, count 3, inconclusiveLimit 1 | SIS |  | Successful |
    interval 1m, count 3, inconclusiveLimit 1 | II |  | Inconclusive | inconclusive (2) > inconclusiveLimit (1)
    interval 1m, count 3 | I |  | Inconclusive | inconclusive (1) > inconclusiveLimit (0)
    interval 1m, failureLimit 3 | FFF |  | Running |
    interval 1m, failureLimit 3 | FFFF |  | Failed | failed (4) > failureLimit (3)
    interval 1m, failureLimit 3 | FFF | yes | Successful |
    interval 1m, consecutiveErrorLimit 0 | E |  | Error | consecutiveErrors (1) > consecutiveErrorLimit (0)
    interval 1m, consecutiveErrorLimit 1 | ESE |  | Running |
    interval 1m, consecutiveErrorLimit 1 | EE |  | Error | consecutiveErrors (2) > consecutiveErrorLimit (1)
    interval 1m, failureLimit -1, consecutiveSuccessLimit 3 | FFFSS |  | Running |
    interval 1m, failureLimit -1, consecutiveSuccessLimit 3 | FFFSSS |  | Successful |
    interval 1m, failureLimit -1, consecutiveSuccessLimit 3 | SSESS |  | Running |
    interval 1m, failureLimit -1, consecutiveSuccessLimit 3 | FFFS | yes | Successful |
    interval 1m, count 5, failureLimit -1, consecutiveSuccessLimit 3 | SSFSS |  | Failed |
    interval 1m, count 5, failureLimit 2, consecutiveSuccessLimit 3 | SSFSS |  | Inconclusive |
    interval 1m, count 5, failureLimit 2, consecutiveSuccessLimit 3 | SSS |  | Successful |
    interval 1m, count 5, failureLimit 0, consecutiveSuccessLimit 2 | FSS |  | Failed | failed (1) > failureLimit (0)
    interval 1m, count 2, failureLimit 0, inconclusiveLimit 0 | FI |  | Inconclusive | inconclusive (1) > inconclusiveLimit (0)
    interval 1m, failureLimit 0, inconclusiveLimit 0, consecutiveErrorLimit 0 | FIE |  | Error | consecutiveErrors (1) > consecutiveErrorLimit (0)
    count -1 | S |  | Successful |
    interval 1m, count 3 | SSE |  | Running |
    interval 1m, count 3 | SSEEEEE |  | Error | consecutiveErrors (5) > consecutiveErrorLimit (4)
    """

@Suite("The phase of a metric") struct MetricPhaseTests {
    @Test(arguments: verifiedRows.split(separator: "\n").map(String.init))
    func agreesWithTheReference(_ row: String) throws {
        let cells = row.split(separator: "|", omittingEmptySubsequences: false).map { cell in
            String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        var members: JSONObject = [:]
        if cells[0] != "(defaults)" {
            for setting in cells[0].split(separator: ",") {
                let words = setting.split(separator: " ").map(String.init)
                members[words[0]] = words[0] == "interval" ? .string(words[1]) : .number(JSONNumber(Int(words[1])!))
            }
        }
        let metric = try #require(try run(["metrics": [metric("m", members)]]).spec.metrics.first)
        var plan = AnalysisRunPlan(status: AnalysisRunStatus())
        for letter in cells[1] {
            let finding: MeasurementOutcome.Finding =
                switch letter {
                case "S": .verdict(.successful, message: "", value: "")
                case "F": .verdict(.failed, message: "", value: "")
                case "I": .verdict(.inconclusive, message: "", value: "")
                case "E": .failure("e")
                default: .inFlight(resumeAt: nil)
                }
            let runMetric = RunMetric(metric: metric, interval: nil, initialDelay: nil, isDryRun: false, retention: 10)
            book(outcome("m", finding, at: start), of: runMetric, conditions: metric, noData: .error, secrets: [], isTerminating: false, &plan)
        }
        let result = plan.status.result(of: "m") ?? MetricResult(name: "m")
        #expect(metricPhase(metric, result, isTerminating: cells[2] == "yes", guardsUnderTest).rawValue == cells[3])
        #expect((exceededLimit(metric, result, .none, guardsUnderTest)?.reason ?? "") == cells[4])
    }

    @Test func staysCompletedWhateverComes() throws {
        let metric = try #require(try run(["metrics": [metric()]]).spec.metrics.first)
        for phase in AnalysisPhase.allCases where phase.isCompleted {
            var result = MetricResult(name: "m", phase: phase)
            result.failed = 9
            result.measurements = [Measurement(phase: .running)]
            #expect(metricPhase(metric, result, isTerminating: false, guardsUnderTest) == phase)
        }
    }

    @Test func ranksPhasesFromBestToWorst() {
        let order: [AnalysisPhase] = [.successful, .running, .pending, .inconclusive, .error, .failed]
        for (better, worse) in zip(order, order.dropFirst()) {
            #expect(worse.isWorse(than: better))
            #expect(!better.isWorse(than: worse))
        }
        #expect(!AnalysisPhase.successful.isWorse(than: nil))
    }

    @Test(arguments: [
        ("", 0), ("5", 5), ("-3", -3), ("+4", 4), (" 5", 0), ("1.5", 0), ("five", 0), ("-", 0), ("0x10", 0),
        ("99999999999999999999", Int.max), ("-99999999999999999999", Int.min),
    ])
    func readsTextAsNumber(_ text: String, _ number: Int) {
        #expect(IntOrString.string(text).intValue == number)
    }
}
