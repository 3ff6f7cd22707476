import Clockwork
import KubeClient
import KubeModel
import RolloutModel
import StrictJSON
import Testing

@testable import PluginCommands

@Suite("A playground") struct ClusterCommandTests {
    @Test func playsTheGuideAndEndsByASignal() throws {
        try PlaygroundBench.play { bench in
            let session = try await bench.run("--write-kubeconfig kc") { client in
                try await client.applyGuide()
                try await bench.wait("the first version is healthy") { try await client.rollout().at("status", "phase") == "Healthy" }
                try await client.setImage("myapp:v3.0")
                try await bench.wait("the canary pauses") { try await client.rollout().at("status", "phase") == "Paused" }
                #expect(try await client.rollout().at("status", "currentStepIndex") == 1)
                let route: JSONValue = try await client.get(.httpRoutes, namespace: "default", name: "my-app-route")
                #expect(route.at("status", "parents")?[0]?["controllerName"] == "gateway.example/simulated")
                try await bench.wait("the first measurement") {
                    let runs: [JSONValue] = try await client.list(.analysisRuns, namespace: "default").items
                    return runs.first?.at("status", "metricResults")?[0]?["successful"] == 1
                }
            }
            #expect(session.status == 0)
            #expect(session.error == "The cluster is stopped.\n")
            #expect(session.output.contains("a Kubernetes API on http://127.0.0.1:4711,"))
            #expect(session.output.contains("  export KUBECONFIG=\(bench.folder)/kc\n") == (bench.text("kc") != nil))
            #expect(session.output.contains("rollout/my-app: Rollout is paused (CanaryPauseStep) (RolloutPaused)\n"))
        }
    }

    @Test func abortsAVersionWhoseTagSaysThatItIsBroken() throws {
        try PlaygroundBench.play { bench in
            try await bench.run("--quiet") { client in
                try await client.applyGuide()
                try await bench.wait("the first version is healthy") { try await client.rollout().at("status", "phase") == "Healthy" }
                try await client.setImage("myapp:v3.0-broken")
                try await bench.wait("the release is aborted", seconds: 1800) { try await client.rollout().at("status", "abort") == true }
            }
        }
    }

    @Test func leavesRolloutsAloneWithoutItsController() throws {
        try PlaygroundBench.play { bench in
            let session = try await bench.run("--controller=false") { client in
                try await client.applyGuide()
                try await bench.clock.sleep(until: bench.clock.now + .seconds(60), tolerance: nil)
                #expect(try await client.rollout()["status"] == nil)
            }
            #expect(session.status == 0)
            #expect(session.output.contains("sluice-controller --kubeconfig FILE"))
        }
    }

