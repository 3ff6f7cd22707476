import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

extension RightsTests {
    @Test("to list templates of the cluster, a Rollout that names one waits and one with a template of its namespace does not")
    func clusterTemplates() throws {
        try World.run(seed: 84, withController: false) { world in
            let fence = await Fence(world)
            fence.remove([Right("list", "clusteranalysistemplates", "argoproj.io")])
            world.prometheus.script(.exactly("errors"), .value(0))
            var template: JSONValue = BadInputTests.template(interval: "10s")
            try await world.cluster.apply(template)
            template["kind"] = "ClusterAnalysisTemplate"
            try await world.cluster.apply(template)
            try await world.withController {
                for (name, isClusterScoped) in [("own", false), ("shared", true)] {
                    var rollout: JSONValue = Scenery.canary(name, replicas: 2, steps: [Scenery.setWeight(50), Scenery.pause("30s")])
                    let reference: JSONValue = isClusterScoped ? ["templateName": "errors", "clusterScope": true] : ["templateName": "errors"]
                    rollout.set(["templates": [reference]], at: ["spec", "strategy", "canary", "analysis"])
                    try await world.cluster.apply(rollout)
                }
                try await world.waitHealthy("own", timeout: .seconds(120))
                try await world.setImage("myapp:v2", of: "own")
                try await world.waitHealthy("own", timeout: .seconds(300))
                let held: Rollout = try await world.waitDegraded("shared", timeout: .seconds(120))
                let message: String = held.status.condition("Forbidden")?.message ?? ""
                #expect(message.contains("list clusteranalysistemplates.argoproj.io in all namespaces"), "\(message)")
                #expect(message.contains("to a ClusterRole that is bound to"), "\(message)")
                fence.grantAll()
                try await world.waitHealthy("shared", timeout: .seconds(120))
            }
        }
    }
}
