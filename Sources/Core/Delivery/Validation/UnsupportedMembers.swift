import RolloutModel
import StrictJSON

/// The first member of a spec that this version does not carry out; nil when there is none.
///
/// Such a member is refused rather than passed over: a rollout that silently does without it would not be the one asked for.
func unsupportedMember(of spec: RolloutSpec) -> FieldProblem? {
    func problem(_ path: String) -> FieldProblem {
        FieldProblem(path: path, message: "is not carried out by this version of Sluice; remove it, or keep this Rollout with Argo Rollouts")
    }
    func isSet(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null, .bool(false): false
        case .object(let members): !members.isEmpty
        case .array(let list): !list.isEmpty
        case .bool, .number, .string: true
        }
    }
    for member in ["workloadRef", "restartAt"] where isSet(spec.raw[member]) { return problem("spec.\(member)") }
    if spec.hasBlueGreen {
        if spec.canary != nil {
            return FieldProblem(
                path: "spec.strategy.strategy",
                message: "Invalid value: \"blueGreen: true canary: true\": Multiple Strategies can not be listed")
        }
        for member in ["antiAffinity", "previewMetadata", "activeMetadata"] where isSet(spec.blueGreen?.raw[member]) {
            return problem("spec.strategy.blueGreen.\(member)")
        }
    }
    guard let canary = spec.canary else { return nil }
    for member in ["antiAffinity", "canaryMetadata", "stableMetadata", "dynamicStableScale", "pingPong"]
    where isSet(canary.raw[member]) {
        return problem("spec.strategy.canary.\(member)")
    }
    return canary.trafficRouting?.unsupported.first
}
