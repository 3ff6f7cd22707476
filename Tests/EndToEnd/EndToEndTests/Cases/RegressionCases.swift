import Glibc
import StrictJSON
import Testing

extension EndToEnd.OnOurDefinitions {
    @Test("R13: what a user writes while a round is under way is not lost")
    func lostPatch() async throws {
        let cluster: RealCluster = try RealCluster.here
        try await Scene.play(.linkedAndFast, in: "lost-patch") { scene in
            let before: JSONValue = try await scene.settleFirstVersion()
            let marker: String = "\(cluster.folder)/lost-patch-route-written"
            let account: ServiceAccount = try await cluster.controllerAccount()
            let controller = try Controller(
                cluster, account: account, arguments: ["--leader-elect=false"],
                environment: ["SLUICE_TEST_PAUSE_AFTER_ROUTE_WRITE": marker])
            do {
                try await controller.waitUntilReady()
                try await scene.apply(image: Release.goodImage)
                try await eventually("the controller stands between a route write and a status write", every: .milliseconds(20)) {
                    fileExists(marker) ? true : nil
                }
                // The round was decided before this.
                try await scene.kubectl("sluice", "abort", "my-app")
                let start: Int = cluster.audit.end
                try await eventually("the abort is honoured", seconds: 40, every: .milliseconds(50)) {
                    unlink(marker)
                    let view = RolloutView(json: try await scene.rollout())
                    #expect(view.isAborted, "the abort was overwritten: \(view.line)")
                    return view.phase == "Degraded" ? true : nil
                }
                let statusWrites: [AuditLog.Entry] = cluster.audit.requests(of: account.user, since: start)
                    .filter { $0.resource == "rollouts" && $0.isWrite }
                print("lost-patch: \(statusWrites)")
                // The status that was decided before the abort only records the weight and is held back, or it is refused: in no
                // case may it come after the abort, which the view above would not show any more then.
                #expect(statusWrites.contains { $0.status == 200 }, "the abort was acted upon without a status: \(statusWrites)")
                try await eventually("the route is as it was", seconds: 40, every: .milliseconds(50)) {
                    unlink(marker)
                    return try await scene.route()["spec"] == before["spec"] ? true : nil
                }
            } catch {
                try await controller.daemon.killNow()
                throw error
            }
            try await controller.daemon.killNow()
        }
    }

    @Test("R16: a ReplicaSet that exists although the cache does not know it is not created twice, and aborts nothing")
    func staleCache() async throws {
        let cluster: RealCluster = try RealCluster.here
        try await Scene.play(.linkedAndFast, in: "stale") { scene in
            _ = try await scene.settleFirstVersion()
            var account: ServiceAccount = try await cluster.controllerAccount()
            let server: String = cluster.parts["SERVER"] ?? ""
            let proxy = try FreezingProxy(target: Int(server.split(separator: ":").last ?? "") ?? 0)
            let through: String = "\(cluster.folder)/through-proxy.kubeconfig"
            try writeFile(through, try readText(account.kubeconfig).replacing(server, with: "https://127.0.0.1:\(proxy.port)"))
            account.kubeconfig = through
            let controller = try Controller(cluster, account: account, arguments: ["--leader-elect=false"])
            do {
                try await controller.waitUntilReady()
                // Something to write, so that there is a connection for it, and then what earlier scenes have left to do.
                try await scene.kubectl("patch", "rollout", "my-app", "--type=merge", "-p", #"{"spec": {"progressDeadlineSeconds": 500}}"#)
                try await scene.waitUntilHealthy()
                try await pause(.seconds(2))
                #expect(proxy.connections >= 2, "writes have a connection of their own")
                proxy.holdNextAnswer()
                let start: Int = cluster.audit.end
                try await scene.apply(image: Release.goodImage)
                let creations: () -> [AuditLog.Entry] = {
                    cluster.audit.requests(of: account.user, since: start).filter { $0.resource == "replicasets" && $0.verb == "create" }
                }
                // The server writes it down before it answers.
                try await eventually("the ReplicaSet is created", seconds: 30) { creations().isEmpty ? nil : true }
                proxy.loseAnswer()
                try await eventually("the ReplicaSet is created a second time", seconds: 30) { creations().count >= 2 ? true : nil }
                proxy.thaw()
                try await scene.waitUntilHealthy(seconds: 90)
                print("stale: \(creations())")
                #expect(creations().map(\.status).prefix(2) == [201, 409])
                try await scene.expectReplicaSets(images: [Scene.stableImage, Release.goodImage], ready: 1)
                #expect(!(try await scene.eventReasons().contains("RolloutAborted")))
            } catch {
                proxy.thaw()
                try await controller.daemon.killNow()
                throw error
            }
            try await controller.daemon.killNow()
        }
    }
}
