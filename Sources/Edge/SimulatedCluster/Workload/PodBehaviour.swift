/// What becomes of the pods of an image. What it means for pods that are meant to end, `PodRun` says.
public enum PodBehaviour: Sendable, Hashable {
    /// Running and Ready after the delay; nil: after that of the settings.
    case ready(after: Duration?)
    /// Running after the delay, and never Ready.
    case neverReady
    /// Its container exits: one restart, waiting for the next, not Ready.
    case crashing
    /// No node takes it.
    case unschedulable

    /// What the tag of an image says, up to its first dash: `bad` or `never`, `crash`, `slow`, `pending`; anything else is a good version.
    public init(image: String, settings: ClusterSettings) {
        let name = image.split(separator: "/").last ?? ""
        let tag = (name.split(separator: "@").first ?? "").split(separator: ":").dropFirst().last ?? ""
        switch tag.split(separator: "-").first ?? "" {
        case "bad", "never": self = .neverReady
        case "crash": self = .crashing
        case "slow": self = .ready(after: settings.slowDelay)
        case "pending": self = .unschedulable
        default: self = .ready(after: nil)
        }
    }
}
