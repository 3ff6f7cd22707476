/// How far an AnalysisRun, a metric or a measurement has come.
///
/// An absent or unknown phase is represented by `nil` wherever a phase is read.
public enum AnalysisPhase: String, Sendable, Hashable, CaseIterable {
    case pending = "Pending"
    case running = "Running"
    case successful = "Successful"
    case failed = "Failed"
    case error = "Error"
    case inconclusive = "Inconclusive"

    /// True for the four phases that nothing leaves again.
    public var isCompleted: Bool {
        switch self {
        case .pending, .running: false
        case .successful, .failed, .error, .inconclusive: true
        }
    }

    /// The rank from best (0) to worst (5): Successful, Running, Pending, Inconclusive, Error, Failed.
    public var severity: Int {
        switch self {
        case .successful: 0
        case .running: 1
        case .pending: 2
        case .inconclusive: 3
        case .error: 4
        case .failed: 5
        }
    }

    /// Whether this phase is strictly worse than `other`; an absent phase ranks as Successful.
    public func isWorse(than other: AnalysisPhase?) -> Bool {
        severity > (other ?? .successful).severity
    }

    /// Whether the phase stops a run or makes an event a warning: Failed, Error or Inconclusive.
    public var isUnsuccessfulCompletion: Bool {
        switch self {
        case .failed, .error, .inconclusive: true
        case .pending, .running, .successful: false
        }
    }
}
