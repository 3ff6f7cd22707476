import KubeModel
import Observability
import RolloutModel
import StrictJSON

/// The metrics of AnalysisRuns and templates that are computed from the caches when they are asked for.
struct AnalysisCollector {
    private static let phases: [AnalysisPhase] = AnalysisPhase.allCases.sorted { $0.rawValue < $1.rawValue }

    /// In the order of their keys, as the templates.
    let runs: [AnalysisRun]
    /// Templates of namespaces, and of the cluster: those have no namespace.
    let templates: [AnalysisTemplate]

    func collect(into page: inout MetricPage) {
        page.add(MetricNames.analysisRunInfo) { samples in
            for run in runs { samples.append(labels(run) + [(run.status.phase ?? .pending).rawValue], 1) }
        }
        page.add(MetricNames.analysisRunPhase) { samples in
            for run in runs {
                for phase in Self.phases { samples.append(labels(run) + [phase.rawValue], phase == run.status.phase ?? .pending ? 1 : 0) }
            }
        }
        page.add(MetricNames.analysisRunMetricType) { samples in
            for run in runs {
                for metric in distinct(run.spec.metrics) { samples.append(labels(run) + [metric.name, metric.providerLabel], 1) }
            }
        }
        page.add(MetricNames.analysisRunMetricPhase) { samples in
            for run in runs {
                for metric in distinct(run.spec.metrics) {
                    guard let result = run.status.result(of: metric.name) else { continue }
                    for phase in Self.phases {
                        samples.append(
                            labels(run) + [metric.name, metric.providerLabel, result.dryRun ? "true" : "false", phase.rawValue],
                            phase == result.phase ? 1 : 0)
                    }
                }
            }
        }
        page.add(MetricNames.analysisTemplateInfo) { samples in
            for template in templates { samples.append([template.metadata.namespace, template.metadata.name], 1) }
        }
        page.add(MetricNames.analysisTemplateMetricInfo) { samples in
            for template in templates {
                for metric in distinct(template.metrics) {
                    samples.append([template.metadata.namespace, template.metadata.name, metric.providerLabel, metric.name], 1)
                }
            }
        }
    }

    /// Without those whose name came before: two series of one name would spoil the page.
    private func distinct(_ metrics: [AnalysisMetric]) -> [AnalysisMetric] {
        var seen: Set<String> = []
        return metrics.filter { seen.insert($0.name).inserted }
    }

    private func labels(_ run: AnalysisRun) -> [String] { [run.metadata.namespace, run.metadata.name] }
}

extension AnalysisMetric {
    /// Argo Rollouts' names of the providers, by their members; those of plugins are their own.
    private static let providerNames: [(member: String, name: String)] = [
        ("prometheus", "Prometheus"), ("kayenta", "Kayenta"), ("web", "Web"), ("datadog", "Datadog"), ("wavefront", "Wavefront"),
        ("newRelic", "NewRelic"), ("job", "Job"), ("cloudWatch", "CloudWatch"), ("graphite", "Graphite"), ("influxdb", "InfluxDB"),
        ("skywalking", "SkyWalking"),
    ]

    fileprivate var providerLabel: String {
        for (member, name) in Self.providerNames where provider[member].map({ !$0.isNull }) ?? false { return name }
        return provider["plugin"]?.objectValue?.keys.first ?? "Unknown"
    }
}
