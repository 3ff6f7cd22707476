import Clockwork
import Delivery
import StrictJSON
import Testing

/// What the status says in each situation of a blue-green Rollout, and which events tell of the way there.
@Suite("The status of a blue-green Rollout") struct BlueGreenStatusTests {
    struct Situation: Sendable, CustomTestStringConvertible {
        var name: String
        var members: JSONObject = [:]
        var spec: JSONObject = [:]
        /// What happens after version 1 is live.
        var acts: @Sendable (inout ModelCluster) -> Void
        /// Phase, Progressing, Paused, Available, Completed, Healthy.
        var phase: String
        var progressing: String
        var paused: String?
        var available: String = "True/AvailableReason"
        var completed: String = "False/RolloutCompleted"
        var healthy: String = "False/RolloutHealthy"
        var testDescription: String { name }
    }

    static let situations: [Situation] = [
        Situation(
            name: "live", acts: { _ in }, phase: "Healthy", progressing: "True/NewReplicaSetAvailable", paused: nil,
            completed: "True/RolloutCompleted", healthy: "True/RolloutHealthy"),
        Situation(
            name: "pods of the next version are coming", acts: { update(&$0, pods: 1) },
            phase: "Progressing active service cutover pending", progressing: "True/ReplicaSetUpdated", paused: nil),
        Situation(
            name: "waits for a person", members: ["autoPromotionEnabled": false], acts: { update(&$0) },
            phase: "Paused BlueGreenPause", progressing: "Unknown/RolloutPaused", paused: "True/RolloutPaused"),
        Situation(
            name: "waits for its time", members: ["autoPromotionSeconds": 60], acts: { update(&$0) },
            phase: "Paused BlueGreenPause", progressing: "Unknown/RolloutPaused", paused: "True/RolloutPaused"),
        Situation(
            name: "held by hand before the switch", acts: { cluster in
                cluster.pause()
                update(&cluster)
            }, phase: "Paused manually paused", progressing: "Unknown/RolloutPaused", paused: "True/RolloutPaused"),
        Situation(
            name: "analysis before the switch", members: ["prePromotionAnalysis": BlueGreenTests.analysis], acts: { update(&$0) },
            phase: "Progressing active service cutover pending", progressing: "True/ReplicaSetUpdated", paused: nil),
        Situation(
            name: "the analysis cannot decide", members: ["prePromotionAnalysis": BlueGreenTests.analysis], acts: { cluster in
                update(&cluster)
                end(&cluster, "Inconclusive")
            }, phase: "Paused InconclusiveAnalysisRun", progressing: "Unknown/RolloutPaused", paused: "True/RolloutPaused"),
        Situation(
            name: "promoted, and grows from its preview size", members: ["autoPromotionEnabled": false, "previewReplicaCount": 1], acts: { cluster in
                update(&cluster)
                cluster.podLimit = ["v2": 1]
                cluster.promote()
                cluster.settle()
            }, phase: "Progressing active service cutover pending", progressing: "True/ReplicaSetUpdated", paused: "False/RolloutPaused"),
        Situation(
            name: "live, and its analysis goes on", members: ["postPromotionAnalysis": BlueGreenTests.analysis], acts: { update(&$0) },
            phase: "Progressing waiting for analysis to complete", progressing: "True/NewReplicaSetAvailable", paused: nil,
            healthy: "True/RolloutHealthy"),
        Situation(
            name: "promoted", acts: { update(&$0) }, phase: "Healthy", progressing: "True/NewReplicaSetAvailable", paused: nil,
            completed: "True/RolloutCompleted", healthy: "True/RolloutHealthy"),
        Situation(
            name: "promoted by hand", members: ["autoPromotionEnabled": false], acts: { cluster in
                update(&cluster)
                cluster.promote()
                cluster.settle()
            }, phase: "Healthy", progressing: "True/NewReplicaSetAvailable", paused: "False/RolloutPaused",
            completed: "True/RolloutCompleted", healthy: "True/RolloutHealthy"),
        Situation(
            name: "given up by a person", members: ["autoPromotionEnabled": false], acts: { cluster in
                update(&cluster)
                cluster.abort()
                cluster.settle()
            }, phase: "Degraded RolloutAborted: Rollout aborted update to revision 2", progressing: "False/RolloutAborted", paused: "True/RolloutPaused"),
        Situation(
            name: "tried again", members: ["autoPromotionEnabled": false], acts: { cluster in
                update(&cluster)
                cluster.abort()
                cluster.settle()
                cluster.run(for: .seconds(60))
                cluster.podLimit = ["v2": 1]
                cluster.retry()
                cluster.settle()
            }, phase: "Progressing active service cutover pending", progressing: "True/ReplicaSetUpdated", paused: "False/RolloutPaused"),
        Situation(
            name: "late", spec: ["progressDeadlineSeconds": 30], acts: { cluster in
                update(&cluster, pods: 1)
                cluster.run(for: .seconds(31))
            }, phase: "Degraded ProgressDeadlineExceeded: ReplicaSet \"NEW\" has timed out progressing.", progressing: "False/ProgressDeadlineExceeded",
            paused: nil),
        Situation(
            name: "given up because it is late", spec: ["progressDeadlineSeconds": 30, "progressDeadlineAbort": true], acts: { cluster in
                update(&cluster, pods: 1)
                cluster.run(for: .seconds(31))
            }, phase: "Degraded RolloutAborted: Rollout aborted update to revision 2: ReplicaSet \"NEW\" has timed out progressing.",
            progressing: "False/RolloutAborted", paused: nil),
        Situation(
            name: "live, and has lost a pod", acts: { cluster in
                update(&cluster)
                cluster.podLimit = ["v2": 2]
                cluster.runPods()
                cluster.settle()
            }, phase: "Progressing updated replicas are still becoming available", progressing: "True/ReplicaSetNotAvailable", paused: nil,
            available: "False/AvailableReason", completed: "True/RolloutCompleted"),
        Situation(
            name: "healthy, and held by hand", acts: { cluster in
                cluster.pause()
                cluster.settle()
            }, phase: "Paused manually paused", progressing: "True/NewReplicaSetAvailable", paused: "True/RolloutPaused",
            completed: "True/RolloutCompleted"),
    ]

