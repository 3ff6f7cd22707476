import Clockwork
import StrictJSON

/// `status` of a Rollout: the members that this controller keeps. What it does not know stays where it was.
public struct RolloutStatus: Sendable, Hashable {
    public var abort: Bool = false
    public var abortedAt: Timestamp?
    public var pauseConditions: [PauseCondition] = []
    public var controllerPause: Bool = false
    public var currentPodHash: String = ""
    public var currentStepHash: String = ""
    /// 0...number of steps; nil without steps.
    public var currentStepIndex: Int?
    public var replicas: Int = 0
    public var updatedReplicas: Int = 0
    public var readyReplicas: Int = 0
    public var availableReplicas: Int = 0
    public var hpaReplicas: Int = 0
    public var selector: String = ""
    public var collisionCount: Int?
    /// The generation last acted upon, in decimal; upstream stores it as text.
    public var observedGeneration: String = ""
    public var conditions: [RolloutCondition] = []
    /// Pod hash of the version that all users get; empty before the first deploy.
    public var stableRS: String = ""
    public var promoteFull: Bool = false
    public var phase: RolloutPhase?
    public var message: String = ""
    public var stepAnalysisRun: RunStatus?
    public var backgroundAnalysisRun: RunStatus?
    public var weights: TrafficWeights?
    /// Empty for a canary.
    public var blueGreen = BlueGreenStatus()
    /// The status as stored, with the members that are not ours.
    public var raw: JSONValue = .object([:])

    public init() {}

    public init(json: JSONValue) {
        raw = json.objectValue == nil ? .object([:]) : json
        abort = json["abort"]?.boolValue ?? false
        abortedAt = Self.time(json["abortedAt"])
        pauseConditions = (json["pauseConditions"]?.arrayValue ?? []).compactMap(PauseCondition.init(json:))
        controllerPause = json["controllerPause"]?.boolValue ?? false
        currentPodHash = json["currentPodHash"]?.stringValue ?? ""
        currentStepHash = json["currentStepHash"]?.stringValue ?? ""
        currentStepIndex = json["currentStepIndex"]?.intValue
        replicas = json["replicas"]?.intValue ?? 0
        updatedReplicas = json["updatedReplicas"]?.intValue ?? 0
        readyReplicas = json["readyReplicas"]?.intValue ?? 0
        availableReplicas = json["availableReplicas"]?.intValue ?? 0
        hpaReplicas = json["HPAReplicas"]?.intValue ?? 0
        selector = json["selector"]?.stringValue ?? ""
        collisionCount = json["collisionCount"]?.intValue
        observedGeneration = json["observedGeneration"]?.stringValue ?? ""
        conditions = (json["conditions"]?.arrayValue ?? []).compactMap(RolloutCondition.init(json:))
        stableRS = json["stableRS"]?.stringValue ?? ""
        promoteFull = json["promoteFull"]?.boolValue ?? false
        phase = json["phase"]?.stringValue.flatMap(RolloutPhase.init(rawValue:))
        message = json["message"]?.stringValue ?? ""
        stepAnalysisRun = json.at("canary", "currentStepAnalysisRunStatus").flatMap(RunStatus.init(json:))
        backgroundAnalysisRun = json.at("canary", "currentBackgroundAnalysisRunStatus").flatMap(RunStatus.init(json:))
        weights = json.at("canary", "weights").flatMap(TrafficWeights.init(json:))
        blueGreen = BlueGreenStatus(json: json["blueGreen"] ?? .object([:]))
    }

