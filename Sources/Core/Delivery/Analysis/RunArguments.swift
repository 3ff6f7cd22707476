import Analysis
import KubeModel
import RolloutModel
import StrictJSON

/// The values of a Rollout's analysis arguments.
///
/// - Returns: every argument with a value, even an empty one.
/// - Throws: what is wrong with the first field reference that leads nowhere.
func resolvedArguments(
    _ arguments: [RolloutAnalysis.Argument], rollout: Rollout, latestHash: String, stableHash: String
) throws(FieldProblem) -> [ResolvedArgument] {
    var result: [ResolvedArgument] = []
    for argument in arguments {
        let value: String
        switch argument.source {
        case .value(let text): value = text
        case .latestPodHash: value = latestHash
        case .stablePodHash: value = stableHash
        case .field(let path): value = try fieldValue(path, of: rollout, argument: argument.name)
        }
        result.append(ResolvedArgument(name: argument.name, value: value))
    }
    return result
}

private func fieldValue(_ path: String, of rollout: Rollout, argument: String) throws(FieldProblem) -> String {
    if path.hasPrefix("metadata") { return try metadataValue(path, of: rollout, argument: argument) }
    var spec: JSONValue = rollout.spec.raw
    let parts: [Substring] = path.split(whereSeparator: { ".[]".contains($0) })
    if parts.dropFirst().first == "template" { spec["template"] = rollout.spec.template.value }
    var value: JSONValue = ["spec": spec, "status": rollout.status.raw]
    for part in parts {
        if let list = value.arrayValue {
            guard let index = Int(part) else { throw FieldProblem(path: "args[\(argument)]", message: "invalid index '\(part)'") }
            guard list.indices.contains(index) else { throw FieldProblem(path: "args[\(argument)]", message: "index \(index) out of range") }
            value = list[index]
        } else {
            guard let member = value[String(part)], !member.isNull else {
                throw FieldProblem(path: "args[\(argument)]", message: "invalid path \(path) in rollout")
            }
            value = member
        }
    }
    switch value {
    case .string(let text): return text
    case .bool(let flag): return flag ? "true" : "false"
    case .number(let number): return number.text
    case .null, .array, .object:
        throw FieldProblem(path: "args[\(argument)]", message: "path \(path) in rollout must terminate in a primitive value")
    }
}

/// Paths of the downward API.
private func metadataValue(_ path: String, of rollout: Rollout, argument: String) throws(FieldProblem) -> String {
    let metadata: ObjectMeta = rollout.metadata
    switch path {
    case "metadata.name": return metadata.name
    case "metadata.namespace": return metadata.namespace
    case "metadata.uid": return metadata.uid
    case "metadata.labels": return lines(metadata.labels)
    case "metadata.annotations": return lines(metadata.annotations)
    default:
        for (prefix, map) in [("metadata.labels['", metadata.labels), ("metadata.annotations['", metadata.annotations)]
        where path.hasPrefix(prefix) && path.hasSuffix("']") {
            return map[String(path.dropFirst(prefix.count).dropLast(2))] ?? ""
        }
        throw FieldProblem(
            path: "args[\(argument)].valueFrom.fieldRef.fieldPath",
            message: "Analyses arguments must refer to valid object metadata supported by downwardAPI")
    }
}

private func lines(_ map: [String: String]) -> String {
    map.keys.sorted().map { "\($0)=\"\(map[$0] ?? "")\"" }.joined(separator: "\n")
}
