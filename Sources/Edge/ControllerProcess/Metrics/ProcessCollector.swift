import Clockwork
import ControllerKit
import Controllers
import Observability

/// The metrics of queues, caches and the process that are computed when they are asked for.
struct ProcessCollector {
    let controllers: ControllerSet
    let activity: ActivityMetrics
    let commit: String
    let isLeading: Bool
    let now: Timestamp

    func collect(into page: inout MetricPage) {
        page.add(MetricNames.controllerInfo) { $0.append([SluiceVersion.text], 1) }
        page.add(MetricNames.buildInfo) { $0.append([SluiceVersion.text, SluiceVersion.compiler, SluiceVersion.architecture, commit], 1) }
        page.add(MetricNames.leader, isLeading ? 1 : 0)
        page.add(MetricNames.cacheSynced) { samples in
            for (resource, isSynced) in controllers.caches.syncStates { samples.append([resource], isSynced ? 1 : 0) }
        }
        let queues = controllers.queues.map { ($0.name, ActivityMetrics.queueName($0.name), $0.queue.statistics) }.sorted { $0.1 < $1.1 }
        for (controller, name, statistics) in queues {
            let unfinished = activity.unfinished(controller, now: now)
            // What waits in a follower is the leader's work, and no backlog.
            let depth = isLeading ? statistics.depth : 0
            let oldest = isLeading ? statistics.oldestReadySince.map { $0.duration(to: now).inSeconds } ?? 0 : 0
            page.add(MetricNames.queueAdds) { $0.append([name], Double(statistics.addCount)) }
            page.add(MetricNames.queueDepth) { $0.append([name], Double(depth)) }
            page.add(MetricNames.queueRetries) { $0.append([name], Double(statistics.retryCount)) }
            page.add(MetricNames.queueUnfinished) { $0.append([name], unfinished.sum) }
            page.add(MetricNames.queueLongest) { $0.append([name], unfinished.longest) }
            page.add(MetricNames.queueOldest) { $0.append([name], max(0, oldest)) }
        }
    }
}

extension ClusterCaches {
    /// Each resource and whether it is followed, by name: listed once, and not refused since.
    fileprivate var syncStates: [(String, Bool)] {
        [
            ("analysisruns", analysisRuns.isReadable), ("analysistemplates", analysisTemplates.isReadable),
            ("clusteranalysistemplates", clusterAnalysisTemplates.isReadable), ("endpointslices", endpointSlices.isReadable),
            ("httproutes", httpRoutes.isReadable), ("replicasets", replicaSets.isReadable), ("rollouts", rollouts.isReadable),
            ("services", services.isReadable),
        ]
    }
}
