import StrictJSON
import Testing

@testable import Analysis

@Suite("A Job's progress") struct JobProgressTests {
    static func job(_ conditions: JSONValue...) -> JSONValue { ["status": ["conditions": .array(conditions)]] }

    static let cases: [(job: JSONValue, progress: JobProgress)] = [
        ([:], .underway), (job(), .underway),
        (job(["type": "Suspended", "status": "True"]), .underway),
        (job(["type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded"]), .underway),
        (job(["type": "SuccessCriteriaMet", "status": "True"], ["type": "Complete", "status": "True"]), .succeeded),
        (job(["type": "Complete"]), .succeeded),
        (job(["type": "Failed", "status": "False"]), .underway),
        (job(["type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"]),
         .failed("BackoffLimitExceeded: Job has reached the specified backoff limit")),
        (job(["type": "Failed", "status": "True"]), .failed("")),
    ]

    @Test(arguments: cases.indices) func isReadFromItsConditions(_ index: Int) {
        #expect(JobProgress(job: Self.cases[index].job) == Self.cases[index].progress)
    }

    @Test(arguments: [(-5, 1), (0, 1), (1, 1), (2, 2), (50, 10), (600, 34), (86_400, 415)] as [(Int64, Int64)])
    func isLookedAtTheMoreRarelyTheLongerItTakes(_ elapsed: Int64, _ pause: Int64) {
        #expect(JobProgress.pause(after: .seconds(elapsed)) == .seconds(pause))
    }

    static func pod(_ name: String, _ status: JSONValue) -> JSONValue { ["metadata": ["name": .string(name)], "status": status] }

    /// AR#3562: an image that cannot be pulled must not pass.
    @Test("R30: pods that can never start have a reason", arguments: [
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError",
    ]) func isHopeless(_ reason: String) {
        let waiting: JSONValue = ["name": "main", "state": ["waiting": ["reason": .string(reason), "message": "back-off pulling"]]]
        let fine = Self.pod("a", ["containerStatuses": [["name": "x", "state": ["running": [:]]]]])
        #expect(hopelessness(ofPods: [Self.pod("b", ["containerStatuses": [waiting]]), fine])
            == "Pod b, container main has terminal error (\(reason)): back-off pulling")
        #expect(hopelessness(ofPods: [Self.pod("b", ["initContainerStatuses": [waiting], "containerStatuses": [["name": "x", "state": ["waiting": ["reason": .string(reason)]]]]])])
            == "Pod b, container main has terminal error (\(reason)): back-off pulling")
    }

    @Test(arguments: ["ContainerCreating", "PodInitializing", "CrashLoopBackOff"]) func isNotHopeless(_ reason: String) {
        #expect(hopelessness(ofPods: [Self.pod("b", ["containerStatuses": [["name": "c", "state": ["waiting": ["reason": .string(reason)]]]]])]) == nil)
        #expect(hopelessness(ofPods: []) == nil)
    }

    @Test func saysHowItsPodsFailedLast() {
        func ended(_ code: Int, _ at: String, _ reason: String) -> JSONValue {
            ["containerStatuses": [["name": "c", "state": ["terminated": ["exitCode": .number(JSONNumber(code)), "finishedAt": .string(at), "reason": .string(reason)]]]]]
        }
        let pods = [Self.pod("b", ended(3, "2026-03-01T10:00:05Z", "Error")), Self.pod("a", ended(137, "2026-03-01T10:00:01Z", "OOMKilled")),
                    Self.pod("c", ended(0, "2026-03-01T10:00:09Z", "Completed"))]
        #expect(lastFailure(ofPods: pods) == "Pod b, container c ended with exit code 3 (Error)")
        #expect(lastFailure(ofPods: []) == nil)
    }
}
