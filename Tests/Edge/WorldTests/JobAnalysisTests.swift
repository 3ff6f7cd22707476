import Clockwork
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

/// A canary whose first step is an analysis by a Job.
@Suite("An analysis by a Job") struct JobAnalysisTests {
    /// What the role grants for Jobs, and what becomes of the release without it.
    static let rights: Set<Right> = [Right("create", "jobs", "batch"), Right("get", "jobs", "batch"), Right("delete", "jobs", "batch"), Right("list", "pods")]

    private static func start(_ world: World, jobImage: String, metric: JSONObject = [:]) async throws {
        var object: JSONObject = [
            "name": "smoke",
            "provider": [
                "job": ["spec": ["backoffLimit": 0, "template": ["spec": ["restartPolicy": "Never", "containers": [["name": "test", "image": .string(jobImage)]]]]]]
            ],
        ]
        for (key, value) in metric { object[key] = value }
        try await world.cluster.apply([
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": ["name": "smoke"], "spec": ["metrics": [.object(object)]],
        ])
        let steps: [JSONValue] = [Scenery.setWeight(50), ["analysis": ["templates": [["templateName": "smoke"]]]]]
        try await world.cluster.apply(Scenery.canary("my-app", replicas: 2, image: "myapp:v1", steps: steps))
        try await world.waitHealthy()
        try await world.setImage("myapp:v2")
    }

    private static func isAborted(_ rollout: Rollout) -> Bool { rollout.status.abort }

    private static func runs(_ world: World) async -> [JSONValue] { await world.cluster.server.objects(of: .analysisRuns, namespace: "default") }

    @Test func leadsOnWhenItSucceeds() throws {
        try World.run(seed: 41) { world in
            try await Self.start(world, jobImage: "test:v1")
            let healthy = try await world.waitHealthy(timeout: .seconds(600))
            #expect(healthy.status.stableRS == healthy.status.currentPodHash)
            let run = try #require(await Self.runs(world).first)
            #expect(run.at("status", "phase") == "Successful")
            let job = try #require(await world.cluster.server.objects(of: .jobs, namespace: "default").first)
            #expect(job.at("metadata", "name")?.stringValue == "\(run.at("metadata", "uid")?.stringValue ?? "").smoke.1")
            #expect(job.at("metadata", "ownerReferences")?[0]?["uid"] == run.at("metadata", "uid"))
        }
    }

    @Test func abortsWhenItFails() throws {
        try World.run(seed: 42) { world in
            try await Self.start(world, jobImage: "test:crash")
            let rollout = try await world.waitFor("the release is aborted", timeout: .seconds(600), Self.isAborted)
            #expect(rollout.status.message.contains("Metric \"smoke\" assessed Failed due to failed (1) > failureLimit (0)"))
            #expect(rollout.status.message.contains("BackoffLimitExceeded"))
            #expect(rollout.status.message.contains("ended with exit code 1"))
        }
    }

    @Test("R30: an image that cannot be pulled is an error with the kubelet's reason, and nothing is promoted") func imageMissing() throws {
        try World.run(seed: 43) { world in
            try await Self.start(world, jobImage: "test:pending", metric: ["consecutiveErrorLimit": 0])
            try await world.cluster.sleep(.seconds(60))
            let pods = await world.cluster.server.objects(of: .pods, namespace: "default").filter { $0.at("metadata", "labels", "job-name") != nil }
            let name = try #require(pods.first?.at("metadata", "name")?.stringValue)
            _ = try await world.kubectl.patch(.pods, namespace: "default", name: name, subresource: "status", .merge([
                "status": [
                    "containerStatuses": [
                        [
                            "name": "test", "image": "test:pending", "imageID": "", "ready": false, "restartCount": 0,
                            "state": ["waiting": ["reason": "ImagePullBackOff", "message": "Back-off pulling image \"test:pending\""]],
                        ]
                    ]
                ]
            ]))
            let rollout = try await world.waitFor("the release is aborted", timeout: .seconds(600), Self.isAborted)
            #expect(rollout.status.message.contains("consecutiveErrors (1) > consecutiveErrorLimit (0)"))
            #expect(rollout.status.message.contains("(ImagePullBackOff): Back-off pulling image \"test:pending\""))
            #expect(rollout.status.stableRS != rollout.status.currentPodHash)
            try await world.cluster.sleep(.seconds(60))
            #expect(await world.cluster.server.objects(of: .jobs, namespace: "default").isEmpty)
        }
    }

    @Test func endsWithTheReleaseThatItIsOf() throws {
        try World.run(seed: 44) { world in
            try await Self.start(world, jobImage: "test:never")
            try await world.cluster.waitUntil("the job runs", timeout: .seconds(120)) { !$0.objects(of: .jobs, namespace: "default").isEmpty }
            try await world.abort()
            try await world.cluster.sleep(.seconds(120))
            #expect(await world.cluster.server.objects(of: .jobs, namespace: "default").isEmpty)
            #expect(await Self.runs(world).first?.at("status", "phase") == "Inconclusive")
        }
    }

    @Test("without a right it is an error that names the rule, or it does without", arguments: rights.sorted { $0.testDescription < $1.testDescription })
    func withoutARight(_ right: Right) throws {
        try World.run(seed: 45, withController: false) { world in
            let fence = await Fence(world)
            try await world.withController {
                fence.remove([right])
                try await Self.start(world, jobImage: "test:v1")
                if right.verb == "create" || right.verb == "get" {
                    let rollout = try await world.waitFor("the release is aborted", timeout: .seconds(900), Self.isAborted)
                    #expect(rollout.status.message.contains(right.rule), "\(rollout.status.message)")
                } else {
                    let healthy = try await world.waitHealthy(timeout: .seconds(900))
                    #expect(healthy.status.stableRS == healthy.status.currentPodHash)
                }
            }
        }
    }
}
