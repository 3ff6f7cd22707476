public import ControllerKit
public import KubeModel
public import RolloutModel

/// The objects that decisions are made from, as the watches tell them.
public struct ClusterCaches: Sendable {
    public let rollouts: ObjectStore<Rollout>
    public let replicaSets: ObjectStore<ReplicaSet>
    public let services: ObjectStore<Service>
    public let endpointSlices: ObjectStore<EndpointSlice>
    public let httpRoutes: ObjectStore<HTTPRoute>
    public let analysisRuns: ObjectStore<AnalysisRun>
    public let analysisTemplates: ObjectStore<AnalysisTemplate>
    public let clusterAnalysisTemplates: ObjectStore<ClusterAnalysisTemplate>
    /// Whether templates of the cluster are read at all; where they are not, none is there.
    let readsClusterTemplates: Bool

    /// Names of the indexes.
    enum Index {
        /// UID of the controlling owner; empty where there is none.
        static let controller: String = "controller"
        /// `namespace/name` of the Services that a Rollout names.
        static let service: String = "service"
        /// `namespace/name` of the routes that a Rollout names.
        static let route: String = "route"
        /// `namespace` of the Rollouts that name templates.
        static let analysis: String = "analysis"
        static let namespace: String = "namespace"
    }

    public init(readsClusterTemplates: Bool = true) {
        self.readsClusterTemplates = readsClusterTemplates
        rollouts = ObjectStore(indexes: [
            Index.service: { rollout in rollout.spec.services.map { "\(rollout.metadata.namespace)/\($0)" } },
            Index.route: { rollout in
                guard let routing = rollout.spec.canary?.trafficRouting else { return [] }
                return routing.httpRoutes.map { "\(routing.namespace ?? rollout.metadata.namespace)/\($0)" }
            },
            Index.analysis: { $0.spec.analyses.isEmpty ? [] : [$0.metadata.namespace] },
            Index.namespace: { [$0.metadata.namespace] },
        ])
        replicaSets = ObjectStore(indexes: [
            Index.controller: { [$0.metadata.controller?.uid ?? "\($0.metadata.namespace)/"] },
        ])
        services = ObjectStore()
        endpointSlices = ObjectStore(indexes: [Index.service: { ["\($0.metadata.namespace)/\($0.serviceName)"] }])
        httpRoutes = ObjectStore()
        analysisRuns = ObjectStore(indexes: [Index.controller: { $0.metadata.controller.map { [$0.uid] } ?? [] }])
        analysisTemplates = ObjectStore()
        clusterAnalysisTemplates = ObjectStore()
    }

    /// Whether everything that every decision needs has been listed once, or refused: who needs what is refused is told so in a
    /// condition, and the others need not wait.
    public var areReady: Bool {
        rollouts.isSettled && replicaSets.isSettled && services.isSettled && analysisRuns.isSettled
            && analysisTemplates.isSettled && (clusterAnalysisTemplates.isSettled || !readsClusterTemplates)
    }

    /// Ends when everything has been listed once or refused, or when the task is cancelled.
    func waitUntilReady() async {
        await rollouts.waitUntilSettled()
        await replicaSets.waitUntilSettled()
        await services.waitUntilSettled()
        await analysisRuns.waitUntilSettled()
        await analysisTemplates.waitUntilSettled()
        if readsClusterTemplates { await clusterAnalysisTemplates.waitUntilSettled() }
    }

    /// Calls `handler` whenever the server begins or ceases to refuse the list of something that decisions about Rollouts need.
    func onAccessChange(_ handler: @escaping @Sendable () -> Void) {
        replicaSets.onAccessChange(handler)
        services.onAccessChange(handler)
        endpointSlices.onAccessChange(handler)
        httpRoutes.onAccessChange(handler)
        analysisRuns.onAccessChange(handler)
        analysisTemplates.onAccessChange(handler)
        clusterAnalysisTemplates.onAccessChange(handler)
    }
}
