import KubeModel
import StrictJSON

/// `spec.strategy.blueGreen`.
public struct BlueGreenStrategy: Sendable, Hashable {
    /// The Service that carries the traffic.
    public var activeService: String = ""
    /// The Service that always selects the newest version; empty: none.
    public var previewService: String = ""
    /// Pods of the new version before it is promoted; nil: all of them.
    public var previewReplicaCount: Int?
    /// Whether a version goes live without a person.
    public var isAutoPromoted: Bool = true
    /// How long a version that goes live by itself is looked at before; 0: not at all.
    public var autoPromotionSeconds: Int = 0
    /// How long an old version keeps its pods after the switch; nil: 30, 0: not at all.
    public var scaleDownDelaySeconds: Int?
    /// How many old versions wait out their delay, the newest first; nil: all of them.
    public var scaleDownDelayRevisionLimit: Int?
    /// How long a version that was given up keeps its pods; nil: 30, 0: for ever.
    public var abortScaleDownDelaySeconds: Int?
    /// Has to succeed before the new version goes live.
    public var prePromotionAnalysis: RolloutAnalysis?
    /// Has to succeed before the new version counts as stable.
    public var postPromotionAnalysis: RolloutAnalysis?
    /// The strategy as written.
    public var raw: JSONValue

    /// Reads the strategy; what does not fit is added to `problems`, under `path`.
    public init(json: JSONValue, path: String, problems: inout [FieldProblem]) {
        raw = json
        var reader = LenientFields(json, path: path)
        activeService = reader.string("activeService") ?? ""
        previewService = reader.string("previewService") ?? ""
        previewReplicaCount = reader.int("previewReplicaCount")
        isAutoPromoted = reader.bool("autoPromotionEnabled") ?? true
        autoPromotionSeconds = reader.int("autoPromotionSeconds") ?? 0
        scaleDownDelaySeconds = reader.int("scaleDownDelaySeconds")
        scaleDownDelayRevisionLimit = reader.int("scaleDownDelayRevisionLimit")
        abortScaleDownDelaySeconds = reader.int("abortScaleDownDelaySeconds")
        func analysis(_ key: String) -> RolloutAnalysis? {
            guard let written = reader.object(key) else { return nil }
            let read = RolloutAnalysis(json: written, path: reader.path(of: key), problems: &problems)
            return read.templates.isEmpty ? nil : read
        }
        prePromotionAnalysis = analysis("prePromotionAnalysis")
        postPromotionAnalysis = analysis("postPromotionAnalysis")
        problems += reader.problems
    }

    /// The Services that it names.
    public var services: [String] { [activeService, previewService].filter { !$0.isEmpty } }
    /// The analyses that it names.
    public var analyses: [RolloutAnalysis] { [prePromotionAnalysis, postPromotionAnalysis].compactMap { $0 } }
}
