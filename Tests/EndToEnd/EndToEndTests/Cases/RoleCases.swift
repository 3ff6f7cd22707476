import Clockwork
import ControllerKit
import Glibc
import KubeClient
import KubeModel
import KubeYAML
import StrictJSON
import Testing

extension EndToEnd.OnArgosDefinitions {
    /// Shorter than the defaults, in their proportions.
    private static let election: [String] = [
        "--leader-election-lease-duration", "6s", "--leader-election-renew-deadline", "4s", "--leader-election-retry-period", "1s",
    ]

    @Test("with the role of Argo's chart: elected, killed in the middle, aborted, retried, promoted, while somebody edits the route")
    func argosChart() async throws {
        let cluster: RealCluster = try RealCluster.here
        let account: ServiceAccount = try await cluster.account(.argoChart)
        let start: Int = cluster.audit.end
        try await Scene.play(.linkedAndFast, in: "chart") { scene in
            let kubectl: Kubectl = scene.kubectl
            var before: JSONValue = .null
            var controller = try Controller(cluster, name: "controller-chart", account: account, arguments: Self.election)
            do {
                try await controller.waitUntilReady()
                try await scene.apply()
                try await scene.waitUntilHealthy()
                before = try await scene.route()
                try await scene.holdAtPauses()
                try await scene.apply(image: Release.goodImage)
                try await scene.waitFor("at its first pause") { $0.isObserved && $0.phase == "Paused" && $0.step == 1 }
                try await controller.daemon.killNow()
                controller = try Controller(cluster, name: "controller-chart", account: account, arguments: Self.election)
                try await controller.waitUntilReady()

                try await kubectl("sluice", "abort", "my-app")
                try await scene.waitFor("aborted") { $0.isAborted && $0.phase == "Degraded" }
                try await scene.expectRouteIsBack(to: before)
                try await kubectl("sluice", "retry", "rollout", "my-app")
                try await scene.waitFor("at its first pause again") { !$0.isAborted && $0.phase == "Paused" && $0.step == 1 }
                // From here on others write to the same route as fast as they can.
                let edits: Int = try await scene.editingRoute {
                    try await kubectl("sluice", "promote", "my-app")
                    try await scene.waitFor("at its second pause") { $0.phase == "Paused" && $0.step == 3 }
                    try await kubectl("sluice", "promote", "my-app", "--full")
                    try await scene.waitUntilHealthy()
                }
                try await scene.expectRouteIsBack(to: before)
                try await scene.expectReplicaSets(images: [Scene.stableImage, Release.goodImage], ready: 1)

                let writes: [AuditLog.Entry] = cluster.audit.requests(of: account.user, since: start).filter { $0.resource == "httproutes" && $0.isWrite }
                let conflicts: Int = writes.count { $0.verb == "update" && $0.status == 409 }
                print("chart: \(edits) edits by others, \(writes.count { $0.verb == "update" && $0.status == 200 }) whole documents written, \(conflicts) refused as out of date")
                #expect(writes.contains { $0.verb == "update" && $0.status == 200 })
                #expect(writes.filter { $0.verb == "patch" }.map(\.status) == [403, 403], "each of the two processes tried once to patch")
            } catch {
                try await controller.daemon.killNow()
                throw error
            }
            try await controller.daemon.stop()
            Self.expectRefusals(of: account, since: start, only: ["patch httproutes", "list endpointslices"])
            let log: String = try readText(controller.daemon.log)
            for resource in ["endpointslices", "httproutes"] {
                let lines: Int = log.split(separator: "\n").count { $0.contains("remedy") && $0.contains(resource) }
                #expect(lines == 2, "each of the two processes tells once of \(resource), not \(lines) times")
            }
        }
    }

