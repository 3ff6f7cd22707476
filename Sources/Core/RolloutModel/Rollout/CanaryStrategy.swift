import KubeModel
import StrictJSON

/// `spec.strategy.canary`.
public struct CanaryStrategy: Sendable, Hashable {
    public var canaryService: String = ""
    public var stableService: String = ""
    public var steps: [CanaryStep] = []
    /// Nil: a basic canary, whose weight is approximated by the number of pods.
    public var trafficRouting: TrafficRouting?
    public var maxSurge: IntOrPercent?
    public var maxUnavailable: IntOrPercent?
    /// Background analysis.
    public var analysis: RolloutAnalysis?
    public var scaleDownDelaySeconds: Int?
    public var scaleDownDelayRevisionLimit: Int?
    public var abortScaleDownDelaySeconds: Int?
    /// The least number of pods of a version that has any; with traffic routing only. Nil: 1.
    public var minPodsPerReplicaSet: Int?
    /// How many of the wanted pods must be available for a step or the promotion to count as done; nil: all.
    public var progressThreshold: ProgressThreshold?
    /// The strategy as written.
    public var raw: JSONValue

    public init(json: JSONValue, path: String, problems: inout [FieldProblem]) {
        raw = json
        var reader = LenientFields(json, path: path)
        canaryService = reader.string("canaryService") ?? ""
        stableService = reader.string("stableService") ?? ""
        for (index, entry) in (reader.array("steps") ?? []).enumerated() {
            steps.append(CanaryStep(json: entry, path: "\(path).steps[\(index)]", problems: &problems))
        }
        if let routing = reader.object("trafficRouting") {
            trafficRouting = TrafficRouting(json: routing, path: reader.path(of: "trafficRouting"), problems: &problems)
        }
        maxSurge = Self.intOrPercent("maxSurge", &reader)
        maxUnavailable = Self.intOrPercent("maxUnavailable", &reader)
        if let analysis = reader.object("analysis") {
            self.analysis = RolloutAnalysis(json: analysis, path: reader.path(of: "analysis"), problems: &problems)
        }
        scaleDownDelaySeconds = reader.int("scaleDownDelaySeconds")
        scaleDownDelayRevisionLimit = reader.int("scaleDownDelayRevisionLimit")
        abortScaleDownDelaySeconds = reader.int("abortScaleDownDelaySeconds")
        minPodsPerReplicaSet = reader.int("minPodsPerReplicaSet")
        if let threshold = reader.object("replicaProgressThreshold") {
            progressThreshold = ProgressThreshold(json: threshold, path: reader.path(of: "replicaProgressThreshold"), problems: &problems)
        }
        problems += reader.problems
    }

    private static func intOrPercent(_ key: String, _ reader: inout LenientFields) -> IntOrPercent? {
        guard let written = reader.raw(key) else { return nil }
        if let number = written.intValue { return .count(number) }
        if let text = written.stringValue { return .percent(text) }
        reader.report(key, "is \(written.kindName) \(written.text()), a number or a percentage is needed")
        return nil
    }

    /// The weight that means "all traffic".
    public var maxTrafficWeight: Int { trafficRouting?.maxTrafficWeight ?? 100 }
}

/// `spec.strategy.canary.replicaProgressThreshold`.
public struct ProgressThreshold: Sendable, Hashable {
    /// What the value counts.
    public enum Kind: String, Sendable, Hashable { case percent = "Percent", pods = "Pods" }

    /// Nil: neither of the two; validation names it.
    public var kind: Kind?
    /// Percent of the wanted pods, or pods.
    public var value: Int

    /// Reads the threshold; what does not fit is added to `problems`, under `path`.
    public init(json: JSONValue, path: String, problems: inout [FieldProblem]) {
        var reader = LenientFields(json, path: path)
        kind = reader.string("type").flatMap(Kind.init(rawValue:))
        value = reader.int("value") ?? 0
        problems += reader.problems
    }

    /// Whether so many available pods are enough.
    ///
    /// Differs: upstream waits for ever where `Pods` names more than are wanted; here all of them are enough.
    public func isMet(available: Int, of wanted: Int) -> Bool {
        switch kind {
        case .percent: available * 100 >= value * wanted
        case .pods: available >= min(value, wanted)
        case nil: available >= wanted
        }
    }
}

/// `spec.strategy.canary.trafficRouting`.
public struct TrafficRouting: Sendable, Hashable {
    /// The key under `plugins` whose routes we serve.
    public static let gatewayAPIPlugin: String = "argoproj-labs/gatewayAPI"

