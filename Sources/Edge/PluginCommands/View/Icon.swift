/// The signs that stand for kinds and states.
enum Icon: String, Sendable, Equatable {
    // States.
    case waiting = "◷"
    case progressing = "◌"
    case warning = "⚠"
    case unknown = "?"
    case good = "✔"
    case bad = "✖"
    case paused = "॥"
    case scaledDown = "•"
    case none = " "
    // Kinds.
    case rollout = "⟳"
    case revision = "#"
    case replicaSet = "⧉"
    case pod = "□"
    case experiment = "Σ"
    case analysisRun = "α"
    case job = "⊞"

    /// For the phase of a Rollout.
    init(rolloutPhase phase: String) {
        switch phase {
        case "Progressing": self = .progressing
        case "Error", "InvalidSpec": self = .warning
        case "Paused": self = .paused
        case "Healthy": self = .good
        case "Degraded": self = .bad
        case "Unknown": self = .unknown
        case "ScaledDown": self = .scaledDown
        default: self = .none
        }
    }

    /// For the phase of an AnalysisRun, an Experiment or a measurement that is a Job.
    init(analysisPhase phase: String) {
        switch phase {
        case "Successful": self = .good
        case "Inconclusive": self = .unknown
        case "Failed": self = .bad
        case "Error": self = .warning
        case "Running": self = .progressing
        case "Pending": self = .waiting
        default: self = .none
        }
    }

    /// For the state of a pod, as `kubectl get pods` names it.
    init(podStatus status: String) {
        // First, so that `Init:Error` counts as a start that goes on.
        if status.hasPrefix("Init:") {
            self = .progressing
        } else if status.hasPrefix("Signal:") || status.hasPrefix("ExitCode:") {
            self = .bad
        } else if status.hasSuffix("Error") || status.hasPrefix("Err") {
            self = .warning
        } else {
            switch status {
            case "Pending", "Terminating", "ContainerCreating": self = .progressing
            case "Running", "Completed": self = .good
            case "Failed", "InvalidImageName", "CrashLoopBackOff": self = .bad
            case "ImagePullBackOff", "RegistryUnavailable": self = .warning
            case "Unknown": self = .unknown
            default: self = .none
            }
        }
    }
}
