import Clockwork
import StrictJSON

/// The hash of a canary's steps, equal to Argo Rollouts' own: FNV-1a (32 bit) over Go's JSON of the typed steps, mapped
/// through Kubernetes' safe alphabet. It must be equal, or a canary that is taken over in the middle would start again.
///
/// What Go's types drop and keep decides the text: see `normalized`.
public func stepHash(of steps: [CanaryStep]?) -> String {
    let text: JSONValue = steps.map { JSONValue.array($0.map { normalizedStep($0.raw) }) } ?? .null
    return FNV.safeEncode(String(FNV.fnv1a32(text.serialized(.go))))
}

/// One step in the order and with the omissions of Go's struct.
private func normalizedStep(_ step: JSONValue) -> JSONValue {
    var result = JSONObject()
    func keep(_ key: String, _ transform: (JSONValue) -> JSONValue = { $0 }) {
        if let value = step[key], !value.isNull { result[key] = transform(value) }
    }
    keep("setWeight")
    keep("pause") { pause in
        var kept = JSONObject()
        if let duration = pause["duration"], !duration.isNull { kept["duration"] = duration }
        return .object(kept)
    }
    keep("experiment", normalizedExperiment)
    keep("analysis", normalizedAnalysis)
    keep("setCanaryScale") { scale in
        var kept = JSONObject()
        if let weight = scale["weight"], !weight.isNull { kept["weight"] = weight }
        if let replicas = scale["replicas"], !replicas.isNull { kept["replicas"] = replicas }
        if scale["matchTrafficWeight"]?.boolValue == true { kept["matchTrafficWeight"] = true }
        return .object(kept)
    }
    keep("setHeaderRoute") { route in
        var kept = JSONObject()
        optionalText("name", of: route, into: &kept)
        if let matches = route["match"]?.arrayValue, !matches.isEmpty {
            kept["match"] = .array(matches.map { match in
                var item = JSONObject()
                item["headerName"] = .string(match["headerName"]?.stringValue ?? "")
                item["headerValue"] = match["headerValue"].map { $0.isNull ? .null : normalizedStringMatch($0) } ?? .null
                return .object(item)
            })
        }
        return .object(kept)
    }
    keep("setMirrorRoute") { route in
        var kept = JSONObject()
        kept["name"] = .string(route["name"]?.stringValue ?? "")
        if let matches = route["match"]?.arrayValue, !matches.isEmpty {
            kept["match"] = .array(matches.map { match in
                var item = JSONObject()
                for key in ["method", "path"] {
                    if let value = match[key], !value.isNull { item[key] = normalizedStringMatch(value) }
                }
                if let headers = match["headers"]?.objectValue, !headers.isEmpty {
                    var sorted = JSONObject()
                    for key in headers.keys.sorted() { sorted[key] = headers[key].map(normalizedStringMatch) }
                    item["headers"] = .object(sorted)
                }
                return .object(item)
            })
        }
        if let percentage = route["percentage"], !percentage.isNull { kept["percentage"] = percentage }
        return .object(kept)
    }
    keep("plugin") { plugin in
        var kept = JSONObject()
        optionalText("name", of: plugin, into: &kept)
        if let config = plugin["config"] { kept["config"] = sortedKeys(config) }
        return .object(kept)
    }
    return .object(result)
}

private func optionalText(_ key: String, of value: JSONValue, into kept: inout JSONObject) {
    if let text = value[key]?.stringValue, !text.isEmpty { kept[key] = .string(text) }
}

private func normalizedStringMatch(_ value: JSONValue) -> JSONValue {
    var kept = JSONObject()
    for key in ["exact", "prefix", "regex"] { optionalText(key, of: value, into: &kept) }
    return .object(kept)
}

private func normalizedAnalysis(_ analysis: JSONValue) -> JSONValue {
    var kept = JSONObject()
    nonEmptyList("templates", of: analysis, into: &kept) { template in
        var item = JSONObject()
        item["templateName"] = .string(template["templateName"]?.stringValue ?? "")
        if let scope = template["clusterScope"], !scope.isNull { item["clusterScope"] = scope }
        return .object(item)
    }
    nonEmptyList("args", of: analysis, into: &kept, normalizedArgument)
    nonEmptyList("dryRun", of: analysis, into: &kept) { entry in
        .object(["metricName": .string(entry["metricName"]?.stringValue ?? "")])
    }
    nonEmptyList("measurementRetention", of: analysis, into: &kept) { entry in
        .object(["metricName": .string(entry["metricName"]?.stringValue ?? ""), "limit": entry["limit"] ?? 0])
    }
    if let metadata = analysis["analysisRunMetadata"], !metadata.isNull { kept["analysisRunMetadata"] = normalizedMetadata(metadata) }
    return .object(kept)
}

