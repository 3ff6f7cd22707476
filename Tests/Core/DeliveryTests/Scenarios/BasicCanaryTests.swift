import Clockwork
import StrictJSON
import Testing

@Suite("A basic canary") struct BasicCanaryTests {
    static let twoSteps: [JSONValue] = [["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": ["duration": 2]]]

    /// The first version healthy, then a second one, at rest.
    static func updated(
        _ steps: [JSONValue]? = twoSteps, replicas: Int = 4, canary: JSONObject = [:], spec: JSONObject = [:], to image: String = "v2",
        limits: [String: Int] = [:]
    ) -> ModelCluster {
        var cluster = ModelCluster(Manifest.rollout(replicas: replicas, steps: steps, canary: canary, spec: spec))
        cluster.podLimit = limits
        cluster.settle()
        cluster.forget()
        cluster.setImage(image)
        cluster.settle()
        return cluster
    }

    @Test("deploys its first version in one go, in upstream's order of writes and events") func firstDeploy() {
        var cluster = ModelCluster(Manifest.rollout(steps: Self.twoSteps))
        cluster.podsAreHeld = true
        cluster.settle()
        #expect(cluster.journal == [
            "v1 created", "revision 1",
            "status phase=Progressing (more replicas need to be updated) current=v1 step=0 Pg=True/ReplicaSetUpdated Co=False/RolloutCompleted",
            "v1 0→4", "status step=4 stable=v1 Co=True/RolloutCompleted",
        ])
        #expect(cluster.condition("Healthy") == nil)
        #expect(cluster.condition("Available") == "False/AvailableReason")
        cluster.podsAreHeld = false
        cluster.podLimit["v1"] = 1
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Progressing updated replicas are still becoming available")
        cluster.podLimit["v1"] = nil
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Healthy")
        #expect(cluster.condition("Healthy") == "True/RolloutHealthy" && cluster.condition("Progressing") == "True/NewReplicaSetAvailable")
        #expect(cluster.reasons == ["RolloutUpdated", "NewReplicaSetCreated", "RolloutNotCompleted", "ScalingReplicaSet", "RolloutCompleted"])
        #expect(cluster.events.last?.message.hasSuffix(": Initial deploy") == true)
    }

    @Test("goes through its steps in upstream's order of writes") func update() {
        var cluster = Self.updated()
        #expect(cluster.journal == [
            "v2 created", "revision 2",
            "status phase=Progressing (more replicas need to be updated) current=v2 step=0 Pg=True/ReplicaSetUpdated Co=False/RolloutCompleted He=False/RolloutHealthy",
            "v1 4→3", "v2 0→1", "status counts",
            "status phase=Paused (CanaryPauseStep) step=1 pause=CanaryPauseStep Pg=Unknown/RolloutPaused Paused=True/RolloutPaused",
        ])
        cluster.forget()
        cluster.promote()
        cluster.settle()
        #expect(cluster.journal == [
            "status phase=Progressing (more replicas need to be updated) Pg=Unknown/RolloutResumed Paused=False/RolloutPaused",
            "status step=2 Pg=True/ReplicaSetUpdated", "v1 3→2", "v2 1→2", "status counts",
            "status phase=Paused (CanaryPauseStep) step=3 pause=CanaryPauseStep Pg=Unknown/RolloutPaused Paused=True/RolloutPaused",
        ])
        #expect(!cluster.reasons.contains("RolloutResumed"))
        cluster.forget()
        cluster.run(for: .seconds(2))
        #expect(cluster.journal == [
            "status phase=Progressing (more replicas need to be updated) step=4 pause= Pg=True/ReplicaSetUpdated Paused=False/RolloutPaused",
            "v1 2→1", "v2 2→4", "status counts", "v1 1→0", "status phase=Progressing (old replicas are pending termination)",
            "status phase=Healthy stable=v2 Pg=True/NewReplicaSetAvailable Co=True/RolloutCompleted He=True/RolloutHealthy",
        ])
        #expect(cluster.reasons == [
            "RolloutStepCompleted", "RolloutResumed", "ScalingReplicaSet", "ScalingReplicaSet", "ScalingReplicaSet", "RolloutCompleted",
        ])
        #expect(cluster.events.last?.message.hasSuffix(": Completed all 4 canary steps") == true)
    }

    @Test("comes nearest to the guide's weights: 1 of 11, 2 of 10, 5 of 10") func guide() {
        var cluster = Self.updated(Manifest.guideSteps, replicas: 10)
        #expect(cluster.sizes == "v1: 10, v2: 1")
        cluster.run(for: .seconds(299))
        #expect(cluster.sizes == "v1: 10, v2: 1" && cluster.step == 1)
        cluster.run(for: .seconds(1))
        #expect(cluster.sizes == "v1: 8, v2: 2" && cluster.step == 3)
        cluster.run(for: .seconds(600))
        #expect(cluster.sizes == "v1: 5, v2: 5" && cluster.step == 5)
        cluster.run(for: .seconds(600))
        #expect(cluster.sizes == "v1: 0, v2: 10" && cluster.phase == "Healthy" && cluster.stable == "v2")
    }

    @Test("sets sizes in the order of the worked examples", arguments: [
        (10, [20], JSONObject(["maxSurge": 2, "maxUnavailable": 0]), ["v2 0→2", "v1 10→8"]),
        (10, [20], JSONObject(), ["v1 10→8", "v2 0→2"]),
        (5, [20, 50, 100], JSONObject(), ["v1 5→4", "v2 0→1", "v1 4→3", "v2 1→3", "v1 3→1", "v2 3→5", "v1 1→0"]),
        (3, [50], JSONObject(), ["v2 0→1", "v1 3→2", "v2 1→2"]),
        (1, [20, 100], JSONObject(), ["v2 0→1", "v1 1→0"]),
        (4, [50], JSONObject(["maxSurge": 4, "maxUnavailable": 1]), ["v1 4→3", "v2 0→2", "v1 3→2"]),
    ] as [(Int, [Int], JSONObject, [String])])
    func workedExamples(_ replicas: Int, _ weights: [Int], _ canary: JSONObject, _ expected: [String]) {
        let steps: [JSONValue] = weights.map { ["setWeight": .number(JSONNumber($0))] } + [["pause": [:]]]
        let cluster = Self.updated(steps, replicas: replicas, canary: canary)
        #expect(cluster.journal.filter { $0.contains("→") } == expected)
    }

    @Test("without steps replaces all pods, then is promoted") func noSteps() {
        let cluster = Self.updated(nil)
        #expect(cluster.sizes == "v1: 0, v2: 4" && cluster.stable == "v2" && cluster.step == nil && cluster.phase == "Healthy")
        #expect(cluster.events.last?.message.hasSuffix("Completed all 0 canary steps") == true)
    }

    @Test("keeps at most the allowed old revisions, and their runs go with them") func history() {
        var cluster = ModelCluster(
            Manifest.rollout(
                steps: [["setWeight": 50]], canary: ["analysis": ["templates": [["templateName": "ok"]]]], spec: ["revisionHistoryLimit": 1]),
            templates: [Manifest.template()])
        cluster.settle()
        for image in ["v2", "v3", "v4"] {
            cluster.now += .seconds(10)
            cluster.setImage(image)
            cluster.settle()
        }
        #expect(cluster.sizes == "v3: 0, v4: 4")
        #expect(Set(cluster.runs.keys.map(cluster.runName)) == ["app-v3-3", "app-v4-4"])
    }

    @Test("counts a revision that comes back anew and remembers its old numbers") func revisionHistory() {
        var cluster = Self.updated(nil)
        cluster.setImage("v1")
        cluster.settle()
        #expect(cluster.annotation("rollout.argoproj.io/revision", of: "v1") == "3")
        #expect(cluster.annotation("rollout.argoproj.io/revision-history", of: "v1") == "1")
        #expect(cluster.rollout.at("metadata", "annotations", "rollout.argoproj.io/revision")?.stringValue == "3")
        #expect(cluster.sizes == "v1: 4, v2: 0")
    }

    @Test("writes the default number of pods and nothing else with it") func defaultReplicas() {
        var cluster = ModelCluster(Manifest.rollout(replicas: nil))
        while cluster.rollout.at("spec", "replicas") == nil {
            let plan = cluster.decideNow()
            if plan.steps.contains(where: { $0.action == .setReplicas(1) }) {
                #expect(plan.steps.count == 1)
                #expect(plan.status == cluster.status)
            }
            cluster.apply(plan)
        }
        cluster.settle()
        #expect(cluster.sizes == "v1: 1" && cluster.phase == "Healthy")
    }

    @Test("with no pods wanted is healthy, also through an update") func noPods() {
        var cluster = Self.updated([["setWeight": 50], ["pause": [:]]], replicas: 0)
        #expect(cluster.sizes == "v1: 0, v2: 0")
        cluster.promote()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.stable == "v2")
        cluster.setReplicas(3)
        cluster.settle()
        #expect(cluster.sizes == "v1: 0, v2: 3" && cluster.phase == "Healthy")
    }

    @Test("points its Services at revisions with available pods, and back after an abort") func services() {
        var cluster = ModelCluster(
            Manifest.rollout(steps: [["setWeight": 25], ["pause": [:]]], canary: ["stableService": "app-stable", "canaryService": "app-canary"]),
            services: [Manifest.service("app-stable"), Manifest.service("app-canary")])
        cluster.podLimit["v1"] = 3
        cluster.settle()
        // Narrowing a Service that works today needs all pods.
        #expect(cluster.selected(by: "app-stable") == "-" && cluster.selected(by: "app-canary") == "-")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.selected(by: "app-stable") == "v1" && cluster.selected(by: "app-canary") == "v1")
        #expect(cluster.services["app-stable"]?.at("metadata", "annotations", "argo-rollouts.argoproj.io/managed-by-rollouts") == "app")
        cluster.podLimit["v2"] = 0
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.selected(by: "app-canary") == "v1")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.selected(by: "app-canary") == "v2" && cluster.selected(by: "app-stable") == "v1")
        cluster.abort()
        cluster.settle()
        #expect(cluster.selected(by: "app-canary") == "v1" && cluster.sizes == "v1: 4, v2: 0")
    }
}
