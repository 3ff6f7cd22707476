import Clockwork
@testable import Delivery
import RolloutModel
import StrictJSON
import Testing

@Suite("A status that may wait") struct StatusUrgencyTests {
    private static let stored = RolloutStatus(json: [
        "phase": "Progressing", "message": "more replicas need to be updated", "replicas": 5, "currentStepIndex": 0, "observedGeneration": "2",
        "conditions": [
            ["type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": "a", "lastUpdateTime": "2026-03-01T10:00:00Z",
             "lastTransitionTime": "2026-03-01T10:00:00Z"],
            ["type": "Available", "status": "True", "reason": "AvailableReason", "message": "b", "lastUpdateTime": "2026-03-01T10:00:00Z",
             "lastTransitionTime": "2026-03-01T10:00:00Z"],
        ],
    ])

    private func mayWait(_ change: (inout RolloutStatus) -> Void) throws -> Bool {
        var status: RolloutStatus = Self.stored
        change(&status)
        let difference: JSONValue = try #require(JSONValue.mergePatch(from: Self.stored.json, to: status.json))
        return status.mayWait(difference, comparedWith: Self.stored)
    }

    @Test("counts pods, and says in which words") func counts() throws {
        #expect(try mayWait { status in
            status.replicas = 6
            status.updatedReplicas = 1
            status.message = "updated replicas are still becoming available"
        })
    }

    @Test("records weights") func weights() throws {
        #expect(try mayWait {
            $0.weights = TrafficWeights(
                canary: .init(weight: 20, serviceName: "c", podTemplateHash: "v2"), stable: .init(weight: 80, serviceName: "s", podTemplateHash: "v1"),
                isVerified: false)
        })
    }

    @Test("moves the time of a condition, and its place") func times() throws {
        #expect(try mayWait { status in
            status.conditions.reverse()
            status.conditions[1].lastUpdateTime = Timestamp(secondsSince1970: 1_800_000_000)
        })
    }

    @Test("does nothing else") func others() throws {
        #expect(try !mayWait { $0.phase = .paused })
        #expect(try !mayWait { $0.currentStepIndex = 1 })
        #expect(try !mayWait { $0.observedGeneration = "3" })
        #expect(try !mayWait { $0.stableRS = "v2" })
        #expect(try !mayWait { $0.currentPodHash = "v2" })
        #expect(try !mayWait { $0.abort = true })
        #expect(try !mayWait { $0.pauseConditions = [PauseCondition(reason: .canaryPauseStep, startTime: Timestamp(secondsSince1970: 0))] })
        #expect(try !mayWait { $0.conditions[1].status = .no })
        #expect(try !mayWait { $0.conditions[0].reason = "RolloutPaused" })
        #expect(try !mayWait { $0.conditions = [] })
        #expect(try !mayWait { $0.stepAnalysisRun = RunStatus(name: "run", phase: "Running", message: "") }, "a run that was made is recorded at once")
    }
}