    private static func update(_ cluster: inout ModelCluster, pods: Int? = nil) {
        if let pods { cluster.podLimit = ["v2": pods] }
        cluster.setImage("v2")
        cluster.settle()
    }

    private static func end(_ cluster: inout ModelCluster, _ phase: String) {
        cluster.endRun(nil, phase)
        cluster.settle()
    }

    @Test(arguments: situations) func says(_ situation: Situation) {
        var cluster = BlueGreenTests.steady(situation.members, spec: situation.spec)
        situation.acts(&cluster)
        #expect(cluster.phase.replacing(cluster.name("v2").isEmpty ? "-" : cluster.name("v2"), with: "NEW") == situation.phase)
        #expect(cluster.condition("Progressing") == situation.progressing, "Progressing")
        #expect(cluster.condition("Paused") == situation.paused, "Paused")
        #expect(cluster.condition("Available") == situation.available, "Available")
        #expect(cluster.condition("Completed") == situation.completed, "Completed")
        #expect(cluster.condition("Healthy") == situation.healthy, "Healthy")
        #expect(cluster.condition("InvalidSpec") == nil)
        // Nothing is told twice by looking again, nor much later where nothing else is due.
        let events: Int = cluster.events.count
        for _ in 0..<3 { cluster.settle() }
        #expect(cluster.events.count == events, "\(cluster.reasons)")
    }

    // MARK: Events

    struct Story: Sendable, CustomTestStringConvertible {
        var name: String
        var members: JSONObject = [:]
        var hasPreview: Bool = true
        var acts: @Sendable (inout ModelCluster) -> Void
        var events: [String]
        var testDescription: String { name }
    }

    private static let begun: [String] = ["RolloutUpdated", "NewReplicaSetCreated", "RolloutNotCompleted"]
    private static let previewed: [String] = begun + ["SwitchService", "ScalingReplicaSet"]

