import Clockwork
import Delivery
import KubeModel
import MutantUnderTest
import RolloutModel
import StrictJSON
import Testing

/// A cluster of one Rollout as values: its objects as the API server stores them, pods that start at once or as scripted, and
/// a gateway that accepts routes at once or when told to.
///
/// `settle` runs the production decision against it until nothing is left to write. Every plan is held against the
/// invariants, every single write against what users would notice.
struct ModelCluster: Sendable {
    var now = Timestamp(secondsSince1970: 1_800_000_000)
    var rollout: JSONValue
    var replicaSets: [String: JSONValue] = [:]
    var runs: [String: JSONValue] = [:]
    var services: [String: JSONValue] = [:]
    var templates: [String: JSONValue] = [:]
    var routes: [String: JSONValue] = [:]
    /// What the gateway carries out: the rules of each route as it last accepted them.
    var programmed: [String: JSONValue] = [:]
    var routesSince: [String: Timestamp] = [:]
    var refusals: [(refusal: Refusal, until: Timestamp)] = []

    // Scripts.
    /// Pods of an image that can become available; unlimited where it is not named.
    var podLimit: [String: Int] = [:]
    /// Pods neither come nor go while true.
    var podsAreHeld: Bool = false
    /// Whether the gateway takes up changes of routes by itself.
    var gatewayIsHeld: Bool = false
    /// The gateway's refusal of every route; nil: it accepts.
    var gatewayRefusal: String?
    /// Endpoints stay as they are while true.
    var endpointsAreHeld: Bool = false
    var heldEndpoints: [String: Set<String>] = [:]
    /// Whether EndpointSlices can be read at all.
    var readsEndpoints: Bool = true
    /// Whether running AnalysisRuns are measured when they are due; otherwise they are overdue at once.
    var measuresInTime: Bool = true
    /// What the API server answers to the creation of the ReplicaSet with this name.
    var createRefusal: Refusal.Cause?
    /// Runs stay without a phase while true.
    var runsAreHeld: Bool = false

    // Records.
    var journal: [String] = []
    var events: [EventNote] = []
    var told: Set<EventNote> = []
    var statusWrites: Int = 0
    var writes: Int = 0
    var problems: [String] = []
    var lastPlan: RolloutPlan?

    private var lastVersion: Int = 100
    private var lastUID: Int = 0

    static let key = ObjectKey(namespace: "shop", name: "app")

    init(_ manifest: JSONValue, services: [JSONValue] = [], routes: [JSONValue] = [], templates: [JSONValue] = []) {
        rollout = manifest
        rollout.set("rollout-uid", at: ["metadata", "uid"])
        rollout.set(1, at: ["metadata", "generation"])
        rollout.set(.string(nextVersion()), at: ["metadata", "resourceVersion"])
        for service in services { add(service: service) }
        for route in routes { add(route: route) }
        for template in templates { add(template: template) }
    }

    /// A routed canary with its Services and its route.
    static func routed(
        _ manifest: JSONValue, backends: [JSONValue] = Manifest.bothBackends, templates: [JSONValue] = []
    ) -> ModelCluster {
        ModelCluster(
            manifest, services: [Manifest.service("app-stable"), Manifest.service("app-canary")],
            routes: [Manifest.route(backends: backends)], templates: templates)
    }

    mutating func nextVersion() -> String {
        lastVersion += 1
        return "\(lastVersion)"
    }

    mutating func nextUID() -> String {
        lastUID += 1
        return "uid-\(lastUID)"
    }

    mutating func add(service: JSONValue) { services[Self.name(of: service)] = created(service) }
    mutating func add(template: JSONValue) { templates[Self.name(of: template)] = created(template) }
    mutating func add(route: JSONValue) {
        routes[Self.name(of: route)] = created(route)
        runGateway()
    }

    mutating func created(_ object: JSONValue) -> JSONValue {
        var object: JSONValue = object
        object.set(.string(nextUID()), at: ["metadata", "uid"])
        object.set(1, at: ["metadata", "generation"])
        object.set(.string(nextVersion()), at: ["metadata", "resourceVersion"])
        object.set(.string(now.rfc3339), at: ["metadata", "creationTimestamp"])
        return object
    }

    static func name(of object: JSONValue) -> String { object.at("metadata", "name")?.stringValue ?? "" }

