import RolloutModel
import Safety

/// 256 KiB for the status of a run, whatever its metrics, their answers and the retention that somebody has written ask for. The API
/// server refuses objects beyond 1.5 MiB, spec and bookkeeping included, and with them every later status: the run would never end.
let statusLimit = 256 << 10

/// What is left of a text when there is no room for all of it: enough to recognise it; of the newest ones more, as long as that fits.
private let shortText = 256
private let newestText = 1 << 10

/// Keeps the status of a run within its budget: texts are cut first, those of older measurements shorter, then the oldest
/// measurements go. The counters stay.
///
/// Differs: upstream keeps as many as the retention says, of any size.
///
/// - Returns: the measurements that went.
func keepWithinBudget(_ metrics: [RunMetric], _ status: inout AnalysisRunStatus) -> [DiscardedMeasurement] {
    guard status.mayExceed(statusLimit), status.json.serialized().count > statusLimit else { return [] }
    var discarded: [DiscardedMeasurement] = []
    func isTooLarge() -> Bool { status.json.serialized().count > statusLimit }
    func shorten(newest limit: Int, older: Int = shortText) {
        for index in status.metricResults.indices {
            let last = status.metricResults[index].measurements.count - 1
            for place in 0..<(last + 1) { status.metricResults[index].measurements[place].shorten(to: place == last ? limit : older) }
        }
    }
    /// False where nothing more can go.
    func halve() -> Bool {
        var hasChanged = false
        for index in status.metricResults.indices {
            let result = status.metricResults[index]
            let metric = metrics.first { $0.name == result.name }
            let kept = max(result.measurements.count / 2, metric?.policy.measurementsNeeded ?? 0, 1)
            guard kept < result.measurements.count else { continue }
            let excess = result.measurements.count - kept
            if let metric { discarded += result.measurements.prefix(excess).map { DiscardedMeasurement(metric: metric.metric, measurement: $0) } }
            status.metricResults[index].measurements.removeFirst(excess)
            hasChanged = true
        }
        return hasChanged
    }
    shorten(newest: newestText)
    while isTooLarge(), halve() {}
    if isTooLarge() { shorten(newest: shortText) }
    // A policy looks at the phases of many measurements, not at their texts.
    if isTooLarge() { shorten(newest: shortText, older: 0) }
    return discarded
}

extension AnalysisRunStatus {
    /// A quick look that never says no where the answer is yet to be found: one byte of text is at most six of JSON.
    fileprivate func mayExceed(_ limit: Int) -> Bool {
        var size = 0
        for result in metricResults {
            size += 1024 + 6 * (result.name.utf8.count + result.message.utf8.count + texts(result.metadata))
            for measurement in result.measurements {
                size += 256 + 6 * (measurement.message.utf8.count + measurement.value.utf8.count + texts(measurement.metadata))
            }
            if size > limit { return true }
        }
        return size + 6 * message.utf8.count > limit
    }

    private func texts(_ map: [String: String]) -> Int { map.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 8 } }
}

extension Measurement {
    fileprivate mutating func shorten(to limit: Int) {
        guard limit > 0 else {
            (message, value) = ("", "")
            // Names stay: by them a provider finds what is to be removed with the measurement.
            metadata = metadata.filter { $0.value.utf8.count <= 63 }
            return
        }
        message = cut(message, to: limit)
        value = cut(value, to: limit)
        metadata = metadata.mapValues { cut($0, to: limit) }
    }
}

/// The beginning of a text, and how long it was. A text that was cut before keeps what it says of its length.
func cut(_ text: String, to limit: Int) -> String {
    guard text.utf8.count > limit + cutMarkRoom else { return text }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
    // Back to the beginning of a character, so that none is cut in two.
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    if let mark = text.cutMark { return "\(text[..<end])\(text[mark...])" }
    return "\(text[..<end])… (\(text.utf8.count) bytes in all)"
}

/// The mark itself must not make a text long again.
private let cutMarkRoom = 48

extension String {
    /// Where the mark of an earlier cut begins; nil: it was not cut.
    fileprivate var cutMark: String.Index? {
        guard hasSuffix(" bytes in all)") else { return nil }
        guard let index = unicodeScalars.lastIndex(of: "…"), utf8.distance(from: index, to: utf8.endIndex) <= cutMarkRoom else { return nil }
        return index
    }
}
