import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON
import Synchronization

/// Programs routes and reports them: the controller of a Gateway API implementation, and what its data plane knows.
final class GatewayTwin: Sendable {
    static let name: String = "gateway-controller"

    /// A generation of a route that the gateway has read and not programmed yet.
    private struct Pending: Sendable {
        var route: ProgrammedRoute
        var dueAt: Timestamp
    }

    private struct RouteState: Sendable {
        var seen: Int64 = 0
        /// Oldest first, due one after the other.
        var pending: [Pending] = []
        var programmed: ProgrammedRoute?
    }

    private struct State: Sendable {
        var routes: [ObjectKey: RouteState] = [:]
        var behaviours: [ObjectKey: GatewayBehaviour] = [:]
        var usual = GatewayBehaviour.prompt
    }

    private let state = Mutex(State())
    private let caches: WorkloadCaches
    private let client: KubeClient
    private let clock: any ControlClock
    private let seed: UInt64
    private let settings: ClusterSettings
    private let onProgrammed = Mutex<(@Sendable () -> Void)?>(nil)
    let barrier = WriteBarrier()
    let queue: WorkQueue

    init(caches: WorkloadCaches, client: KubeClient, clock: any ControlClock, seed: UInt64, settings: ClusterSettings) {
        self.caches = caches
        self.client = client
        self.clock = clock
        self.seed = seed
        self.settings = settings
        queue = WorkQueue(clock: clock)
        let queue: WorkQueue = queue
        caches.routes.onChange { [weak self] change in
            self?.read(change.new?.model, change.key, isNew: change.old?.metadata.uid != change.new?.metadata.uid)
            queue.add(change.key)
        }
        let readAll: @Sendable () -> Void = { [weak self] in self?.lookAtAll() }
        caches.gateways.onChange { _ in readAll() }
        caches.gatewayClasses.onChange { _ in readAll() }
        // A Service matters to routes when it comes or goes.
        caches.services.onChange { if $0.old == nil || $0.new == nil { readAll() } }
    }

    /// Whose GatewayClasses are looked after.
    var controllerName: String { settings.gatewayController }

    /// What the data plane does for a route; nil where none of our gateways has taken it.
    func programmed(_ key: ObjectKey) -> ProgrammedRoute? { state.withLock { $0.routes[key]?.programmed } }

    /// Calls `action` whenever something was programmed.
    func whenProgrammed(_ action: @escaping @Sendable () -> Void) { onProgrammed.withLock { $0 = action } }

    /// How the gateway treats one route, or all others when `route` is nil; nil undoes what was said about one.
    func setBehaviour(_ behaviour: GatewayBehaviour?, of route: ObjectKey?) {
        state.withLock { state in
            if let route { state.behaviours[route] = behaviour } else { state.usual = behaviour ?? .prompt }
        }
        lookAtAll()
    }

    private func lookAtAll() {
        for route in caches.routes.list() { queue.add(route.key) }
    }

    /// Takes note of a new generation, and of when it will be programmed.
    private func read(_ route: HTTPRoute?, _ key: ObjectKey, isNew: Bool) {
        let now = clock.now
        state.withLock { state in
            if isNew { state.routes[key] = nil }
            guard let route, route.metadata.generation > state.routes[key]?.seen ?? 0 else { return }
            let dueAt = max(state.routes[key]?.pending.last?.dueAt ?? now, now + drawnDelay(of: route))
            state.routes[key, default: RouteState()].seen = route.metadata.generation
            state.routes[key]?.pending.append(Pending(route: ProgrammedRoute(route), dueAt: dueAt))
        }
    }

    private func drawnDelay(of route: HTTPRoute) -> Duration {
        var random = SeededGenerator(seed: seed ^ FNV.fnv1a64("\(route.key)#\(route.metadata.generation)".utf8))
        return settings.routeDelay.draw(using: &random)
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        guard let route = caches.routes.get(key) else {
            barrier.forget(key)
            onProgrammed.withLock { $0 }?()
            return .settled
        }
        let now = clock.now
        let parents = attachedParents(of: route)
        let behaviour = state.withLock { $0.behaviours[key] ?? $0.usual }
        let (reported, wakeAt) = parents.isEmpty ? detach(key) : program(key, behaviour, now: now)
        do throws(KubeError) {
            try await report(reported, on: route, to: parents, behaviour, now: now)
        } catch {
            return Outcome(after: error)
        }
        return wakeAt.map { .wake(at: $0) } ?? .settled
    }

