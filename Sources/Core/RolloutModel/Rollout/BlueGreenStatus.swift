import StrictJSON

/// `status.blueGreen`.
public struct BlueGreenStatus: Sendable, Hashable {
    /// Pod hash that the preview Service selects; empty without one.
    public var previewSelector: String = ""
    /// Pod hash that the active Service selects.
    public var activeSelector: String = ""
    /// Whether the new version has passed all that comes before its growing to all pods.
    public var scaleUpPreviewCheckPoint: Bool = false
    /// The run that has to succeed before the switch.
    public var prePromotionRun: RunStatus?
    /// The run that has to succeed after the switch.
    public var postPromotionRun: RunStatus?

    /// That of a Rollout which has done nothing yet.
    public init() {}

    /// Reads the member; what does not fit counts as absent.
    public init(json: JSONValue) {
        previewSelector = json["previewSelector"]?.stringValue ?? ""
        activeSelector = json["activeSelector"]?.stringValue ?? ""
        scaleUpPreviewCheckPoint = json["scaleUpPreviewCheckPoint"]?.boolValue ?? false
        prePromotionRun = json["prePromotionAnalysisRunStatus"].flatMap(RunStatus.init(json:))
        postPromotionRun = json["postPromotionAnalysisRunStatus"].flatMap(RunStatus.init(json:))
    }

    /// The member to store: zero values are absent, members that are not ours stay.
    func merged(into stored: JSONValue) -> JSONValue {
        var result: JSONValue = stored
        func put(_ key: String, _ value: JSONValue?) { result[key] = value }
        put("previewSelector", previewSelector.isEmpty ? .none : .string(previewSelector))
        put("activeSelector", activeSelector.isEmpty ? .none : .string(activeSelector))
        put("scaleUpPreviewCheckPoint", scaleUpPreviewCheckPoint ? .some(.bool(true)) : .none)
        put("prePromotionAnalysisRunStatus", prePromotionRun?.json)
        put("postPromotionAnalysisRunStatus", postPromotionRun?.json)
        return result
    }
}