    @Test func losesAtMostASecondWhenItIsKilledAndGoesOnFromThere() throws {
        try PlaygroundBench.play { bench in
            try await bench.run("--state @first") { client in
                try await client.applyGuide()
                try await bench.wait("the first version is healthy") { try await client.rollout().at("status", "phase") == "Healthy" }
                try await client.setImage("myapp:v3.0")
                try await bench.wait("the canary pauses") { try await client.rollout().at("status", "phase") == "Paused" }
                _ = try await client.create(.configMaps, namespace: "default", ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "late"]])
                try await bench.clock.sleep(until: bench.clock.now + .seconds(1), tolerance: nil)
                // What a killed process would leave behind.
                try bench.write(try #require(bench.text("first")), "second")
            }
            let session = try await bench.run("--state @second", seed: 6) { client in
                _ = try await client.get(.configMaps, namespace: "default", name: "late")
                let rollout: JSONValue = try await client.rollout()
                #expect(rollout.at("status", "currentStepIndex") == 1)
                #expect(Int(try await client.list(.configMaps, namespace: "default").resourceVersion) ?? 0 > 1_000_000)
                let pods: [JSONValue] = try await client.list(.pods, namespace: "default").items
                #expect(pods.count == 11 && pods.allSatisfy { $0.at("status", "phase") == "Running" })
                // As `kubectl sluice promote` does.
                _ = try await client.patch(
                    .rollouts, namespace: "default", name: "my-app", subresource: "status", .merge(["status": ["pauseConditions": .null]]))
                try await bench.wait("the second pause") { try await client.rollout().at("status", "currentStepIndex") == 3 }
                try await bench.clock.sleep(until: bench.clock.now + .seconds(5), tolerance: nil)
                let later: [JSONValue] = try await client.list(.pods, namespace: "default").items
                #expect(Set(later.compactMap { $0.at("status", "podIP") }).count == later.count, "no address is given twice")
            }
            #expect(session.status == 0)
            #expect(session.output.contains("goes on from \(bench.folder)/second with "))
            #expect(session.error == "The cluster is stopped; \(bench.folder)/second has its state.\n")
        }
    }

    @Test func forgetsEventsAfterAnHour() throws {
        try PlaygroundBench.play { bench in
            try await bench.run("--quiet") { client in
                try await client.applyGuide()
                try await bench.wait("the first version is healthy") { try await client.rollout().at("status", "phase") == "Healthy" }
                try await bench.clock.sleep(until: bench.clock.now + .seconds(3000), tolerance: nil)
                let early: [JSONValue] = try await client.list(.events, namespace: "default").items
                #expect(!early.isEmpty)
                try await bench.clock.sleep(until: bench.clock.now + .seconds(1200), tolerance: nil)
                let late: [JSONValue] = try await client.list(.events, namespace: "default").items
                #expect(late.isEmpty)
            }
        }
    }

    @Test func leavesTheGatewayAsItWasChanged() throws {
        try PlaygroundBench.play { bench in
            let gateways = GroupVersionResource(group: "gateway.networking.k8s.io", version: "v1", resource: "gateways")
            try await bench.run("--state @state") { try await $0.delete(gateways, namespace: "default", name: "production-gateway") }
            try await bench.run("--state @state", seed: 6) { client in
                let left: [JSONValue] = try await client.list(gateways, namespace: "default").items
                #expect(left.isEmpty)
            }
        }
    }

    @Test func saysThatItsPortIsTaken() throws {
        try PlaygroundBench.play { bench in
            let session = try await bench.run("--port 8901", failure: ListenFailure(isTaken: true, cause: "bind: Address already in use"))
            #expect(session == PluginWorld.Session(
                status: 1, error: "Error: port 8901 of 127.0.0.1 is taken by another program; choose another one with --port, or 0 for a free one\n"))
        }
    }

    static let files: [(content: String, complaint: String)] = [
        ("foo: bar\n", "it is not the state of a cluster; move it away"),
        ("", "it is not the state of a cluster; move it away"),
        (#"{"format":"sluice-cluster-state","version":9}"#, "it was written by a newer version of this program (format 9, this one reads up to 1); use that version"),
        (#"{"format":"sluice-cluster-state","version":1,"resourceVersion":7,"objects":2,"digest":"0"}"#, "it is incomplete: 0 of 2 objects are there; move"),
        (#"{"format":"sluice-cluster-state","version":1,"resourceVersion":7,"objects":0,"digest":"0"}"#, "line 1 is damaged: its digest is not that of the objects; move"),
    ]

    @Test(arguments: files) func leavesAFileAloneThatItCannotRead(content: String, complaint: String) throws {
        try PlaygroundBench.play { bench in
            try bench.write(content, "state")
            let session = try await bench.run("--state @state") { _ in Issue.record("it must not begin") }
            #expect(session.status == 1)
            #expect(session.error.hasPrefix("Error: the state file \(bench.folder)/state cannot be used: \(complaint)"), "\(session.error)")
            #expect(bench.text("state") == content)
        }
    }

    @Test func doesNotShareItsStateWithAnother() throws {
        try PlaygroundBench.play { bench in
            try await bench.run("--state @state") { _ in
                let second = try await bench.run("--state @state") { _ in Issue.record("it must not begin") }
                #expect(second == PluginWorld.Session(
                    status: 1,
                    error: "Error: the state file \(bench.folder)/state is in use by another cluster; end that one, or name another file with --state\n"))
            }
        }
    }

    @Test func doesNotWriteOverAKubeconfigOfSomebodyElse() throws {
        try PlaygroundBench.play { bench in
            try bench.write("current-context: production\n", "config")
            let session = try await bench.run("--write-kubeconfig @config") { _ in Issue.record("it must not begin") }
            #expect(session == PluginWorld.Session(
                status: 1,
                error: "Error: --write-kubeconfig \(bench.folder)/config: it is there already and was not written by this command; name another file\n"))
            #expect(bench.text("config") == "current-context: production\n")
            // Its own it may.
            #expect(try await bench.run("--write-kubeconfig @own").status == 0)
            #expect(try await bench.run("--write-kubeconfig @own").status == 0)
        }
    }

    @Test func saysWhereItsKubeconfigCannotBeWritten() throws {
        try PlaygroundBench.play { bench in
            let session = try await bench.run("--write-kubeconfig @none/config") { _ in
                try await bench.clock.sleep(until: bench.clock.now + .seconds(60), tolerance: nil)
            }
            #expect(session.status == 1)
            #expect(session.error == "Error: --write-kubeconfig \(bench.folder)/none/config: cannot be written: No such file or directory\n")
        }
    }

    @Test(arguments: ["sum(rate(http_requests_total{job=\"web\"}[5m]))": "web", "x{service=\"a-b\",status=~\"5..\"}": "a-b"])
    func findsTheWorkloadThatAQueryIsAbout(query: String, job: String) { #expect(PlaygroundMetrics.job(in: query) == job) }

    @Test func saysHowToBegin() {
        let page = PlaygroundPage(server: "http://127.0.0.1:8901", kubeconfig: "/home/eva/my kube/config", runsController: true, state: nil, objects: nil)
        #expect(page.lines.joined(separator: "\n") == """
            Sluice playground: a Kubernetes API on http://127.0.0.1:8901, everything behind it simulated

              export KUBECONFIG='/home/eva/my kube/config'

              runs      Deployments, ReplicaSets, Jobs, pods (on paper), Services, the Gateway production-gateway, Sluice
              images    the tag decides: bad, crash, pending, slow are what they say; …broken… makes 20 % errors; all others are good
              metrics   http_requests_total{job="NAME"} at http://prometheus:9090 for analyses, at http://127.0.0.1:8901/prometheus for you
              state     lasts as long as this runs; --state FILE keeps it

              try       kubectl apply -f examples/guide/my-app.yaml
                        kubectl sluice get rollout my-app -w
                        kubectl patch rollout my-app --type=json \\
                          -p '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"myapp:v3.0"}]'
                        kubectl sluice promote my-app

            Ctrl-C ends it.

            """)
    }
}