    /// A run as it is while its controller measures in time: the last measurement of each metric is from now.
    private func measured(_ run: JSONValue) -> JSONValue {
        guard run.at("status", "phase")?.stringValue == "Running", run.at("metadata", "annotations", "sluice/begins") == nil else { return run }
        var run: JSONValue = run
        let results: [JSONValue] = (run.at("spec", "metrics")?.arrayValue ?? []).map { metric in
            [
                "name": metric["name"] ?? "", "phase": "Running", "count": 1, "successful": 1,
                "measurements": [["phase": "Successful", "finishedAt": .string(now.rfc3339), "startedAt": .string(now.rfc3339), "value": "[0]"]],
            ]
        }
        run.set(.array(results), at: ["status", "metricResults"])
        return run
    }

    // MARK: Deciding

    /// What the observer gathers, from objects in their stored form.
    func observe() -> RolloutObservation {
        do {
            var seen = RolloutObservation(rollout: try Rollout(json: rollout))
            seen.guards = guardsUnderTest
            seen.replicaSets = try replicaSets.keys.sorted().map { try ReplicaSet(json: replicaSets[$0]!) }
            seen.analysisRuns = try runs.keys.sorted().map { try AnalysisRun(json: measuresInTime ? measured(runs[$0]!) : runs[$0]!) }
            for (name, service) in services { seen.services[name] = try Service(json: service) }
            for (_, json) in templates {
                let template = try AnalysisTemplate(json: json)
                seen.templates[template.reference] = template
            }
            for name in seen.rollout.spec.canary?.trafficRouting?.httpRoutes ?? [] {
                let route: HTTPRoute? = try routes[name].map { try HTTPRoute(json: $0) }
                seen.routes[name] = .some(route)
                seen.routesSince[name] = routesSince[name]
            }
            if readsEndpoints {
                for name in services.keys { seen.readyEndpoints[name] = endpointsAreHeld ? heldEndpoints[name] : endpoints(of: name) }
            }
            seen.refusals = refusals.filter { $0.until > now }.map(\.refusal)
            return seen
        } catch {
            Issue.record("the model holds an object that cannot be read: \(error)")
            return RolloutObservation(rollout: try! Rollout(json: Manifest.rollout()))
        }
    }

    func decideNow() -> RolloutPlan { decide(observe(), now: now) }

    /// Decides and applies until there is nothing left to write; what does not come to rest is a failure.
    @discardableResult
    mutating func settle(bound: Int = 80, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) -> RolloutPlan {
        // What went wrong once has been told.
        guard problems.isEmpty else { return decideNow() }
        for _ in 0..<bound {
            let seen: RolloutObservation = observe()
            let plan: RolloutPlan = decide(seen, now: now)
            lastPlan = plan
            problems += violations(of: plan, seen: seen, now: now)
            if !problems.isEmpty {
                Issue.record("\(problems) \(comment ?? ""); \(journal.suffix(25))", sourceLocation: sourceLocation)
                return plan
            }
            if isQuiet(plan) {
                // What stands in a quiet plan's events is told once, as the publisher does.
                publish(plan.events)
                return plan
            }
            apply(plan)
        }
        Issue.record("not at rest after \(bound) rounds \(comment ?? ""): \(journal.suffix(25))", sourceLocation: sourceLocation)
        return decideNow()
    }

    func isQuiet(_ plan: RolloutPlan) -> Bool {
        plan.steps.isEmpty && JSONValue.mergePatch(from: rollout["status"] ?? .object([:]), to: plan.status.json) == nil
    }

    /// Moves the clock and settles.
    mutating func advance(by duration: Duration, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
        now += duration
        settle(comment, sourceLocation: sourceLocation)
    }

    /// Sleeps as the controller does, from one wake time to the next, for so long.
    mutating func run(for duration: Duration, sourceLocation: SourceLocation = #_sourceLocation) {
        let end: Timestamp = now + duration
        for _ in 0..<200 {
            let plan: RolloutPlan = settle(sourceLocation: sourceLocation)
            let refusalEnd: Timestamp? = refusals.map(\.until).filter { $0 > now }.min()
            guard problems.isEmpty, let next = [plan.wakeAt, refusalEnd].compactMap({ $0 }).min(), next <= end else { break }
            now = max(next, now)
        }
        now = end
        settle(sourceLocation: sourceLocation)
    }
}
