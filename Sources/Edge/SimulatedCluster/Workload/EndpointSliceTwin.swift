import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON
import Synchronization

/// Tells which pods stand behind each Service: the EndpointSlice controller of kube-controller-manager.
final class EndpointSliceTwin: Sendable {
    static let name: String = "endpointslice-controller"
    /// Endpoints of one slice, as the real controller has it by default.
    static let sliceLimit: Int = 100

    private let caches: WorkloadCaches
    private let client: KubeClient
    private let clock: any ControlClock
    private let random: Mutex<SeededGenerator>
    let barrier = WriteBarrier()
    let queue: WorkQueue

    init(caches: WorkloadCaches, client: KubeClient, clock: any ControlClock, random: SeededGenerator) {
        self.caches = caches
        self.client = client
        self.clock = clock
        self.random = Mutex(random)
        queue = WorkQueue(clock: clock)
        let queue: WorkQueue = queue
        caches.services.onChange { queue.add($0.key) }
        caches.slices.onChange { change in
            guard let key = (change.new ?? change.old)?.model, let service = key.metadata.labels[SimulatedSlice.serviceLabel] else { return }
            queue.add(ObjectKey(namespace: change.key.namespace, name: service))
        }
        caches.pods.onChange { change in
            let (old, new) = (change.old?.model, change.new?.model)
            if let old, let new, SimulatedSlice.Endpoint(old) == SimulatedSlice.Endpoint(new), old.metadata.labels == new.metadata.labels { return }
            for service in caches.services.list(index: WorkloadCaches.Index.namespace, value: change.key.namespace) {
                if [old, new].contains(where: { $0.map { service.selects($0) } ?? false }) { queue.add(service.key) }
            }
        }
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        // Slices of a Service that is gone are garbage, and collected as such.
        guard let service = caches.services.get(key), !service.metadata.isBeingDeleted, !service.selector.isEmpty else {
            barrier.forget(key)
            return .settled
        }
        let endpoints = caches.pods.list(index: WorkloadCaches.Index.namespace, value: key.namespace)
            .filter { service.selects($0) && !$0.address.isEmpty && $0.phase != .succeeded && $0.phase != .failed }
            .map { SimulatedSlice.Endpoint($0) }
        let slices = caches.slices.list(index: WorkloadCaches.Index.service, value: key.description)
        let count = max(1, (endpoints.count + Self.sliceLimit - 1) / Self.sliceLimit)
        do throws(KubeError) {
            for index in 0..<count {
                let part = Array(endpoints.dropFirst(index * Self.sliceLimit).prefix(Self.sliceLimit))
                try await write(part, into: index < slices.count ? slices[index] : nil, of: service)
            }
            for slice in slices.dropFirst(count) {
                try await client.delete(.endpointSlices, namespace: key.namespace, name: slice.metadata.name)
            }
            return .settled
        } catch {
            return Outcome(after: error)
        }
    }

    private func write(_ endpoints: [SimulatedSlice.Endpoint], into slice: SimulatedSlice?, of service: Service) async throws(KubeError) {
        let ports: JSONValue = .array(service.ports.map { port in
            // The number on the pods is nobody's concern here: traffic is counted, not carried.
            ["name": .string(port.name), "port": JSONValue(port.port), "protocol": .string(port.transportProtocol)]
        })
        let stored: JSONValue
        if let slice {
            if slice.endpoints == endpoints, slice.ports == ports { return }
            stored = try await client.patch(
                .endpointSlices, namespace: slice.metadata.namespace, name: slice.metadata.name,
                .merge(["endpoints": .array(endpoints.map(\.json)), "ports": ports]))
        } else {
            let suffix = random.withLock { FNV.randomSuffix(using: &$0) }
            let owner = OwnerReference(apiVersion: "v1", kind: "Service", name: service.metadata.name, uid: service.metadata.uid)
            stored = try await client.create(.endpointSlices, namespace: service.metadata.namespace, [
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": [
                    "name": .string("\(service.metadata.name)-\(suffix)"), "namespace": .string(service.metadata.namespace),
                    "labels": [
                        SimulatedSlice.serviceLabel: .string(service.metadata.name),
                        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                    ],
                    "ownerReferences": [owner.json],
                ],
                "endpoints": .array(endpoints.map(\.json)), "ports": ports,
            ])
        }
        guard let name = stored.at("metadata", "name")?.stringValue, let version = stored.at("metadata", "resourceVersion")?.stringValue else { return }
        barrier.expect(
            version, of: ObjectKey(namespace: service.metadata.namespace, name: name), in: caches.slices, for: service.key, now: clock.now)
    }
}

extension Service {
    /// Whether the pod stands behind this Service.
    func selects(_ pod: SimulatedPod) -> Bool {
        !selector.isEmpty && selector.allSatisfy { pod.metadata.labels[$0.key] == $0.value }
    }
}