private func normalizedArgument(_ argument: JSONValue) -> JSONValue {
    var item = JSONObject()
    item["name"] = .string(argument["name"]?.stringValue ?? "")
    optionalText("value", of: argument, into: &item)
    if let source = argument["valueFrom"], !source.isNull {
        var kept = JSONObject()
        if let hash = source["podTemplateHashValue"], !hash.isNull { kept["podTemplateHashValue"] = hash }
        if let field = source["fieldRef"], !field.isNull {
            kept["fieldRef"] = .object(["fieldPath": .string(field["fieldPath"]?.stringValue ?? "")])
        }
        item["valueFrom"] = .object(kept)
    }
    return .object(item)
}

private func normalizedExperiment(_ experiment: JSONValue) -> JSONValue {
    var kept = JSONObject()
    kept["templates"] = experiment["templates"]?.arrayValue.map { list in
        JSONValue.array(list.map { template in
            var item = JSONObject()
            item["name"] = .string(template["name"]?.stringValue ?? "")
            item["specRef"] = .string(template["specRef"]?.stringValue ?? "")
            if let replicas = template["replicas"], !replicas.isNull { item["replicas"] = replicas }
            item["metadata"] = normalizedMetadata(template["metadata"] ?? .null)
            if let selector = template["selector"], !selector.isNull { item["selector"] = normalizedSelector(selector) }
            if let weight = template["weight"], !weight.isNull { item["weight"] = weight }
            if let service = template["service"], !service.isNull {
                var named = JSONObject()
                optionalText("name", of: service, into: &named)
                item["service"] = .object(named)
            }
            return .object(item)
        })
    } ?? .null
    optionalText("duration", of: experiment, into: &kept)
    nonEmptyList("analyses", of: experiment, into: &kept) { analysis in
        var item = JSONObject()
        item["name"] = .string(analysis["name"]?.stringValue ?? "")
        item["templateName"] = .string(analysis["templateName"]?.stringValue ?? "")
        if let scope = analysis["clusterScope"], !scope.isNull { item["clusterScope"] = scope }
        nonEmptyList("args", of: analysis, into: &item, normalizedArgument)
        if analysis["requiredForCompletion"]?.boolValue == true { item["requiredForCompletion"] = true }
        return .object(item)
    }
    nonEmptyList("dryRun", of: experiment, into: &kept) { entry in
        .object(["metricName": .string(entry["metricName"]?.stringValue ?? "")])
    }
    kept["analysisRunMetadata"] = normalizedMetadata(experiment["analysisRunMetadata"] ?? .null)
    if let delay = experiment["scaleDownDelaySeconds"], !delay.isNull { kept["scaleDownDelaySeconds"] = delay }
    return .object(kept)
}

private func normalizedMetadata(_ metadata: JSONValue) -> JSONValue {
    var kept = JSONObject()
    for key in ["labels", "annotations"] {
        if let members = metadata[key]?.objectValue, !members.isEmpty { kept[key] = sortedKeys(.object(members)) }
    }
    return .object(kept)
}

private func normalizedSelector(_ selector: JSONValue) -> JSONValue {
    var kept = JSONObject()
    if let labels = selector["matchLabels"]?.objectValue, !labels.isEmpty { kept["matchLabels"] = sortedKeys(.object(labels)) }
    nonEmptyList("matchExpressions", of: selector, into: &kept) { expression in
        var item = JSONObject()
        item["key"] = .string(expression["key"]?.stringValue ?? "")
        item["operator"] = .string(expression["operator"]?.stringValue ?? "")
        if let values = expression["values"]?.arrayValue, !values.isEmpty { item["values"] = .array(values) }
        return .object(item)
    }
    return .object(kept)
}

private func nonEmptyList(_ key: String, of value: JSONValue, into kept: inout JSONObject, _ transform: (JSONValue) -> JSONValue) {
    if let list = value[key]?.arrayValue, !list.isEmpty { kept[key] = .array(list.map(transform)) }
}

/// Keys in order at every level, as the API server returns free-form objects.
private func sortedKeys(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let members):
        var sorted = JSONObject()
        for key in members.keys.sorted() { sorted[key] = members[key].map(sortedKeys) }
        return .object(sorted)
    case .array(let list): return .array(list.map(sortedKeys))
    case .null, .bool, .number, .string: return value
    }
}
