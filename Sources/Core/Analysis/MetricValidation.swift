import Clockwork
import RolloutModel

/// The members of `provider` that say who measures. Others are not looked at.
public enum ProviderMember: String, Sendable, CaseIterable {
    case prometheus, kayenta, web, datadog, wavefront, newRelic, job, cloudWatch, graphite, influxdb, skywalking, plugin
}

/// The providers that a metric names; each plugin counts as one.
func providerNames(of metric: AnalysisMetric) -> [String] {
    ProviderMember.allCases.flatMap { member -> [String] in
        guard let value = metric.provider[member.rawValue], !value.isNull else { return [] }
        guard member == .plugin else { return [member.rawValue] }
        // An entry of ours is no provider: it says what missing data means.
        return (value.objectValue?.keys ?? []).filter { $0 != MetricPolicy.pluginEntry }.sorted()
    }
}

/// Checks a list of metrics and reads its durations. The first rule that is broken is the error.
func checkedSchedules(of metrics: [AnalysisMetric]) throws(AnalysisProblem) -> [(interval: Duration?, initialDelay: Duration?)] {
    if metrics.isEmpty { throw .invalid("no metrics specified") }
    var schedules: [(interval: Duration?, initialDelay: Duration?)] = []
    for (index, metric) in metrics.enumerated() {
        let place = "metrics[\(index)]: "
        if metrics[..<index].contains(where: { $0.name == metric.name }) {
            throw .invalid("\(place)duplicate name '\(metric.name)'")
        }
        if let text = brokenLimit(of: metric) { throw .invalid(place + text) }
        let interval = try duration(metric.interval, called: "\(place)invalid interval string")
        let initialDelay = try duration(metric.initialDelay, called: "\(place)invalid startDelay string")
        switch providerNames(of: metric).count {
        case 0: throw .invalid(place + "no provider specified")
        case 1: break
        default: throw .invalid(place + "multiple providers specified")
        }
        schedules.append((interval, initialDelay))
    }
    return schedules
}

/// The first rule about numbers that a metric breaks.
private func brokenLimit(of metric: AnalysisMetric) -> String? {
    let limits = MetricLimits(of: metric)
    let (count, failures, successes) = (metric.count?.intValue ?? 0, limits.failures, limits.consecutiveSuccesses)
    if successes < 0 { return "consecutiveSuccessLimit must be >= 0" }
    if failures < -1 { return "failureLimit must be >= 0, or -1 to be disabled" }
    if successes == 0 && failures == -1 { return "failureLimit and consecutiveSuccessLimit cannot both be disabled" }
    if limits.inconclusives < 0 { return "inconclusiveLimit must be >= 0" }
    if limits.consecutiveErrors < 0 { return "consecutiveErrorLimit must be >= 0" }
    guard count > 0 else { return nil }
    // The numbers come from text of any length; a sum beyond the range is larger than any count.
    let (sum, overflow) = failures.addingReportingOverflow(successes)
    if failures >= 0 && (overflow || count < sum) {
        return "count (\(count)) must be >= failureLimit + consecutiveSuccessLimit (\(failures) + \(successes)) if both >= 0"
    }
    if failures == -1 && count < successes { return "count must be >= consecutiveSuccessLimit" }
    if count < limits.inconclusives { return "count must be >= inconclusiveLimit" }
    if count > 1 && metric.interval == nil { return "interval must be specified when count > 1" }
    return nil
}

private func duration(_ text: String?, called label: String) throws(AnalysisProblem) -> Duration? {
    guard let text else { return nil }
    do throws(GoDurationError) { return try GoDuration(parsing: text).duration } catch {
        throw .invalid("\(label): \(error)")
    }
}
