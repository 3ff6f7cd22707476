import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON
import Synchronization

/// Stands in for everything that lies between a ReplicaSet and its endpoints, and for the gateway: ReplicaSets have all their
/// pods at once, EndpointSlices name them, and routes are accepted as soon as they are written. There are no pods.
///
/// On two cores kube-controller-manager and a kubelet would be what is measured: five pods are 40 requests. The controllers
/// whose work this does must not run beside it.
final class WorkloadStandIn: Sendable {
    /// What kube-controller-manager runs beside it.
    static let controllersBeside: String = "namespace,serviceaccount,serviceaccount-token,garbagecollector"

    private static let lanes: Int = 8

    private typealias Work = @Sendable () async throws -> Void

    private struct Pods: Equatable {
        var replicaSet: String
        var count: Int
    }

    private struct State {
        /// Ready pods by namespace and hash.
        var pods: [ObjectKey: Pods] = [:]
        /// The hash that each Service selects.
        var selected: [ObjectKey: String] = [:]
        var slices: [ObjectKey: Pods] = [:]
    }

    private let api: AdminAPI
    private let state = Mutex(State())

    init(api: AdminAPI) { self.api = api }

    /// Until the task is cancelled.
    func run() async throws {
        guard let slices = try await Discovery(client: api.client).served(.endpointSlices) else {
            throw CommandFailure("the server has no EndpointSlices")
        }
        let lanes = (0..<Self.lanes).map { _ in AsyncStream.makeStream(of: Work.self) }
        // All that concerns one application goes the same way, in order.
        let hand: @Sendable (JSONValue, String?, @escaping Work) -> Void = { object, app, work in
            let name: String = app ?? object.at("metadata", "name")?.stringValue ?? ""
            lanes[Int(FNV.fnv1a32(name.utf8)) % lanes.count].continuation.yield(work)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.api.follow(.replicaSets) { object, isGone in
                    let app: String? = object.at("metadata", "labels", "app")?.stringValue
                    if !isGone { hand(object, app) { try await self.fill(object, slices) } }
                }
            }
            group.addTask {
                await self.api.follow(.services) { object, isGone in
                    let app: String? = object.at("spec", "selector", "app")?.stringValue
                    if !isGone { hand(object, app) { try await self.notice(object, slices) } }
                }
            }
            group.addTask {
                await self.api.follow(.httpRoutes) { object, isGone in
                    if !isGone { hand(object, nil) { try await self.accept(object) } }
                }
            }
            for (works, _) in lanes {
                group.addTask {
                    // An object that is gone or was changed meanwhile comes again, if it does.
                    for await work in works { try? await work() }
                }
            }
        }
    }

    private func fill(_ object: JSONValue, _ slices: GroupVersionResource) async throws {
        let metadata: ObjectMeta = try ObjectMeta(object: object)
        let wanted: Int = object.at("spec", "replicas")?.intValue ?? 1
        let status: JSONValue = object["status"] ?? [:]
        let isFilled: Bool = status["observedGeneration"]?.int64Value == metadata.generation && status["replicas"]?.intValue == wanted
        if !isFilled {
            let count: JSONValue = .number(JSONNumber(wanted))
            _ = try await api.client.patch(
                .replicaSets, namespace: metadata.namespace, name: metadata.name, subresource: "status",
                .merge(["status": [
                    "replicas": count, "fullyLabeledReplicas": count, "readyReplicas": count, "availableReplicas": count,
                    "observedGeneration": .number(JSONNumber(metadata.generation)),
                ]]))
        }
        guard let hash = metadata.labels["rollouts-pod-template-hash"] else { return }
        let group = ObjectKey(namespace: metadata.namespace, name: "\(metadata.labels["app"] ?? "")/\(hash)")
        let services: [ObjectKey] = state.withLock { state in
            state.pods[group] = Pods(replicaSet: metadata.name, count: wanted)
            return state.selected.filter { $0.value == group.name && $0.key.namespace == group.namespace }.map(\.key)
        }
        for service in services { try await writeSlice(of: service, slices) }
    }

    private func notice(_ object: JSONValue, _ slices: GroupVersionResource) async throws {
        let metadata: ObjectMeta = try ObjectMeta(object: object)
        guard let app = object.at("spec", "selector", "app")?.stringValue,
              let hash = object.at("spec", "selector", "rollouts-pod-template-hash")?.stringValue else { return }
        state.withLock { $0.selected[metadata.key] = "\(app)/\(hash)" }
        try await writeSlice(of: metadata.key, slices)
    }

    private func writeSlice(of service: ObjectKey, _ slices: GroupVersionResource) async throws {
        let (pods, isNew): (Pods?, Bool) = state.withLock { state in
            guard let group = state.selected[service], let pods = state.pods[ObjectKey(namespace: service.namespace, name: group)] else {
                return (nil, false)
            }
            let old: Pods? = state.slices.updateValue(pods, forKey: service)
            return old == pods ? (nil, false) : (pods, old == nil)
        }
        guard let pods else { return }
        let endpoints: [JSONValue] = (0..<pods.count).map { number in
            [
                "addresses": [.string("10.20.0.\(number + 1)")], "conditions": ["ready": true],
                "targetRef": ["kind": "Pod", "namespace": .string(service.namespace), "name": .string("\(pods.replicaSet)-aaaa\(number)")],
            ]
        }
        if isNew {
            _ = try await api.client.create(slices, namespace: service.namespace, [
                "apiVersion": .string(slices.apiVersion), "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": ["name": .string("\(service.name)-x"), "labels": ["kubernetes.io/service-name": .string(service.name)]],
                "endpoints": .array(endpoints),
            ])
        } else {
            _ = try await api.client.patch(
                slices, namespace: service.namespace, name: "\(service.name)-x", .merge(["endpoints": .array(endpoints)]))
        }
    }

    private func accept(_ object: JSONValue) async throws {
        let metadata: ObjectMeta = try ObjectMeta(object: object)
        let reported: [JSONValue] = object.at("status", "parents")?.arrayValue ?? []
        if reported.first?["conditions"]?[0]?["observedGeneration"]?.int64Value == metadata.generation { return }
        let conditions: [JSONValue] = ["Accepted", "ResolvedRefs"].map { type in
            [
                "type": .string(type), "status": "True", "reason": .string(type), "message": "stand-in",
                "observedGeneration": .number(JSONNumber(metadata.generation)), "lastTransitionTime": .string(SystemClock().now.rfc3339),
            ]
        }
        let parents: [JSONValue] = (object.at("spec", "parentRefs")?.arrayValue ?? []).map { parent in
            ["parentRef": parent, "controllerName": "example.com/stand-in", "conditions": .array(conditions)]
        }
        _ = try await api.client.patch(
            .httpRoutes, namespace: metadata.namespace, name: metadata.name, subresource: "status", .merge(["status": ["parents": .array(parents)]]))
    }
}
