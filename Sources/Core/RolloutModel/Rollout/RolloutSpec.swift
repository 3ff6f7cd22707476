import Clockwork
import KubeModel
import StrictJSON

/// `spec` of a Rollout, as far as decisions read it.
public struct RolloutSpec: Sendable, Hashable {
    /// Nil: absent; the controller then writes 1 so that autoscalers find a number.
    public var replicas: Int?
    /// Nil: absent; a selector of ours is derived then.
    public var selector: LabelSelector?
    /// The pod template as written.
    public var template: RawJSON
    /// What decisions read of the template, time and again.
    public var templateSummary: PodTemplateSummary
    public var minReadySeconds: Int = 0
    public var paused: Bool = false
    /// Nil: the default of 600 s.
    public var progressDeadlineSeconds: Int?
    public var progressDeadlineAbort: Bool = false
    /// Nil: the default of 10.
    public var revisionHistoryLimit: Int?
    /// A revision that is at most so many behind is returned to without its steps; 0: none is.
    public var rollbackWindow: Int = 0
    public var successfulRunHistoryLimit: Int = 5
    public var unsuccessfulRunHistoryLimit: Int = 5
    public var canary: CanaryStrategy?
    /// Nil for a canary.
    public var blueGreen: BlueGreenStrategy?
    /// Whether the strategy is there at all, readable or not.
    public var hasBlueGreen: Bool = false
    /// The spec as written, without its template.
    public var raw: JSONValue

    public init(json: JSONValue, problems: inout [FieldProblem]) {
        raw = json
        raw["template"] = nil
        var reader = LenientFields(json, path: "spec")
        let written: JSONValue = reader.object("template") ?? .object([:])
        template = RawJSON(written)
        templateSummary = PodTemplate(raw: written).summary
        replicas = reader.int("replicas")
        if let written = reader.object("selector") {
            do {
                selector = try LabelSelector(json: written)
            } catch {
                reader.report("selector", "\(error)")
            }
        }
        minReadySeconds = reader.int("minReadySeconds") ?? 0
        paused = reader.bool("paused") ?? false
        progressDeadlineSeconds = reader.int("progressDeadlineSeconds")
        progressDeadlineAbort = reader.bool("progressDeadlineAbort") ?? false
        revisionHistoryLimit = reader.int("revisionHistoryLimit")
        if let window = reader.object("rollbackWindow") {
            var members = LenientFields(window, path: "spec.rollbackWindow")
            rollbackWindow = max(0, members.int("revisions") ?? 0)
            reader.absorb(members.problems)
        }
        if let analysis = reader.object("analysis") {
            var limits = LenientFields(analysis, path: "spec.analysis")
            successfulRunHistoryLimit = limits.int("successfulRunHistoryLimit") ?? 5
            unsuccessfulRunHistoryLimit = limits.int("unsuccessfulRunHistoryLimit") ?? 5
            reader.absorb(limits.problems)
        }
        if let strategy = reader.object("strategy") {
            var strategies = LenientFields(strategy, path: "spec.strategy")
            hasBlueGreen = strategies.raw("blueGreen") != nil
            if let written = strategies.object("blueGreen") {
                blueGreen = BlueGreenStrategy(json: written, path: "spec.strategy.blueGreen", problems: &problems)
            }
            if let written = strategies.object("canary") {
                canary = CanaryStrategy(json: written, path: "spec.strategy.canary", problems: &problems)
            }
            reader.absorb(strategies.problems)
        }
        problems += reader.problems
    }

    /// Wanted pods.
    public var desiredReplicas: Int { max(0, replicas ?? 1) }
}
