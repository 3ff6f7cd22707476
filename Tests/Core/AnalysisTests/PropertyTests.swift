import Clockwork
import Expression
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

/// Laws that every run keeps, whatever is measured. A failure names its seed.
@Suite("Every run") struct PropertyTests {
    @Test(arguments: UInt64(0)..<120) func keepsTheLaws(_ seed: UInt64) throws {
        var random = seeded(seed)
        var play = try Play(randomSpec(&random))
        if Bool.random(using: &random) { play.run.metadata.annotations["sluice/analysis"] = randomPolicy(&random) }
        let sizeLimit = 64 << 10
        var now = start
        var wasCompleted = false
        for round in 0..<60 {
            let before = play.run.status
            let countBefore = play.measured.count
            if Int.random(in: 0..<40, using: &random) == 0 { play.run.spec.terminate = true }
            let wasTerminating = isTerminating(play.run, status: before)
            let findings = (0..<4).map { _ in randomFinding(&random, now: now) }
            var next = 0
            try play.reconcile(now) { _ in
                next += 1
                return findings[next % findings.count]
            }
            let status = play.run.status
            let comment: Comment = "seed \(seed), round \(round)"

            // A completed run or metric never changes again, and nothing is measured for it.
            if wasCompleted {
                #expect(status == before, comment)
                #expect(play.measured.count == countBefore, comment)
            }
            for old in before.metricResults where old.phase?.isCompleted == true {
                let new = status.result(of: old.name)
                #expect(new?.phase == old.phase && new?.count == old.count && new?.error == old.error, comment)
            }
            if wasTerminating && !wasCompleted { #expect(status.phase?.isCompleted == true, comment) }
            for result in status.metricResults {
                #expect(result.count == result.successful + result.failed + result.inconclusive, comment)
                #expect(result.consecutiveSuccess <= result.successful && result.consecutiveError <= result.error, comment)
                #expect(result.measurements.count <= 12, comment)
                #expect(result.measurements.dropLast().allSatisfy { $0.finishedAt != nil }, comment)
            }
            #expect(status.json.serialized().count < sizeLimit, comment)
            if let phase = status.phase, phase.isCompleted {
                #expect(status.completedAt != nil, comment)
                wasCompleted = true
            }

            // Stable in time: until `wakeAt` nothing is due and nothing would be written; the plan says when that ends.
            let seen = observation(of: play.run)
            let plan = decide(seen, now: now)
            if play.isDeleted || plan.deletesRun { break }
            if plan.measurements.isEmpty, plan.status == status {
                let later = plan.wakeAt.map { $0 - instant } ?? (now + .seconds(86_400))
                for moment in [now, later] where moment >= now {
                    let again = decide(seen, now: moment)
                    #expect(again.measurements.isEmpty && again.status == status && again.wakeAt == plan.wakeAt && !again.deletesRun, comment)
                }
                if let wakeAt = plan.wakeAt {
                    #expect(wakeAt > now, comment)
                    let then = decide(seen, now: wakeAt)
                    #expect(!then.measurements.isEmpty || then.deletesRun || then.status != status, comment)
                }
                #expect(decide(shuffled(seen, &random), now: now) == plan, comment)
            }
            now = Bool.random(using: &random) ? (plan.wakeAt ?? now + .seconds(7)) : now + .milliseconds(Int.random(in: 1...90_000, using: &random))
        }
    }

    /// The order of secrets and of a metric's metadata is nobody's decision.
    func shuffled(_ seen: AnalysisRunObservation, _ random: inout SeededGenerator) -> AnalysisRunObservation {
        observation(of: seen.run, secrets: Dictionary(uniqueKeysWithValues: seen.secrets.shuffled(using: &random)))
    }

    func randomSpec(_ random: inout SeededGenerator) -> JSONValue {
        var metrics: [JSONValue] = []
        for index in 0..<Int.random(in: 1...3, using: &random) {
            var members: JSONObject = ["successCondition": "result[0] > 0.5"]
            if Bool.random(using: &random) { members["failureCondition"] = "result[0] < 0.2" }
            let hasInterval = Bool.random(using: &random)
            if hasInterval { members["interval"] = .string(["1s", "10s", "1m"].randomElement(using: &random)!) }
            if Bool.random(using: &random) { members["initialDelay"] = "25s" }
            if hasInterval, Bool.random(using: &random) { members["count"] = 8 }
            if Bool.random(using: &random) { members["failureLimit"] = .number(JSONNumber(Int.random(in: 0...1, using: &random))) }
            if hasInterval, Bool.random(using: &random) { members["consecutiveSuccessLimit"] = 4 }
            if hasInterval, Bool.random(using: &random) { members["inconclusiveLimit"] = 2 }
            if Bool.random(using: &random) { members["consecutiveErrorLimit"] = 1 }
            metrics.append(metric("m\(index)", members))
        }
        var spec: JSONValue = ["metrics": .array(metrics)]
        if Int.random(in: 0..<3, using: &random) == 0 { spec["dryRun"] = [["metricName": "m0"]] }
        if Bool.random(using: &random) { spec["ttlStrategy"] = ["secondsAfterCompletion": 100_000] }
        return spec
    }

    func randomPolicy(_ random: inout SeededGenerator) -> String {
        var policy = JSONObject()
        switch Int.random(in: 0..<6, using: &random) {
        case 0: policy["noData"] = "pass"
        case 1: policy["noData"] = "fail"
        case 2: policy["noData"] = "inconclusive"
        case 3: policy["noData"] = "wait"
        case 4:
            policy["noData"] = "wait"
            policy["waitAtMost"] = "50s"
            policy["afterWait"] = "pass"
        default: break
        }
        if Bool.random(using: &random) { policy["failures"] = "2 of 12" }
        if Bool.random(using: &random) { policy["confirm"] = true }
        return JSONValue.object(["*": .object(policy)]).text()
    }

    func randomFinding(_ random: inout SeededGenerator, now: Timestamp) -> MeasurementOutcome.Finding {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: .failure("broken")
        case 1: vector(0.1)
        case 2: vector(0.3)
        case 3: vector(.nan)
        case 4: .inFlight(resumeAt: now + .seconds(Int.random(in: 1...40, using: &random)))
        case 5: .sample(MetricSample(result: .floats([]), text: "[]"))
        default: vector(0.9)
        }
    }
}