    /// Names of the HTTPRoutes whose weights we keep, in the order written, each once.
    public var httpRoutes: [String] = []
    /// The routes' namespace; nil: the Rollout's.
    public var namespace: String?
    public var maxTrafficWeight: Int?
    /// Whether the Gateway API block is present at all.
    public var hasGatewayAPI: Bool = false
    /// Members that are there and that this version does not serve: other routers, other plugins, other kinds of routes.
    public var unsupported: [FieldProblem] = []
    /// How far a weight must be confirmed by the route's parents.
    public var verification: Verification = .lenient

    /// The label put on a route while a release is routed; nil: none is kept.
    public var progressLabel: RouteProgressLabel? = RouteProgressLabel()

    /// What is asked of a route's parents before a weight counts as set.
    public enum Verification: String, Sendable, Hashable {
        /// Every parent must report the written generation.
        case strict
        /// A parent that has reported nothing for a minute counts as willing.
        case lenient
        /// A write that the API server took counts.
        case off
    }

    public init(json: JSONValue, path: String, problems: inout [FieldProblem]) {
        var reader = LenientFields(json, path: path)
        maxTrafficWeight = reader.int("maxTrafficWeight")
        for (key, member) in json.objectValue ?? [:] where !member.isNull && !["plugins", "maxTrafficWeight", "managedRoutes"].contains(key) {
            unsupported.append(FieldProblem(
                path: "\(path).\(key)",
                message: "this traffic router is not served; use plugins.\(Self.gatewayAPIPlugin) with Gateway API routes"))
        }
        for (key, member) in reader.object("plugins")?.objectValue ?? [:] {
            let memberPath: String = "\(path).plugins[\(key)]"
            guard key == Self.gatewayAPIPlugin else {
                unsupported.append(FieldProblem(
                    path: memberPath, message: "this plugin is not served; only \(Self.gatewayAPIPlugin) is"))
                continue
            }
            hasGatewayAPI = true
            readGatewayAPI(member, path: memberPath, problems: &problems)
        }
        problems += reader.problems
    }

    /// Member names are matched without regard to case: the manifests in use come from Go's lenient decoder.
    private mutating func readGatewayAPI(_ block: JSONValue, path: String, problems: inout [FieldProblem]) {
        guard let members = block.objectValue else {
            problems.append(FieldProblem(path: path, message: "is \(block.kindName), an object is needed"))
            return
        }
        var listed: [String] = []
        var single: String?
        var label = RouteProgressLabel()
        var keepsLabel: Bool = true
        for (key, member) in members where !member.isNull {
            let memberPath: String = "\(path).\(key)"
            switch key.lowercased() {
            case "httproute":
                single = member.stringValue
                if single == nil { problems.append(FieldProblem(path: memberPath, message: "is \(member.kindName), the name of an HTTPRoute is needed")) }
            case "httproutes":
                for (index, entry) in (member.arrayValue ?? []).enumerated() {
                    let name: String = entry.objectValue?.first { $0.key.lowercased() == "name" }?.value.stringValue ?? ""
                    if name.isEmpty {
                        problems.append(FieldProblem(path: "\(memberPath)[\(index)].name", message: "is missing; name an HTTPRoute"))
                    } else {
                        listed.append(name)
                    }
                }
            case "namespace":
                if let text = member.stringValue, !text.isEmpty { namespace = text }
            case "verifyweight":
                if let text = member.stringValue, let known = Verification(rawValue: text) {
                    verification = known
                } else {
                    problems.append(FieldProblem(path: memberPath, message: "is \(member.text()); it must be strict, lenient or off"))
                }
            case "disableinprogresslabel":
                keepsLabel = !(member.boolValue ?? false)
            case "inprogresslabelkey":
                if let text = member.stringValue, !text.isEmpty { label.key = text }
            case "inprogresslabelvalue":
                if let text = member.stringValue, !text.isEmpty { label.value = text }
            case "grpcroute", "grpcroutes", "tcproute", "tcproutes", "tlsroute", "tlsroutes", "httprouteselector",
                 "grpcrouteselector", "tcprouteselector", "tlsrouteselector", "httprouterulename":
                unsupported.append(FieldProblem(path: memberPath, message: "is not served yet; name HTTPRoutes with httpRoute or httpRoutes"))
            default:
                break
            }
        }
        progressLabel = keepsLabel ? label : nil
        for name in listed + (single.map { [$0] } ?? []) where !httpRoutes.contains(name) { httpRoutes.append(name) }
    }
}

/// A label that tells other tools that a route's weights are being changed.
public struct RouteProgressLabel: Sendable, Hashable {
    public var key: String = "rollouts.argoproj.io/gatewayapi-canary"
    public var value: String = "in-progress"

    public init() {}
}
