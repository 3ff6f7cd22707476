import Clockwork
import ControllerKit
import KubeModel
import KubeYAML
import StrictJSON
import Testing

extension EndToEnd.OnOurDefinitions {
    @Test("both installations of deploy/ are accepted by the server", arguments: ["cluster", "namespaced"])
    func installation(overlay: String) async throws {
        let cluster: RealCluster = try RealCluster.here
        if overlay == "namespaced" {
            // A dry run leaves nothing for the objects that follow, so their namespace has to be there.
            try await cluster.kubectl.apply(#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argo-rollouts"}}"#)
        }
        let rendered: String = try await cluster.kubectl("kustomize", "\(checkout)/deploy/\(overlay)")
        let objects: [JSONValue] = try YAMLStream.parse(rendered, fileName: overlay).map(\.json)
        let kinds: Set<String> = Set(objects.compactMap { $0["kind"]?.stringValue })
        #expect(kinds.isSuperset(of: ["ServiceAccount", "Deployment", "Service", "NetworkPolicy", overlay == "cluster" ? "ClusterRole" : "Role"]))
        let said: String = try await cluster.kubectl("apply", "-k", "\(checkout)/deploy/\(overlay)", "--dry-run=server", "--validate=false")
        let accepted: Int = said.split(separator: "\n").filter { $0.hasSuffix("(server dry run)") }.count
        #expect(accepted == objects.count, "\(said)")
    }

    @Test("an idle controller renews its lease, watches, and asks for nothing else, also after a restart")
    func idle() async throws {
        let cluster: RealCluster = try RealCluster.here
        try await Scene.play(.linkedAndFast, in: "idle") { scene in
            try await cluster.withController { _ in
                try await scene.apply()
                try await scene.waitUntilHealthy()
                try await pause(.seconds(3))
            }
            let account: ServiceAccount = try await cluster.controllerAccount()
            let restart: Int = cluster.audit.end
            try await cluster.withController(arguments: []) { controller in
                // What follows the start: the lease, lists, and watches that begin.
                try await pause(.seconds(6))
                let start: Int = cluster.audit.end
                let writes: [AuditLog.Entry] = cluster.audit.requests(of: account.user, since: restart).filter { $0.isWrite && !$0.isOfLease }
                // Services of earlier scenes, whose Rollouts are gone, are freed by whoever comes next.
                #expect(writes.allSatisfy { $0.namespace != scene.namespace }, "a restart changes nothing: \(writes)")
                try await pause(.seconds(25))
                let requests: [AuditLog.Entry] = cluster.audit.requests(of: account.user, since: start)
                let others: [AuditLog.Entry] = requests.filter { !$0.isOfLease && !$0.isWatch }
                print("idle: \(requests.count { $0.isOfLease }) of the lease, \(requests.count { $0.isWatch }) watches, \(others.count) others in 25 s")
                #expect(others.isEmpty, "\(others)")
                #expect((8...30).contains(requests.count { $0.isOfLease }), "the lease is renewed every two seconds")

                let metrics: String = try await controller.metricsPage()
                #expect(metrics.contains("rollout_info{"), "\(metrics)")
                #expect(try await fetch("\(controller.healthURL)/healthz", transport: cluster.transport).status == 200)
            }
        }
    }
}
