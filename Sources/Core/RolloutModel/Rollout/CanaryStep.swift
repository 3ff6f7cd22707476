import Clockwork
import StrictJSON

/// One entry of `spec.strategy.canary.steps`.
public struct CanaryStep: Sendable, Hashable {
    /// What the step asks for. A step should name exactly one kind; validation tells when it does not.
    public enum Kind: Sendable, Hashable {
        /// Percent of the maximum traffic weight for the new version.
        case setWeight(Int)
        case pause(PauseStep)
        case analysis(RolloutAnalysis)
        /// The number of pods of the new version, whatever its weight; holds until the next such step.
        case setCanaryScale(CanaryScale)
        /// A step of a kind that this version does not carry out; the payload is the kind's name.
        case unsupported(String)
        /// No kind at all, or several that exclude each other.
        case malformed
    }

    public var kind: Kind
    /// The step as it stands in the object; the step hash is taken from it.
    public var raw: JSONValue
    /// Which of the kinds' keys are present.
    public var keys: Set<String>

    static let knownKinds: [String] = [
        "setWeight", "pause", "experiment", "analysis", "setCanaryScale", "setHeaderRoute", "setMirrorRoute", "plugin",
    ]

    public init(json: JSONValue, path: String, problems: inout [FieldProblem]) {
        raw = json
        var reader = LenientFields(json, path: path)
        let found: Set<String> = Set(Self.knownKinds.filter { reader.raw($0) != nil })
        keys = found
        let exclusive: Set<String> = ["setWeight", "pause", "experiment", "analysis"]
        if found.isEmpty || found.intersection(exclusive).count > 1 {
            kind = .malformed
        } else if found == ["setCanaryScale"] {
            kind = .setCanaryScale(CanaryScale(
                json: reader.object("setCanaryScale") ?? .object([:]), path: reader.path(of: "setCanaryScale"), problems: &problems))
        } else if let other = Self.knownKinds.first(where: { found.contains($0) && !["setWeight", "pause", "analysis", "setCanaryScale"].contains($0) }) {
            kind = .unsupported(other)
        } else if found.contains("setCanaryScale") {
            kind = .malformed
        } else if found.contains("setWeight") {
            kind = .setWeight(reader.int("setWeight") ?? 0)
        } else if found.contains("pause") {
            kind = .pause(PauseStep(json: reader.object("pause") ?? .object([:])))
        } else {
            kind = .analysis(RolloutAnalysis(json: reader.object("analysis") ?? .object([:]), path: reader.path(of: "analysis"), problems: &problems))
        }
        problems += reader.problems
    }

    /// The step as upstream names it in its events: `setWeight: 20`, `pause: 3s`.
    public var text: String {
        switch kind {
        case .setWeight(let weight): "setWeight: \(weight)"
        case .pause(let pause): pause.duration.map { "pause: \($0.text)" } ?? "pause"
        case .analysis: "analysis"
        case .setCanaryScale(let scale): "setCanaryScale\(scale.text)"
        case .unsupported(let name): name
        case .malformed: "invalid step"
        }
    }
}

/// The payload of a `pause` step.
public struct PauseStep: Sendable, Hashable {
    /// A duration as it was written: a number of seconds, digits in a string, or Go's notation.
    public struct WrittenDuration: Sendable, Hashable {
        public var text: String
        /// Whole seconds, fractions cut off; nil when the text is not a duration.
        public var seconds: Int64?
    }

    /// Nil: until a person resumes.
    public var duration: WrittenDuration?

    public init(json: JSONValue) {
        guard let written = json["duration"], !written.isNull else {
            duration = nil
            return
        }
        if let number = written.int64Value {
            duration = WrittenDuration(text: "\(number)", seconds: number)
        } else if let text = written.stringValue {
            if let number = Int64(text) {
                duration = WrittenDuration(text: text, seconds: number)
            } else {
                // An unreadable duration is kept without seconds: validation names it.
                let parsed: GoDuration? = try? GoDuration(parsing: text)
                duration = WrittenDuration(text: text, seconds: parsed.map { $0.duration.components.seconds })
            }
        } else {
            duration = WrittenDuration(text: written.text(), seconds: nil)
        }
    }
}

/// The payload of a `setCanaryScale` step.
public struct CanaryScale: Sendable, Hashable {
    /// Percent of the Rollout's pods; may be above 100. Nil: absent.
    public var weight: Int?
    /// A number of pods; wins over `weight`. Nil: absent.
    public var replicas: Int?
    /// Back to as many pods as the traffic weight asks for.
    public var matchesTrafficWeight: Bool

    /// Reads the payload; what does not fit is added to `problems`, under `path`.
    public init(json: JSONValue, path: String, problems: inout [FieldProblem]) {
        var reader = LenientFields(json, path: path)
        weight = reader.int("weight")
        replicas = reader.int("replicas")
        matchesTrafficWeight = reader.bool("matchTrafficWeight") ?? false
        problems += reader.problems
    }

    /// As upstream writes it behind the step's name; the weight is named in preference.
    public var text: String {
        if let weight { return "{weight: \(weight)}" }
        if matchesTrafficWeight { return "{matchTrafficWeight: true}" }
        return "{replicas: \(replicas ?? 0)}"
    }
}