    private func detach(_ key: ObjectKey) -> (ProgrammedRoute?, wakeAt: Timestamp?) {
        state.withLock { $0.routes[key]?.programmed = nil }
        onProgrammed.withLock { $0 }?()
        return (nil, nil)
    }

    /// Programs what is due.
    ///
    /// - Returns: what there is to report, and when the next generation is due.
    private func program(_ key: ObjectKey, _ behaviour: GatewayBehaviour, now: Timestamp) -> (ProgrammedRoute?, wakeAt: Timestamp?) {
        var lag = Duration.zero
        var isRejecting = false
        switch behaviour {
        case .prompt, .silent: break
        case .rejecting: isRejecting = true
        case .lagging(let extra): lag = extra
        case .stuck: return (nil, nil)
        }
        let (reported, wakeAt, isNews) = state.withLock { state -> (ProgrammedRoute?, Timestamp?, Bool) in
            let pending = state.routes[key]?.pending ?? []
            let later = pending.filter { $0.dueAt + lag > now }
            guard let due = pending.last(where: { $0.dueAt + lag <= now }) else {
                return (state.routes[key]?.programmed, later.first.map { $0.dueAt + lag }, false)
            }
            // What is rejected stays pending: it is taken when the gateway changes its mind.
            if !isRejecting {
                state.routes[key]?.programmed = due.route
                state.routes[key]?.pending = later
            }
            return (due.route, later.first.map { $0.dueAt + lag }, !isRejecting)
        }
        if isNews { onProgrammed.withLock { $0 }?() }
        return (reported, wakeAt)
    }

    /// The references to Gateways of ours, as they stand in the spec.
    private func attachedParents(of route: HTTPRoute) -> [(reference: HTTPRoute.ParentReference, json: JSONValue)] {
        let elements = route.document.at("spec", "parentRefs")?.arrayValue ?? []
        return zip(route.parentRefs, elements).filter { reference, _ in
            guard reference.group == "gateway.networking.k8s.io", reference.kind == "Gateway" else { return false }
            let key = ObjectKey(namespace: reference.namespace ?? route.metadata.namespace, name: reference.name)
            guard let gateway = caches.gateways.get(key), !gateway.metadata.isBeingDeleted else { return false }
            return caches.gatewayClasses.get(ObjectKey(namespace: "", name: gateway.className))?.controllerName == settings.gatewayController
        }.map { (reference: $0, json: $1) }
    }

    private func report(
        _ programmed: ProgrammedRoute?, on route: HTTPRoute, to parents: [(reference: HTTPRoute.ParentReference, json: JSONValue)],
        _ behaviour: GatewayBehaviour, now: Timestamp
    ) async throws(KubeError) {
        let present = route.document.at("status", "parents")?.arrayValue ?? []
        var wanted = present.filter { $0["controllerName"]?.stringValue != settings.gatewayController }
        if !parents.isEmpty {
            guard let programmed, behaviour != .silent else { return }
            var rejection: (reason: String, message: String)?
            if case .rejecting(let reason, let message) = behaviour { rejection = (reason, message) }
            let missing = programmed.firstMissing { caches.services.get($0) != nil }
            for parent in parents {
                let old = route.parents.first { $0.controllerName == settings.gatewayController && $0.parentRef == parent.reference }
                let report = RouteReport(
                    controllerName: settings.gatewayController, parentRef: parent.json, generation: programmed.generation,
                    rejection: rejection, missing: missing)
                wanted.append(report.json(beside: old, now: now))
            }
        }
        guard wanted != present else { return }
        let stored = try await client.patch(
            .httpRoutes, namespace: route.metadata.namespace, name: route.metadata.name, subresource: "status",
            .merge(["metadata": ["resourceVersion": .string(route.metadata.resourceVersion)], "status": ["parents": .array(wanted)]]))
        barrier.expect(
            stored.at("metadata", "resourceVersion")?.stringValue ?? "", of: route.key, in: caches.routes, for: route.key, now: clock.now)
    }
}
