import KubeModel
import StrictJSON
import Testing

extension EndToEnd.OnOurDefinitions {
    @Test("with the roles of deploy/ analyses by Jobs, over a window and of a web page come to what they find")
    func analyses() async throws {
        let cluster: RealCluster = try RealCluster.here
        let address = "http://127.0.0.1:\(cluster.prometheus.port)"
        func job(_ name: String, _ image: String) -> JSONValue {
            let container: JSONValue = ["name": "test", "image": .string(image)]
            return [
                "name": .string(name),
                "provider": ["job": ["spec": ["backoffLimit": 0, "template": ["spec": ["restartPolicy": "Never", "containers": [container]]]]]],
            ]
        }
        let metrics: [String: (metric: JSONValue, phase: String)] = [
            "job-good": (job("smoke", "test:v1"), "Successful"),
            "job-bad": (job("smoke", "test:crash"), "Failed"),
            "window": ([
                "name": "m", "successCondition": "len(result) > 1 && all(result, # == 1)",
                "provider": ["prometheus": [
                    "address": .string(address), "query": "vector(1)",
                    "rangeQuery": ["start": "now() - duration(\"1m\")", "end": "now()", "step": "15s"],
                ]],
            ], "Successful"),
            "page": ([
                "name": "m", "successCondition": "result == \"success\"",
                "provider": ["web": ["url": .string("\(address)/api/v1/status/buildinfo"), "jsonPath": "{$.status}"]],
            ], "Successful"),
        ]
        try await Scene.play(.linkedAndFast, in: "analyses") { scene in
            try await cluster.withController(account: try await cluster.account(.deploy)) { _ in
                for (name, entry) in metrics.sorted(by: { $0.key < $1.key }) {
                    _ = try await cluster.api.client.create(.analysisRuns, namespace: scene.namespace, [
                        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": ["name": .string(name)],
                        "spec": ["metrics": [entry.metric]],
                    ])
                }
                for (name, entry) in metrics.sorted(by: { $0.key < $1.key }) {
                    let run: JSONValue = try await eventually("\(name) is over", seconds: 60) {
                        let run = try await cluster.api.client.get(.analysisRuns, namespace: scene.namespace, name: name)
                        return ["Successful", "Failed", "Error", "Inconclusive"].contains(run.at("status", "phase")?.stringValue) ? run : .none
                    }
                    print("analyses: \(name): \(run["status"]?.text() ?? "")")
                    #expect(run.at("status", "phase")?.stringValue == entry.phase, "\(name): \(run["status"]?.text() ?? "")")
                }
                let jobs = try await cluster.api.client.listAll(.jobs, namespace: scene.namespace)
                #expect(jobs.count == 2)
                #expect(jobs.allSatisfy { $0.at("metadata", "ownerReferences")?[0]?["kind"] == "AnalysisRun" })
            }
        }
    }
}
