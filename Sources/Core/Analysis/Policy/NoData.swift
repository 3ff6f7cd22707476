import Clockwork
import RolloutModel
import StrictJSON

/// The metadata of a measurement that waits for data: why there is none.
let noDataKey = "no-data"

/// How often it is looked whether there is data by now, where the interval is longer.
private let longestPause = Duration.seconds(10)
private let shortestPause = Duration.seconds(1)

/// Why there is no data to judge; nil where there is.
func missingData(_ sample: MetricSample, _ count: SampleCount?, _ policy: MetricPolicy) -> String? {
    if sample.hasNoData { return sample.text.isEmpty ? "the answer has nothing" : "the answer is \(sample.text)" }
    guard let minimum = policy.minimumSamples, case .counted(let number)? = count, number < Double(minimum.count) else { return nil }
    return "it rests on \(numberText(number)) samples, at least \(minimum.count) are needed"
}

/// What a measurement without data comes to at `now`; nil: whatever the conditions make of it.
///
/// - Parameters:
///   - cause: why there is none.
///   - since: when the measurement began; the time to wait runs from there.
func findingWithoutData(
    _ policy: NoDataPolicy, because cause: String, text: String, since: Timestamp, interval: Duration?, isTerminating: Bool, now: Timestamp
) -> MeasurementOutcome.Finding? {
    switch policy {
    case .error: return nil
    case .pass: return .verdict(.successful, message: "\(notePrefix)no data (\(cause)); that passes by the policy noData", value: text)
    case .fail: return .verdict(.failed, message: "no data (\(cause)); that fails by the policy noData", value: text)
    case .inconclusive: return .verdict(.inconclusive, message: "no data (\(cause)); that is inconclusive by the policy noData", value: text)
    case .wait(let duration, let then):
        let end = since + duration
        if now < end, !isTerminating {
            let pause = min(max(interval ?? longestPause, shortestPause), longestPause)
            return .inFlight(resumeAt: min(now + pause, end))
        }
        return findingWithoutData(
            then, because: "\(cause), for \(GoDuration(duration).text)", text: text, since: since, interval: interval,
            isTerminating: isTerminating, now: now)
    }
}

extension AnalysisMetric {
    /// The same metric with another query; without a provider where its own is not asked by a query.
    func asking(_ query: String) -> AnalysisMetric {
        var copy = self
        for member in ProviderMember.allCases {
            guard var settings = provider[member.rawValue], settings["query"] != nil else { continue }
            settings["query"] = .string(query)
            // The number of samples is that of now, whatever window the result has.
            settings["rangeQuery"] = nil
            copy.provider[member.rawValue] = settings
            return copy
        }
        copy.provider = JSONObject()
        return copy
    }
}