    /// The status to store. Zero values are absent members, as upstream writes them; `blueGreen` and `canary` are always there.
    public var json: JSONValue {
        var result: JSONValue = raw
        func put(_ key: String, _ value: JSONValue?) { result[key] = value }
        put("abort", abort ? true : nil)
        put("abortedAt", abortedAt.map { .string($0.rfc3339) })
        put("pauseConditions", pauseConditions.isEmpty ? nil : .array(pauseConditions.map(\.json)))
        put("controllerPause", controllerPause ? true : nil)
        put("currentPodHash", Self.text(currentPodHash))
        put("currentStepHash", Self.text(currentStepHash))
        put("currentStepIndex", currentStepIndex.map { .number(JSONNumber($0)) })
        put("replicas", Self.count(replicas))
        put("updatedReplicas", Self.count(updatedReplicas))
        put("readyReplicas", Self.count(readyReplicas))
        put("availableReplicas", Self.count(availableReplicas))
        put("HPAReplicas", Self.count(hpaReplicas))
        put("selector", Self.text(selector))
        put("collisionCount", collisionCount.map { .number(JSONNumber($0)) })
        put("observedGeneration", Self.text(observedGeneration))
        put("conditions", conditions.isEmpty ? nil : .array(conditions.map(\.json)))
        put("stableRS", Self.text(stableRS))
        put("promoteFull", promoteFull ? true : nil)
        put("phase", phase.map { .string($0.rawValue) })
        put("message", Self.text(message))
        var canary: JSONValue = result["canary"] ?? .object([:])
        canary["currentStepAnalysisRunStatus"] = stepAnalysisRun?.json
        canary["currentBackgroundAnalysisRunStatus"] = backgroundAnalysisRun?.json
        canary["weights"] = weights?.json
        put("canary", canary)
        put("blueGreen", blueGreen.merged(into: result["blueGreen"] ?? .object([:])))
        return result
    }

    private static func text(_ value: String) -> JSONValue? { value.isEmpty ? nil : .string(value) }
    private static func count(_ value: Int) -> JSONValue? { value == 0 ? nil : .number(JSONNumber(value)) }

    /// A time that cannot be read counts as absent: it is our own earlier writing, and the next write replaces it.
    static func time(_ value: JSONValue?) -> Timestamp? {
        guard let text = value?.stringValue else { return nil }
        return try? Timestamp(rfc3339: text)
    }
}

/// What a Rollout is doing, in one word.
public enum RolloutPhase: String, Sendable, Hashable {
    case healthy = "Healthy", degraded = "Degraded", progressing = "Progressing", paused = "Paused"
}

/// One reason to wait, as stored in `status.pauseConditions`.
public struct PauseCondition: Sendable, Hashable {
    public enum Reason: String, Sendable, Hashable {
        case canaryPauseStep = "CanaryPauseStep"
        case blueGreenPause = "BlueGreenPause"
        case inconclusiveAnalysis = "InconclusiveAnalysisRun"
        case inconclusiveExperiment = "InconclusiveExperiment"
    }
    public var reason: Reason
    public var startTime: Timestamp

    public init(reason: Reason, startTime: Timestamp) {
        self.reason = reason
        self.startTime = startTime.truncatedToSeconds
    }

    init?(json: JSONValue) {
        guard let reason = json["reason"]?.stringValue.flatMap(Reason.init(rawValue:)) else { return nil }
        self.reason = reason
        startTime = RolloutStatus.time(json["startTime"]) ?? Timestamp(secondsSince1970: 0)
    }

    var json: JSONValue { ["reason": .string(reason.rawValue), "startTime": .string(startTime.rfc3339)] }
}