    @Test("with the roles of Argo's manifests and its plugin, which may not watch routes, a version is promoted")
    func argosManifests() async throws {
        let cluster: RealCluster = try RealCluster.here
        let account: ServiceAccount = try await cluster.account(.argoManifests)
        let start: Int = cluster.audit.end
        try await Scene.play(.linkedAndFast, in: "manifests") { scene in
            try await cluster.withController(account: account) { _ in
                try await scene.apply()
                try await scene.waitUntilHealthy()
                let before: JSONValue = try await scene.route()
                try await scene.holdAtPauses()
                try await scene.apply(image: Release.goodImage)
                try await scene.waitFor("at its first pause", seconds: 90) { $0.isObserved && $0.phase == "Paused" && $0.step == 1 }
                #expect(scene.routeHistory.last == Release.weightsOfSteps[0])
                try await scene.kubectl("sluice", "promote", "my-app", "--full")
                try await scene.waitUntilHealthy(seconds: 90)
                try await scene.expectRouteIsBack(to: before)
            }
            Self.expectRefusals(of: account, since: start, only: ["watch httproutes", "list endpointslices"])
        }
    }

    private static func expectRefusals(of account: ServiceAccount, since offset: Int, only expected: Set<String>) {
        guard let cluster = RealCluster.current else { return }
        let refused: [AuditLog.Entry] = cluster.audit.requests(of: account.user, since: offset).filter { $0.status == 403 }
        #expect(Set(refused.map { "\($0.verb) \($0.resource)" }) == expected)
        print("\(account.name): \(refused.count) refused requests")
    }
}

extension EndToEnd.OnOurDefinitions {
    @Test("in one namespace with a Role there, and no right anywhere else, a version is promoted", arguments: [GrantedRoles.deploy, .argoChart])
    func namespaced(roles: GrantedRoles) async throws {
        let cluster: RealCluster = try RealCluster.here
        let namespace: String = "own-\(roles.rawValue)"
        let start: Int = cluster.audit.end
        try await Scene.play(.linkedAndFast, in: namespace) { scene in
            let account: ServiceAccount = try await cluster.account(roles, in: namespace)
            try await cluster.withController(arguments: ["--namespaced", "--namespace", namespace], account: account) { _ in
                try await scene.apply()
                try await scene.waitUntilHealthy()
                let before: JSONValue = try await scene.route()
                try await scene.holdAtPauses()
                try await scene.apply(image: Release.goodImage)
                try await scene.waitFor("at its first pause") { $0.isObserved && $0.phase == "Paused" && $0.step == 1 }
                try await scene.kubectl("sluice", "promote", "my-app", "--full")
                try await scene.waitUntilHealthy()
                try await scene.expectRouteIsBack(to: before)
            }
            let requests: [AuditLog.Entry] = cluster.audit.requests(of: account.user, since: start)
            #expect(requests.contains { $0.isOfLease && $0.isWrite })
            #expect(requests.allSatisfy { $0.namespace == namespace || $0.resource.isEmpty }, "it asks about nothing outside of its namespace")
            let refused: Set<String> = Set(requests.filter { $0.status == 403 }.map { "\($0.verb) \($0.resource)" })
            #expect(refused == (roles == .deploy ? [] : ["patch httproutes", "list endpointslices"]))
        }
    }

