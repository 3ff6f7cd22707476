import Clockwork
import FoundationEssentials
import KubeModel
import SimulatedCluster
import StrictJSON
import Testing

@Suite("The controller's metrics") struct MetricsPageTests {
    /// The page without what differs between machines and builds.
    private func page(_ process: Bench.Started) async throws -> String {
        let page = try #require(await process.pages.get(8090, "/metrics"))
        #expect(page.status == 200)
        return page.text.split(separator: "\n").filter { !$0.contains("process_") && !$0.hasPrefix("build_info{") }.joined(separator: "\n") + "\n"
    }

    /// How often things happen is not the page's business: of what is counted only names and labels are kept.
    private static let counted: [String] = [
        "analysis_run_reconcile", "controller_clientset_k8s_request_total", "rest_client_", "rollout_events_total", "rollout_reconcile",
        "rollouts_gateway_route_", "workqueue_",
    ]

    private func shape(_ line: Substring) -> String {
        let text = String(line).replacing(/my-app-[0-9a-z]{8,10}-/, with: "my-app-HASH-")
        guard !text.hasPrefix("#"), Self.counted.contains(where: { text.hasPrefix($0) }) else { return text }
        let series = String(text[..<(text.lastIndex(of: " ") ?? text.endIndex)])
        // Bounds of buckets belong to the definition.
        return series.replacing(/([a-z_]+)="([^"]*)"/) { match in match.1 == "le" ? String(match.0) : String(match.1) }
    }

    @Test("in the middle of a release are those of Golden/metrics.txt; UPDATE_GOLDEN=1 writes it") func golden() throws {
        let text: String = try Bench.run { bench in
            let release = Release(bench: bench)
            try await release.apply()
            try await bench.cluster.apply([
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": ["name": "broken"],
                "spec": ["replicas": 1, "strategy": ["canary": ["steps": [["setWeight": 200]]]], "template": ["spec": ["containers": [["name": "a", "image": "b"]]]]],
            ])
            return try await bench.withProcess { process in
                try await bench.sleep(.seconds(60))
                try await release.set(image: "my-app:v2")
                try await bench.sleep(.seconds(45))
                var lines: [String] = []
                for line in try await page(process).split(separator: "\n") {
                    let shape = shape(line)
                    if lines.last != shape { lines.append(shape) }
                }
                #expect(await process.stopAndWait() == 0)
                // Buckets of several series repeat each other.
                var seen: Set<String> = []
                return lines.filter { seen.insert($0).inserted }.joined(separator: "\n") + "\n"
            }
        }
        let path = "\(Bench.root)/Tests/Edge/ControllerProcessTests/Golden/metrics.txt"
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        let golden = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        let differing = zip(text.split(separator: "\n"), golden.split(separator: "\n")).first { $0 != $1 }
        #expect(text == golden, "first difference: \(differing.map { "\($0.0) instead of \($0.1)" } ?? "the lengths")")
    }

    @Test("forget a Rollout that is deleted, after a last scrape") func forgets() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            try await bench.withProcess { process in
                try await bench.sleep(.seconds(60))
                #expect(try await page(process).contains("rollout_reconcile_count{namespace=\"default\",name=\"my-app\"}"))
                try await bench.cluster.client(userAgent: "kubectl").delete(.rollouts, namespace: "default", name: "my-app")
                try await bench.sleep(.seconds(30))
                let soon = try await page(process)
                #expect(soon.contains("rollout_reconcile_count{namespace=\"default\",name=\"my-app\"}") && !soon.contains("rollout_info{"))
                try await bench.sleep(.seconds(90))
                let later = try await page(process)
                #expect(!later.contains("rollout_reconcile_count{") && !later.contains("rollout_events_total{"))
                #expect(await process.stopAndWait() == 0)
            }
        }
    }

    @Test("count what a failing API server answers") func errors() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            let deaf = Deaf(bench.cluster.network, to: "/namespaces/default/replicasets")
            try await bench.withProcess(over: deaf) { process in
                try await bench.sleep(.seconds(20))
                let text = try await page(process)
                #expect(text.contains("controller_clientset_k8s_request_total{kind=\"replicasets\",namespace=\"default\",name=\"N/A\",verb=\"Create\",status_code=\"0\"}"))
                #expect(text.contains("rollout_reconcile_error{namespace=\"default\",name=\"my-app\"}"))
                #expect(text.contains("workqueue_retries_total{name=\"Rollouts\"}"))
                #expect(await process.stopAndWait() == 0)
            }
        }
    }
}
