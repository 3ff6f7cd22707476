import Clockwork
import StrictJSON

/// How far the Job of a measurement is.
public enum JobProgress: Sendable, Equatable {
    case succeeded
    /// The Job has failed; the text says why, in the words of its condition.
    case failed(String)
    case underway

    /// Reads the conditions of a Job.
    public init(job: JSONValue) {
        for condition in job.at("status", "conditions")?.arrayValue ?? [] where condition["status"]?.stringValue != "False" {
            switch condition["type"]?.stringValue {
            case "Complete":
                self = .succeeded
                return
            case "Failed":
                let words = [condition["reason"]?.stringValue, condition["message"]?.stringValue].compactMap { $0 }.filter { !$0.isEmpty }
                self = .failed(words.joined(separator: ": "))
                return
            default: continue
            }
        }
        self = .underway
    }

    /// When to look again at a Job that has run for so long: rarely at those that take long.
    ///
    /// - Returns: the square root of twice the time that has passed, in seconds; at least one.
    public static func pause(after elapsed: Duration) -> Duration {
        let seconds = max(0, elapsed.components.seconds)
        return .seconds(max(1, Int64((2 * Double(seconds)).squareRoot())))
    }
}

/// Why a container waits that will never start by itself, in the kubelet's words.
private let hopelessReasons: Set<String> = [
    "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError",
]

/// What keeps the pods of a Job from ever doing their work; nil where nothing does.
///
/// Differs: upstream knows the first three reasons, and calls the measurement Inconclusive.
public func hopelessness(ofPods pods: [JSONValue]) -> String? {
    for pod in sorted(pods) {
        for status in containerStatuses(pod) {
            guard let waiting = status.at("state", "waiting"), let reason = waiting["reason"]?.stringValue, hopelessReasons.contains(reason) else {
                continue
            }
            let text = waiting["message"]?.stringValue ?? ""
            return "\(place(pod, status)) has terminal error (\(reason))\(text.isEmpty ? "" : ": \(text)")"
        }
    }
    return nil
}

/// How the container that failed last ended: `Pod P, container C ended with exit code 3 (Error)`; nil where none did.
public func lastFailure(ofPods pods: [JSONValue]) -> String? {
    let failures = sorted(pods).flatMap { pod in
        containerStatuses(pod).compactMap { status -> (at: String, text: String)? in
            guard let ended = status.at("state", "terminated") ?? status.at("lastState", "terminated"),
                let code = ended["exitCode"]?.intValue, code != 0
            else { return nil }
            let reason = ended["reason"]?.stringValue ?? ""
            let message = ended["message"]?.stringValue ?? ""
            return (
                ended["finishedAt"]?.stringValue ?? "",
                "\(place(pod, status)) ended with exit code \(code)\(reason.isEmpty ? "" : " (\(reason))")\(message.isEmpty ? "" : ": \(message)")"
            )
        }
    }
    return failures.max { $0.at < $1.at }?.text
}

/// Init containers first: what they wait for keeps the others waiting.
private func containerStatuses(_ pod: JSONValue) -> [JSONValue] {
    ["initContainerStatuses", "containerStatuses"].flatMap { pod.at("status", $0)?.arrayValue ?? [] }
}

private func place(_ pod: JSONValue, _ status: JSONValue) -> String {
    "Pod \(pod.at("metadata", "name")?.stringValue ?? "?"), container \(status["name"]?.stringValue ?? "?")"
}

private func sorted(_ pods: [JSONValue]) -> [JSONValue] {
    pods.sorted { ($0.at("metadata", "name")?.stringValue ?? "") < ($1.at("metadata", "name")?.stringValue ?? "") }
}
