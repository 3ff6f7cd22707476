import Clockwork
public import ControllerKit
public import KubeModel

/// Where a process looks into its controllers: for metrics, for health, and for tests that stop it at a bad moment.
///
/// Nothing that a hook does changes what is decided. The default is to look nowhere.
public struct ControllerHooks: Sendable {
    /// Which controller, named as in `ControllerSet.queues`, begins with which object. It must not block.
    public var onReconcileStart: (@Sendable (_ controller: String, _ key: ObjectKey) -> Void)?
    /// Is told of each finished round. It must not block.
    public var onReconcile: (@Sendable (ReconcileRecord) -> Void)?
    /// Is told of each event before it is published, whether or not the publisher drops it. It must not block.
    public var onEvent: (@Sendable (PublishedEvent) -> Void)?
    /// Runs after a route has been written and before anything else is. For tests only: nothing goes on until it returns.
    public var afterRouteWrite: (@Sendable (_ rollout: ObjectKey) async -> Void)?

    /// No hooks.
    public init() {}

    func watching(
        _ controller: String, _ clock: any ControlClock, _ reconcile: @escaping Controller.Reconciler
    ) -> Controller.Reconciler {
        guard onReconcileStart != nil || onReconcile != nil else { return reconcile }
        return { key in
            let start: Timestamp = clock.now
            onReconcileStart?(controller, key)
            let outcome: Outcome = await reconcile(key)
            onReconcile?(ReconcileRecord(controller: controller, key: key, elapsed: start.duration(to: clock.now), outcome: outcome))
            return outcome
        }
    }
}

/// One finished round.
public struct ReconcileRecord: Sendable, Equatable {
    /// Named as in `ControllerSet.queues`.
    public var controller: String
    public var key: ObjectKey
    public var elapsed: Duration
    public var outcome: Outcome
}