    static let stories: [Story] = [
        Story(
            name: "by itself, without preview Service", hasPreview: false, acts: { cluster in
                update(&cluster)
                cluster.run(for: .seconds(60))
            }, events: begun + ["ScalingReplicaSet", "SwitchService", "RolloutCompleted", "ScalingReplicaSet"]),
        Story(
            name: "by hand", members: ["autoPromotionEnabled": false], acts: { cluster in
                update(&cluster)
                cluster.promote()
                cluster.settle()
                cluster.run(for: .seconds(60))
            }, events: previewed + ["RolloutPaused", "SwitchService", "RolloutCompleted", "ScalingReplicaSet"]),
        Story(
            name: "after its time", members: ["autoPromotionSeconds": 20], acts: { cluster in
                update(&cluster)
                cluster.run(for: .seconds(80))
            }, events: previewed + ["RolloutPaused", "SwitchService", "RolloutCompleted", "RolloutResumed", "ScalingReplicaSet"]),
        Story(
            name: "given up, tried again, promoted", members: ["autoPromotionEnabled": false], acts: { cluster in
                update(&cluster)
                cluster.abort()
                cluster.settle()
                cluster.run(for: .seconds(60))
                cluster.retry()
                cluster.settle()
                cluster.promote()
                cluster.settle()
                cluster.run(for: .seconds(60))
            }, events: previewed + [
                "RolloutPaused", "RolloutAborted", "ScalingReplicaSet", "ScalingReplicaSet", "RolloutPaused", "SwitchService", "RolloutCompleted",
                "ScalingReplicaSet",
            ]),
        Story(
            name: "both analyses", members: ["prePromotionAnalysis": BlueGreenTests.analysis, "postPromotionAnalysis": BlueGreenTests.analysis], acts: { cluster in
                update(&cluster)
                end(&cluster, "Successful")
                end(&cluster, "Successful")
                cluster.run(for: .seconds(60))
            }, events: previewed + [
                "AnalysisRunRunning", "SwitchService", "AnalysisRunSuccessful", "AnalysisRunRunning", "AnalysisRunSuccessful", "RolloutCompleted",
                "ScalingReplicaSet",
            ]),
        Story(
            name: "live, and back because its analysis fails", members: ["postPromotionAnalysis": BlueGreenTests.analysis], acts: { cluster in
                update(&cluster)
                end(&cluster, "Failed")
                cluster.run(for: .seconds(60))
            }, events: previewed + [
                "SwitchService", "AnalysisRunRunning", "AnalysisRunFailed", "RolloutAborted", "SwitchService", "ScalingReplicaSet",
            ]),
        Story(
            name: "fast rollback", acts: { cluster in
                update(&cluster)
                cluster.setImage("v1")
                cluster.settle()
                cluster.run(for: .seconds(60))
            }, events: previewed + [
                "SwitchService", "RolloutCompleted", "RolloutUpdated", "SwitchService", "RolloutNotCompleted", "SwitchService", "RolloutCompleted",
                "ScalingReplicaSet",
            ]),
        Story(
            name: "few pods first", members: ["autoPromotionEnabled": false, "previewReplicaCount": 1], acts: { cluster in
                update(&cluster)
                cluster.promote()
                cluster.settle()
                cluster.run(for: .seconds(60))
            }, events: previewed + ["RolloutPaused", "ScalingReplicaSet", "SwitchService", "RolloutCompleted", "ScalingReplicaSet"]),
    ]

    @Test("each transition is told once, in its order", arguments: stories) func told(_ story: Story) {
        var cluster = BlueGreenTests.steady(story.members, preview: story.hasPreview)
        story.acts(&cluster)
        #expect(cluster.reasons == story.events, "\(cluster.reasons)")
    }

    @Test("R38: a spec that was wrong for longer than the deadline is not given up when it is put right") func fixedSpec() {
        var cluster = BlueGreenTests.steady(spec: ["progressDeadlineSeconds": 30, "progressDeadlineAbort": true])
        Self.update(&cluster, pods: 1)
        cluster.edit(["spec": ["strategy": ["blueGreen": ["activeService": "nobody"]]]])
        cluster.settle()
        #expect(cluster.phase.hasPrefix("Degraded InvalidSpec") && cluster.selected(by: "active") == "v1")
        cluster.run(for: .seconds(600))
        cluster.edit(["spec": ["strategy": ["blueGreen": ["activeService": "active"]]]])
        cluster.settle()
        #expect(!cluster.status.abort && cluster.condition("InvalidSpec") == nil)
        cluster.run(for: .seconds(29))
        #expect(!cluster.status.abort)
        cluster.run(for: .seconds(2))
        #expect(cluster.status.abort && cluster.reasons.filter { $0 == "RolloutAborted" }.count == 1)
    }
}