/// One condition; the order of the list matters (the phase is read from it).
public struct RolloutCondition: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case invalidSpec = "InvalidSpec", progressing = "Progressing", available = "Available", paused = "Paused"
        case completed = "Completed", healthy = "Healthy", replicaFailure = "ReplicaFailure"
        /// Ours: what the API server does not let the controller do or read.
        case forbidden = "Forbidden"
        /// Ours: how many pods there were before some were lost, while a deadline for progress runs.
        case podsLost = "PodsLost"
    }
    public enum Status: String, Sendable, Hashable { case yes = "True", no = "False", unknown = "Unknown" }

    public var type: String
    public var status: Status
    public var reason: String
    public var message: String
    public var lastUpdateTime: Timestamp
    public var lastTransitionTime: Timestamp

    public init(_ kind: Kind, _ status: Status, reason: String, message: String, at now: Timestamp) {
        type = kind.rawValue
        self.status = status
        self.reason = reason
        self.message = message
        lastUpdateTime = now.truncatedToSeconds
        lastTransitionTime = now.truncatedToSeconds
    }

    init?(json: JSONValue) {
        guard let type = json["type"]?.stringValue else { return nil }
        self.type = type
        status = json["status"]?.stringValue.flatMap(Status.init(rawValue:)) ?? .unknown
        reason = json["reason"]?.stringValue ?? ""
        message = json["message"]?.stringValue ?? ""
        let zero = Timestamp(secondsSince1970: 0)
        lastUpdateTime = RolloutStatus.time(json["lastUpdateTime"]) ?? zero
        lastTransitionTime = RolloutStatus.time(json["lastTransitionTime"]) ?? zero
    }

    var json: JSONValue {
        [
            "lastTransitionTime": .string(lastTransitionTime.rfc3339),
            "lastUpdateTime": .string(lastUpdateTime.rfc3339),
            "message": .string(message), "reason": .string(reason),
            "status": .string(status.rawValue), "type": .string(type),
        ]
    }
}

/// An AnalysisRun as mirrored in a Rollout's status.
public struct RunStatus: Sendable, Hashable {
    public var name: String
    /// Empty until the run has reported one.
    public var phase: String
    public var message: String

    public init(name: String, phase: String, message: String) {
        self.name = name
        self.phase = phase
        self.message = message
    }

    init?(json: JSONValue) {
        guard let name = json["name"]?.stringValue else { return nil }
        self.init(name: name, phase: json["status"]?.stringValue ?? "", message: json["message"]?.stringValue ?? "")
    }

    /// `status` is required by the definition and stays even when it is empty.
    var json: JSONValue {
        var result: JSONValue = ["name": .string(name), "status": .string(phase)]
        if !message.isEmpty { result["message"] = .string(message) }
        return result
    }
}

/// `status.canary.weights`: what was last written to the routes, and whether it is in force.
public struct TrafficWeights: Sendable, Hashable {
    public struct Destination: Sendable, Hashable {
        public var weight: Int
        public var serviceName: String
        public var podTemplateHash: String

        public init(weight: Int, serviceName: String, podTemplateHash: String) {
            self.weight = weight
            self.serviceName = serviceName
            self.podTemplateHash = podTemplateHash
        }

        init(json: JSONValue?) {
            weight = json?["weight"]?.intValue ?? 0
            serviceName = json?["serviceName"]?.stringValue ?? ""
            podTemplateHash = json?["podTemplateHash"]?.stringValue ?? ""
        }

        var json: JSONValue {
            var result: JSONValue = ["weight": .number(JSONNumber(weight))]
            if !serviceName.isEmpty { result["serviceName"] = .string(serviceName) }
            if !podTemplateHash.isEmpty { result["podTemplateHash"] = .string(podTemplateHash) }
            return result
        }
    }

    public var canary: Destination
    public var stable: Destination
    /// Nil: not judged yet.
    public var isVerified: Bool?

    public init(canary: Destination, stable: Destination, isVerified: Bool?) {
        self.canary = canary
        self.stable = stable
        self.isVerified = isVerified
    }

    init?(json: JSONValue) {
        guard json.objectValue != nil else { return nil }
        canary = Destination(json: json["canary"])
        stable = Destination(json: json["stable"])
        isVerified = json["verified"]?.boolValue
    }

    var json: JSONValue {
        var result: JSONValue = ["canary": canary.json, "stable": stable.json]
        if let isVerified { result["verified"] = .bool(isVerified) }
        return result
    }
}
