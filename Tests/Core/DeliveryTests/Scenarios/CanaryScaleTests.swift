import Clockwork
import Delivery
import StrictJSON
import Testing

/// `setCanaryScale`, `minPodsPerReplicaSet` and `replicaProgressThreshold`: how many pods a weight needs when users have a say.
@Suite("The size of a routed canary") struct CanaryScaleTests {
    static let ownSizes: [JSONValue] = [
        ["pause": [:]], ["setCanaryScale": ["weight": 25]], ["pause": [:]], ["setWeight": 50], ["pause": [:]],
        ["setCanaryScale": ["replicas": 3]], ["pause": [:]], ["setCanaryScale": ["matchTrafficWeight": true]], ["pause": [:]],
    ]

    @Test("44: follows the steps that set it, whatever the weight, until it is to match the weight again") func ownSize() {
        var cluster = RoutedCanaryTests.updated(Self.ownSizes)
        var seen: [String] = []
        for _ in 0..<5 {
            seen.append("\(cluster.size("v2") ?? -1)/\(cluster.size("v1") ?? -1) at \(cluster.status.weights?.canary.weight ?? -1)")
            cluster.promote()
            cluster.settle()
        }
        #expect(seen == ["0/4 at 0", "1/4 at 0", "1/4 at 50", "3/4 at 50", "2/4 at 50"])
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v2" && cluster.sizes == "v1: 0, v2: 4")
        #expect(cluster.events.filter { $0.reason == "RolloutStepCompleted" }.map(\.message).contains("Rollout step 2/9 completed (setCanaryScale{weight: 25})"))
        #expect(cluster.problems.isEmpty)
    }

    @Test("may be larger than the Rollout", arguments: [(4, ["weight": 200], 8), (1, ["replicas": 9], 9), (10, ["weight": 33], 4)] as [(Int, JSONValue, Int)])
    func large(_ total: Int, _ scale: JSONValue, _ expected: Int) {
        let cluster = RoutedCanaryTests.updated([["setCanaryScale": scale], ["pause": [:]]], replicas: total)
        #expect(cluster.size("v2") == expected && cluster.size("v1") == total && cluster.step == 1)
    }

    @Test("completes its step only when those pods are available") func waitsForPods() {
        var cluster = RoutedCanaryTests.updated([["setCanaryScale": ["replicas": 3]], ["pause": [:]]], limits: ["v2": 2])
        #expect(cluster.step == 0 && cluster.lastPlan?.waitsFor.hasPrefix("3 available pods") == true)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.step == 1)
    }

    @Test("that a step sets to nothing loses its traffic first, and a weight then waits with words") func nothing() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 50], ["pause": [:]], ["setCanaryScale": ["replicas": 0]], ["setWeight": 60], ["pause": [:]]])
        #expect(cluster.routeText == "50/50")
        cluster.gatewayIsHeld = true
        cluster.promote()
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.size("v2") == 2, "the pods stay until the gateway sends them nothing")
        cluster.runGateway()
        cluster.settle()
        #expect(cluster.size("v2") == 0 && cluster.step == 3)
        #expect(cluster.lastPlan?.waitsFor == "pods that could take weight 60: a setCanaryScale step before it keeps the canary at 0")
        #expect(cluster.problems.isEmpty)
    }

    @Test("55: is kept after an abort with abortScaleDownDelaySeconds 0, and has no deadline") func abort() {
        var cluster = RoutedCanaryTests.updated([["setCanaryScale": ["replicas": 1]], ["pause": [:]]], canary: ["abortScaleDownDelaySeconds": 0])
        cluster.abort()
        cluster.settle()
        cluster.run(for: .seconds(600))
        #expect(cluster.size("v2") == 1 && cluster.annotation("scale-down-deadline", of: "v2") == nil && cluster.routeText == "100/0")
    }

    @Test("62: has at least minPodsPerReplicaSet pods, never more than the Rollout, and none for no weight", arguments: [
        (2, 3, 50, 2), (10, 2, 5, 2), (10, 2, 50, 5), (1, 5, 5, 1), (10, 2, 0, 0),
    ])
    func minimum(_ total: Int, _ least: Int, _ weight: Int, _ expected: Int) {
        let cluster = RoutedCanaryTests.updated(
            [["setWeight": .number(JSONNumber(weight))], ["pause": [:]]], replicas: total, canary: ["minPodsPerReplicaSet": .number(JSONNumber(least))])
        #expect(cluster.size("v2") == expected && cluster.size("v1") == total && cluster.step == 1)
    }

    @Test("63: goes on with as many pods as the user calls enough, to the promotion", arguments: [
        ["type": "Percent", "value": 70], ["type": "Pods", "value": 7],
    ] as [JSONValue])
    func threshold(_ threshold: JSONValue) {
        var cluster = RoutedCanaryTests.updated(
            [["setWeight": 100], ["pause": [:]]], replicas: 10, canary: ["replicaProgressThreshold": threshold], limits: ["v2": 6])
        #expect(cluster.step == 0 && cluster.routeText == "100/0")
        cluster.podLimit["v2"] = 7
        cluster.runPods()
        cluster.settle()
        #expect(cluster.step == 1 && cluster.routeText == "0/100")
        cluster.promote()
        cluster.settle()
        #expect(cluster.stable == "v2")
        cluster.run(for: .seconds(120))
        // Two of ten may be missing, no more: the old version keeps what it takes.
        #expect(cluster.size("v1") == 10, "\(cluster.sizes)")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        cluster.run(for: .seconds(120))
        #expect(cluster.size("v1") == 0)
        #expect(cluster.problems.isEmpty)
    }

    @Test("63: a threshold of more pods than are wanted asks for all of them, of percent with nothing wanted for none") func edges() {
        let pods = RoutedCanaryTests.updated([["setWeight": 20], ["pause": [:]]], replicas: 10, canary: ["replicaProgressThreshold": ["type": "Pods", "value": 7]])
        #expect(pods.step == 1 && pods.size("v2") == 2)
        let none = RoutedCanaryTests.updated([["setWeight": 0], ["pause": [:]]], replicas: 10, canary: ["replicaProgressThreshold": ["type": "Percent", "value": 90]])
        #expect(none.step == 1 && none.size("v2") == 0)
    }
}
