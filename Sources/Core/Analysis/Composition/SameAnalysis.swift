import RolloutModel
import StrictJSON

/// Whether an existing run asks for the same measurements as a spec that was composed for a new one: same metrics,
/// arguments, dry-run and retention rules. Then it can be adopted instead of making another one.
public func isSameAnalysis(_ run: AnalysisRun, as spec: JSONValue) -> Bool {
    ["metrics", "args", "dryRun", "measurementRetention"].allSatisfy { key in
        significant(run.spec.raw[key]) == significant(spec[key])
    }
}

/// A value without the members that are null or empty objects: writers with fixed types add such members
/// (`authentication: {oauth2: {}, sigv4: {}}`), and they mean the same as absent ones. Nil where nothing is left.
private func significant(_ value: JSONValue?) -> JSONValue? {
    switch value {
    case nil, .null?:
        return nil
    case .array(let elements)?:
        // Positions matter in lists, so an element is never left out.
        return elements.isEmpty ? nil : .array(elements.map { significant($0) ?? [:] })
    case .object(let members)?:
        var kept = JSONObject()
        for (key, member) in members { kept[key] = significant(member) }
        return kept.isEmpty ? nil : .object(kept)
    case .bool?, .number?, .string?:
        return value
    }
}
