import KubeModel

/// Follows requests from where they arrive to the pods that answer them.
struct TrafficModel: Sendable {
    let caches: WorkloadCaches
    let gateway: GatewayTwin

    /// Where the requests for `target` go at this moment.
    func shares(of target: TrafficTarget) -> TrafficShares {
        var fractions: [TrafficShares.Source: Double] = [:]
        var failed = 0.0
        func spread(_ fraction: Double, over pods: [SimulatedPod]) {
            if pods.isEmpty { return failed += fraction }
            var counts: [TrafficShares.Source: Int] = [:]
            for pod in pods { counts[TrafficShares.Source(revision: pod.revision, image: pod.image), default: 0] += 1 }
            for (source, count) in counts { fractions[source, default: 0] += fraction * Double(count) / Double(pods.count) }
        }
        switch target {
        case .service(let key): spread(1, over: readyPods(ofService: key))
        case .workload(let key): spread(1, over: readyPods(ofWorkload: key))
        case .route(let key, let rule):
            guard let rules = gateway.programmed(key)?.rules, rules.indices.contains(rule) else { return .allFailed }
            let total = rules[rule].reduce(0) { $0 + max(0, $1.weight) }
            guard total > 0 else { return .allFailed }
            for backend in rules[rule] where backend.weight > 0 {
                let pods = backend.isService ? readyPods(ofService: ObjectKey(namespace: backend.namespace, name: backend.name)) : []
                spread(Double(backend.weight) / Double(total), over: pods)
            }
        }
        return TrafficShares(fractions, failed: failed)
    }

    private func readyPods(ofService key: ObjectKey) -> [SimulatedPod] {
        guard caches.services.get(key) != nil else { return [] }
        return caches.slices.list(index: WorkloadCaches.Index.service, value: key.description)
            .flatMap(\.endpoints).filter(\.isReady).compactMap { caches.pods.get($0.pod) }
    }

    private func readyPods(ofWorkload key: ObjectKey) -> [SimulatedPod] {
        caches.replicaSets.list(index: WorkloadCaches.Index.namespace, value: key.namespace)
            .filter { $0.metadata.controller?.name == key.name }
            .flatMap { caches.pods.list(index: WorkloadCaches.Index.owner, value: $0.metadata.uid) }
            .filter { $0.isReady && $0.isActive }
    }
}
