import Clockwork
import StrictJSON

/// A pod as it was read: owner, labels and deletion are in its metadata.
public struct Pod: ReadModel {
    public static let resource = GroupVersionResource.pods

    public var metadata: ObjectMeta
    public var phase: Phase
    public var conditions: [Condition]

    /// Where a pod is in its life.
    public enum Phase: Sendable, Hashable {
        case pending, running, succeeded, failed
        case other(String)

        /// Reads Kubernetes' spelling; a pod without a phase has not been seen by a kubelet.
        public init(_ text: String?) {
            switch text {
            case nil, "", "Pending": self = .pending
            case "Running": self = .running
            case "Succeeded": self = .succeeded
            case "Failed": self = .failed
            case let text?: self = .other(text)
            }
        }
    }

    /// A pod with the given members.
    public init(metadata: ObjectMeta, phase: Phase = .pending, conditions: [Condition] = []) {
        self.metadata = metadata
        self.phase = phase
        self.conditions = conditions
    }

    /// Whether the pod takes traffic, as its kubelet says.
    public var isReady: Bool { conditions.condition("Ready")?.isTrue ?? false }

    /// Since when the pod is ready; nil while it is not, or where the time is not recorded.
    public var readySince: Timestamp? { isReady ? conditions.condition("Ready")?.lastTransitionTime : nil }

    /// Whether the pod has been ready for at least `minReadySeconds`.
    public func isAvailable(minReadySeconds: Int, now: Timestamp) -> Bool {
        guard isReady else { return false }
        guard minReadySeconds > 0 else { return true }
        return readySince.map { $0 + .seconds(minReadySeconds) <= now } ?? false
    }

    public init(json: JSONValue) throws(DecodeError) {
        let status = try FieldReader(json).member("status")
        self.init(
            metadata: try ObjectMeta(object: json), phase: Phase(try status.string("phase")),
            conditions: try Condition.list(status.member("conditions")))
    }
}