    @Test("a right that is missing is named in a condition and once in the log, and is used as soon as somebody grants it")
    func missingRight() async throws {
        let cluster: RealCluster = try RealCluster.here
        let name: String = "without-services"
        var rules: [JSONValue] = try YAMLStream.parse(try readText("\(checkout)/deploy/cluster/role.yaml"), fileName: "role.yaml").map(\.json)
            .first { $0["kind"] == "ClusterRole" }?["rules"]?.arrayValue ?? []
        let whole: [JSONValue] = rules
        for index in rules.indices where rules[index]["resources"] == ["services"] { rules[index]["verbs"] = ["get", "list", "watch"] }
        #expect(rules != whole)
        try await Scene.play(.linkedAndFast, in: "granted") { scene in
            let home: String = try await cluster.controllerAccount().namespace
            let account: ServiceAccount = try await cluster.account(name, in: home, isForAllNamespaces: true, [("rules", .array(rules))])
            try await cluster.withController(account: account) { controller in
                try await scene.apply()
                let rule: String = #"{apiGroups: [""], resources: ["services"], verbs: ["patch"]}"#
                try await eventually("the condition names the right", showing: { (try? await scene.rollout().text(.pretty)) ?? "" }) {
                    let conditions: [JSONValue] = try await scene.rollout().at("status", "conditions")?.arrayValue ?? []
                    return conditions.contains { condition in
                        let message: String = condition["message"]?.stringValue ?? ""
                        return condition["type"] == "Forbidden" && condition["status"] == "True" && message.contains(rule)
                            && message.contains("patch services in namespace \"granted\"") && message.contains(account.user)
                    } ? true : nil
                }
                #expect(try await scene.eventReasons().contains("Forbidden"))
                let held = RolloutView(json: try await scene.rollout())
                #expect(held.phase != "Healthy", "\(held.line)")
                _ = try await cluster.account(name, in: home, isForAllNamespaces: true, [("rules", .array(whole))])
                try await scene.waitUntilHealthy(seconds: 60)
                try await eventually("the condition is gone") {
                    let conditions: [JSONValue] = try await scene.rollout().at("status", "conditions")?.arrayValue ?? []
                    return conditions.contains { $0["type"] == "Forbidden" } ? nil : true
                }
                // Those that wrote to the same log before had this right; this one may have missed it from its first second on,
                // for a Service that another case has left behind.
                let log = String(decoding: readFile(controller.daemon.log) ?? [], as: UTF8.self)
                let told: Int = log.split(separator: "\n").count { $0.contains("remedy") && $0.contains("services") }
                #expect(told == 1, "told \(told) times")
            }
        }
    }
}

extension Scene {
    /// Takes the durations out of the pauses, so that a person has to end them.
    func holdAtPauses() async throws {
        let steps: [JSONValue] = (try await rollout().at("spec", "strategy", "canary", "steps")?.arrayValue ?? []).map {
            $0["pause"] == nil ? $0 : ["pause": [:]]
        }
        let patch: JSONValue = ["spec": ["strategy": ["canary": ["steps": .array(steps)]]]]
        try await kubectl("patch", "rollout", "my-app", "--type=merge", "-p", patch.text())
        try await waitUntilHealthy()
    }

    /// Four people write numbers into the route again and again while `body` runs, each one larger than his last, and look that none is
    /// taken back.
    ///
    /// - Returns: how many numbers were written.
    func editingRoute(_ body: @escaping @Sendable () async throws -> Void) async throws -> Int {
        let client: KubeClient = cluster.api.client
        let namespace: String = namespace
        let isOver = OneShot()
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for person in 0..<4 {
                group.addTask {
                    let key: String = "example.com/edit-\(person)"
                    var number: Int = 0
                    func check() async throws {
                        let route: JSONValue = try await client.get(.httpRoutes, namespace: namespace, name: "my-app-route")
                        let stored: Int = route.at("metadata", "annotations", key)?.stringValue.flatMap { Int($0) } ?? 0
                        if stored != number { throw CommandFailure("edit \(number) of the route was lost, \(stored) stands there") }
                    }
                    while !isOver.hasFired {
                        number += 1
                        _ = try await client.patch(
                            .httpRoutes, namespace: namespace, name: "my-app-route",
                            .merge(["metadata": ["annotations": .object([key: .string("\(number)")])]]))
                        try await check()
                    }
                    // What the controller still had to write is written by now.
                    try await pause(.seconds(1))
                    try await check()
                    return number
                }
            }
            group.addTask {
                defer { isOver.fire() }
                try await body()
                return 0
            }
            var edits: Int = 0
            for try await number in group { edits += number }
            return edits
        }
    }
}
