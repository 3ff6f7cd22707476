import Clockwork
import Delivery
import FoundationEssentials
import KubeModel
import KubeYAML
import RolloutModel
import StrictJSON
import Testing

/// Objects as Argo Rollouts 1.9.1 wrote them, read where `SLUICE_TEST_CRDS` says that test data lie; without it there is nothing
/// to take over, and the run says so.
@Suite("Taking over from Argo Rollouts") struct AdoptionTests {
    static let folder: String? = {
        let root: String = ProcessInfo.processInfo.environment["SLUICE_TEST_CRDS"] ?? ""
        guard !root.isEmpty else {
            print("adoption: SLUICE_TEST_CRDS is not set, objects of Argo Rollouts are not looked at")
            return nil
        }
        return root + "/argo-objects"
    }()

    /// When the objects were recorded.
    static let recorded: Timestamp = Timestamp(secondsSince1970: 1_795_461_975)

    static func documents(_ name: String) throws -> [JSONValue] {
        let path: String = (folder ?? "") + "/\(name).yaml"
        let data: Data = try #require(FileManager.default.contents(atPath: path), "cannot read \(path)")
        return try YAMLStream.parse(String(decoding: data, as: UTF8.self), fileName: path).map(\.json)
    }

    static func cluster(_ name: String) throws -> ModelCluster {
        let all: [JSONValue] = try documents(name)
        let rollout: JSONValue = try #require(all.first { $0["kind"] == "Rollout" })
        var cluster = ModelCluster(rollout)
        cluster.rollout = rollout
        cluster.now = recorded
        // Nobody plays ReplicaSet controller or gateway here: what Argo left is looked at, not moved.
        cluster.podsAreHeld = true
        cluster.gatewayIsHeld = true
        cluster.runsAreHeld = true
        cluster.readsEndpoints = false
        for object in all {
            let name: String = ModelCluster.name(of: object)
            switch object["kind"]?.stringValue {
            case "ReplicaSet": cluster.replicaSets[name] = object
            case "AnalysisRun": cluster.runs[name] = object
            case "AnalysisTemplate": cluster.templates[name] = object
            case "Service": cluster.services[name] = object
            case "HTTPRoute":
                cluster.routes[name] = object
                cluster.routesSince[name] = recorded
            default: break
            }
        }
        return cluster
    }

    static let supported: [String] = [
        "basic-steady", "basic-paused", "basic-aborted", "routed-steady", "routed-paused", "routed-timed", "routed-aborted", "analysed", "step-analysis",
        "bg-steady", "bg-paused", "bg-switched",
    ]

    @Test("starts no revision and writes no ReplicaSet", .enabled(if: folder != nil), arguments: supported)
    func takeover(_ name: String) throws {
        var cluster = try Self.cluster(name)
        let (replicaSets, sizes) = (cluster.replicaSets, cluster.sizes)
        var actions: [RolloutAction] = []
        for _ in 0..<20 {
            let plan = cluster.decideNow()
            if cluster.isQuiet(plan) { break }
            actions += plan.steps.map(\.action)
            if let change = JSONValue.mergePatch(from: cluster.rollout["status"] ?? .null, to: plan.status.json) { print("adoption: \(name) would write status \(change.text(.sortedKeys))") }
            cluster.apply(plan)
        }
        for action in actions { print("adoption: \(name) would \(action)") }
        #expect(cluster.isQuiet(cluster.decideNow()))
        #expect(cluster.replicaSets == replicaSets && cluster.sizes == sizes, "\(actions)")
        #expect(cluster.problems.isEmpty)
    }

    @Test("recognises the steps by their hash", .enabled(if: folder != nil), arguments: supported.filter { !$0.hasPrefix("bg-") } + ["dynamic-paused", "wide"])
    func stepHashes(_ name: String) throws {
        let rollout = try Rollout(json: try #require(Self.documents(name).first { $0["kind"] == "Rollout" }))
        let canary: CanaryStrategy = try #require(rollout.spec.canary)
        #expect(stepHash(of: canary.steps) == rollout.status.currentStepHash)
    }

    @Test("refuses by name what it does not carry out yet, and touches nothing", .enabled(if: folder != nil), arguments: ["dynamic-paused", "wide"])
    func refused(_ name: String) throws {
        var cluster = try Self.cluster(name)
        let plan = cluster.decideNow()
        #expect(plan.steps.isEmpty && plan.status.message.contains("is not carried out by this version of Sluice"))
        cluster.apply(plan)
        #expect(cluster.isQuiet(cluster.decideNow()))
    }
}
