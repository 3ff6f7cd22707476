import StrictJSON

/// What is looked at in a Rollout. Read from the JSON itself: the types of the product are what is being tested.
struct RolloutView: Sendable {
    let json: JSONValue

    private var status: JSONValue { json["status"] ?? [:] }

    var phase: String { status["phase"]?.stringValue ?? "" }
    var message: String { status["message"]?.stringValue ?? "" }
    var step: Int? { status["currentStepIndex"]?.intValue }
    var stableHash: String { status["stableRS"]?.stringValue ?? "" }
    var currentHash: String { status["currentPodHash"]?.stringValue ?? "" }
    var isPromoted: Bool { !stableHash.isEmpty && stableHash == currentHash }
    var isAborted: Bool { status["abort"]?.boolValue ?? false }
    var updatedReplicas: Int { status["updatedReplicas"]?.intValue ?? 0 }
    var availableReplicas: Int { status["availableReplicas"]?.intValue ?? 0 }
    /// Whether the status speaks of the spec as it is now.
    var isObserved: Bool { status["observedGeneration"]?.stringValue == json.at("metadata", "generation")?.int64Value.map(String.init) }

    var line: String {
        "\(phase) (\(message)) at step \(step.map(String.init) ?? "-"), updated \(updatedReplicas), available \(availableReplicas), "
            + "stable \(stableHash), current \(currentHash)\(isAborted ? ", aborted" : "")"
    }
}

struct ReplicaSetView: Sendable, CustomStringConvertible {
    let name: String
    let hash: String
    let revision: Int
    let wanted: Int
    let ready: Int
    let image: String

    init(_ json: JSONValue) {
        name = json.at("metadata", "name")?.stringValue ?? ""
        hash = json.at("metadata", "labels", "rollouts-pod-template-hash")?.stringValue ?? ""
        revision = json.at("metadata", "annotations", "rollout.argoproj.io/revision")?.stringValue.flatMap { Int($0) } ?? 0
        wanted = json.at("spec", "replicas")?.intValue ?? 0
        ready = json.at("status", "readyReplicas")?.intValue ?? 0
        image = json.at("spec", "template", "spec", "containers")?[0]?["image"]?.stringValue ?? ""
    }

    var description: String { "#\(revision) \(name) \(image) \(ready)/\(wanted)" }
}

struct AnalysisRunView: Sendable, CustomStringConvertible {
    let name: String
    let phase: String
    let message: String
    /// Of the first metric, oldest first.
    let measurements: [Measurement]

    struct Measurement: Sendable {
        let phase: String
        let value: String
        let message: String

        /// The only sample: values of vectors are written `[0.25]`.
        var number: Double? { Double(value.filter { $0 != "[" && $0 != "]" }) }
    }

    init(_ json: JSONValue) {
        name = json.at("metadata", "name")?.stringValue ?? ""
        phase = json.at("status", "phase")?.stringValue ?? ""
        message = json.at("status", "message")?.stringValue ?? ""
        measurements = (json.at("status", "metricResults")?[0]?["measurements"]?.arrayValue ?? []).map {
            Measurement(
                phase: $0["phase"]?.stringValue ?? "", value: $0["value"]?.stringValue ?? "", message: $0["message"]?.stringValue ?? "")
        }
    }

    var description: String {
        "\(name) \(phase) \(message): " + measurements.map { "\($0.value) \($0.phase)" }.joined(separator: ", ")
    }
}
