import Clockwork
import ControllerKit
import Glibc
import StrictJSON
import Testing

extension EndToEnd.OnOurDefinitions {
    @Test("a good version is promoted although its controller is killed twenty times")
    func goodVersionUnderKills() async throws { try await Release.underKills(in: "good-killed", isGood: true) }

    @Test("a bad version is aborted although its controller is killed twenty times")
    func badVersionUnderKills() async throws { try await Release.underKills(in: "bad-killed", isGood: false) }
}

extension Release {
    /// So many times the controller is killed, the kills at pause points included.
    private static let kills: Int = 20

    /// `SLUICE_TEST_SEED` repeats a run's moments as far as a real machine can repeat them.
    private static var seed: UInt64 { processEnvironment()["SLUICE_TEST_SEED"].flatMap(UInt64.init) ?? 20_260_301 }

    static func underKills(in namespace: String, isGood: Bool) async throws {
        let cluster: RealCluster = try RealCluster.here
        var random = SeededGenerator(seed: seed)
        print("\(namespace): the moments of the kills come from seed \(seed)")
        try await Scene.play(.linkedAndFast, in: namespace) { scene in
            let before: JSONValue = try await scene.settleFirstVersion()
            let image: String = isGood ? goodImage : badImage
            try await scene.apply(image: image)
            let account: ServiceAccount = try await cluster.controllerAccount()
            var killed: Int = 0
            var killedBetweenWrites: Int = 0
            while killed < kills {
                // Every other life stops between a route write and the status write that should follow, if it comes that far.
                let marker: String = "\(cluster.folder)/\(namespace)-route-written"
                unlink(marker)
                let stopsAfterRoute: Bool = killed % 2 == 0
                let controller = try Controller(
                    cluster, account: account, arguments: ["--leader-elect=false"],
                    environment: stopsAfterRoute ? ["SLUICE_TEST_PAUSE_AFTER_ROUTE_WRITE": marker] : [:])
                try await controller.waitUntilReady()
                let moment: Timestamp = SystemClock().now + .milliseconds(Int.random(in: 20...1500, using: &random))
                while SystemClock().now < moment, !fileExists(marker) {
                    try await pause(.milliseconds(20))
                    // The bad version shows itself late, so that its weights are at several steps when the controller dies.
                    if !isGood, scene.routeHistory.contains(weightsOfSteps[1]) { cluster.exporter.setErrorRatioOfCanary(0.6) }
                }
                if fileExists(marker) { killedBetweenWrites += 1 }
                try await controller.daemon.killNow()
                killed += 1
            }
            if !isGood { cluster.exporter.setErrorRatioOfCanary(0.6) }
            print("\(namespace): killed \(killed) times, of these \(killedBetweenWrites) between a route write and the status")
            #expect(killedBetweenWrites >= 1)

            try await cluster.withController { _ in
                if isGood {
                    try await scene.waitUntilHealthy(seconds: 120)
                } else {
                    try await scene.waitFor("aborted", seconds: 120) { $0.isAborted && $0.phase == "Degraded" }
                }
                try await scene.expectRouteIsBack(to: before)
                print("\(namespace): weights \(scene.routeHistory)")
                try await scene.expectReplicaSets(images: [Scene.stableImage, image], ready: isGood ? 1 : 0)
                let taken: [String] = scene.routeHistory.filter { weightsOfSteps.contains($0) }
                let expected: [String] = weightsOfSteps.filter { taken.contains($0) }
                #expect(taken.reduce(into: []) { if $0.last != $1 { $0.append($1) } } == expected, "a step was taken back: \(scene.routeHistory)")
                #expect(isGood == taken.contains("my-app:0 my-app-canary:100"))
                for run in try await scene.analysisRuns() { print("\(namespace): \(run)") }
            }
        }
    }
}

extension Scene {
    /// Brings the first version up with a controller that is gone afterwards.
    ///
    /// - Returns: the route.
    func settleFirstVersion() async throws -> JSONValue {
        try await cluster.withController { _ in
            try await apply()
            try await waitUntilHealthy()
        }
        return try await route()
    }
}
