import Clockwork
import KubeModel
import SimulatedCluster
import StrictJSON
import Synchronization

/// A Prometheus that knows `http_requests_total{job="NAME"}` of every Rollout and Deployment, counted from where their traffic goes.
///
/// It understands no PromQL: a query is about errors where it selects by `5..`, about success where it excludes them, else about requests.
final class PlaygroundMetrics: Sendable {
    /// The part of requests that fail in pods of an image whose tag says so.
    static let brokenRate: Double = 0.2
    static let requestsPerSecond: Double = 100

    let prometheus: SimulatedPrometheus

    private struct State: Sendable {
        /// By name of the workload; the one noted last counts.
        var targets: [String: TrafficTarget] = [:]
        var brokenImages: Set<String> = []
    }

    private let state = Mutex(State())

    init(prometheus: SimulatedPrometheus) {
        self.prometheus = prometheus
        prometheus.script(.containing("http_requests_total"), .computed { [weak self] in self?.answer($0) ?? [] })
    }

    /// Takes note of a workload, and of images that make errors.
    func note(_ object: JSONValue) {
        switch object["kind"]?.stringValue {
        case "Rollout", "Deployment":
            guard let name = object.at("metadata", "name")?.stringValue, let namespace = object.at("metadata", "namespace")?.stringValue else { return }
            let target = Self.target(of: object, ObjectKey(namespace: namespace, name: name))
            let isNew = state.withLock { state in
                defer { state.targets[name] = target }
                return state.targets[name] != target
            }
            if isNew { prometheus.follow(target) }
            noteImages(of: object.at("spec", "template", "spec"))
        case "Pod": noteImages(of: object["spec"])
        default: return
        }
    }

    private func noteImages(of spec: JSONValue?) {
        for container in spec?["containers"]?.arrayValue ?? [] {
            guard let image = container["image"]?.stringValue, (image.split(separator: ":").dropFirst().last ?? "").contains("broken") else { continue }
            if state.withLock({ $0.brokenImages.insert(image).inserted }) { prometheus.setErrorRate(Self.brokenRate, ofImage: image) }
        }
    }

    /// Requests arrive by the route that the Rollout names; without one at all of its pods.
    private static func target(of object: JSONValue, _ key: ObjectKey) -> TrafficTarget {
        for plugin in object.at("spec", "strategy", "canary", "trafficRouting", "plugins")?.objectValue ?? [:] {
            let route = plugin.value["httpRoute"]?.stringValue ?? plugin.value["httpRoutes"]?[0]?["name"]?.stringValue
            guard let route else { continue }
            return .route(ObjectKey(namespace: plugin.value["namespace"]?.stringValue ?? key.namespace, name: route), rule: 0)
        }
        return .workload(key)
    }

    private func answer(_ moment: QueryMoment) -> [Double] {
        guard let job = Self.job(in: moment.query), let target = state.withLock({ $0.targets[job] }), let seen = moment.traffic(to: target) else { return [] }
        var random = moment.random
        // A little more or less than the truth, as counting finds it.
        let errors = seen.errorRate * Double.random(in: 0.9...1.1, using: &random)
        if ["!~\"5", "!~\"^5", "=~\"2"].contains(where: moment.query.contains) { return [max(0, 1 - errors)] }
        if moment.query.contains("5..") || moment.query.contains("\"500\"") { return [min(1, errors)] }
        return [Self.requestsPerSecond]
    }

    /// The value of the first selector `job="…"`, which may also be called `service` or `app`.
    static func job(in query: String) -> String? {
        for label in ["job", "service", "app"] {
            guard let start = query.firstRange(of: label + "=\"")?.upperBound else { continue }
            return String(query[start...].prefix { $0 != "\"" })
        }
        return nil
    }
}
