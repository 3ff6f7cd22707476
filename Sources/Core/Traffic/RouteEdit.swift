import KubeModel
import StrictJSON

/// A change of one route.
public struct RouteEdit: Sendable, Equatable {
    /// The route.
    public var route: ObjectKey
    /// Guarded by `test` operations on the names that were seen: a route that somebody changed meanwhile is left alone.
    public var patch: JSONPatch
    /// The document as read with the patch applied, for servers on which we may update routes but not patch them.
    public var document: JSONValue
    /// The canary's weight afterwards.
    public var weight: Int
}

/// What has to change so that a route says what is wanted.
enum NeededEdit: Sendable, Equatable {
    case none
    case edit(RouteEdit)
    /// The weight cannot be expressed in this route; why, and what to write.
    case impossible(String)
}

func neededEdit(of route: HTTPRoute, for intent: RouteIntent) -> NeededEdit {
    guard let record = ManagedRecord(of: route, intent.guards) else {
        return .impossible("the annotation \(ManagedRecord.annotation) of httproute \(route.metadata.key) cannot be read; "
            + "restore or remove it, otherwise nobody knows which backendRefs Sluice added")
    }
    var operations: [JSONPatch.Operation] = []
    let added: ManagedRecord.Backend? = record.backend(of: intent.rollout)
    switch WeightedRules.find(in: route, for: intent, isAdded: added?.name == intent.canaryService) {
    case .none(let problem):
        return .impossible(problem)
    case .undecided(let problem):
        // Without weight for the canary such a route says what is wanted. What we had added somebody has taken out together with
        // the place of it; the record stays, so that the rest is put right when one rule can be told again.
        if intent.weight > 0 { return .impossible(problem) }
    case .both(let rules):
        if let added, added.name == intent.canaryService, intent.weight == 0 {
            // The release is over: what we added goes, the stable reference is as it was before.
            for rule in rules { operations += removal(of: rule, in: route, intent, restoring: added.stableWeight) }
            operations += recordOperations(record, backend: nil, route, intent)
        } else {
            for rule in rules { operations += weights(of: rule, in: route, intent) }
        }
    case .stableOnly(let rule, let backend):
        if intent.weight == 0 {
            // Nothing to weigh, and nothing to add before it is needed. A record without its backendRef is out of date.
            if added != nil {
                operations += restored(rule: rule, backend: backend, in: route, to: added?.stableWeight)
                operations += recordOperations(record, backend: nil, route, intent)
            }
        } else {
            operations += addition(behind: backend, rule: rule, in: route, intent)
            let original: Int? = added == nil ? route.rules[rule].backendRefs[backend].weight : added?.stableWeight
            operations += recordOperations(
                record, backend: ManagedRecord.Backend(name: intent.canaryService, stableWeight: original), route, intent)
        }
    }
    operations += labelOperations(route, intent)
    guard !operations.isEmpty else { return .none }
    var guardedOperations: [JSONPatch.Operation] = guarded(operations, of: route)
    if !intent.guards.have(.routePatchTests) { guardedOperations.removeAll { if case .test = $0 { true } else { false } } }
    let patch = JSONPatch(guardedOperations)
    do {
        return .edit(RouteEdit(route: route.metadata.key, patch: patch, document: try patch.applied(to: route.document), weight: intent.weight))
    } catch {
        return .impossible("httproute \(route.metadata.key) cannot be edited: \(error)")
    }
}

/// What was absent cannot be tested by its value, and adding a map, or the record, would take the place of one that somebody
/// has added meanwhile: then the whole route must be as it was read.
private func guarded(_ operations: [JSONPatch.Operation], of route: HTTPRoute) -> [JSONPatch.Operation] {
    let maps: [JSONPointer] = ["annotations", "labels"].map { JSONPointer(tokens: ["metadata", $0]) }
    let record = JSONPointer(tokens: ["metadata", "annotations", ManagedRecord.annotation])
    let isNew: Bool = operations.contains { operation in
        guard case .add(let place, _) = operation else { return false }
        return maps.contains(place) || (place == record && route.metadata.annotations[ManagedRecord.annotation] == nil)
    }
    guard isNew, !route.metadata.resourceVersion.isEmpty else { return operations }
    return [.test(JSONPointer(tokens: ["metadata", "resourceVersion"]), .string(route.metadata.resourceVersion))] + operations
}

private func pointer(_ rule: Int, _ backend: Int, _ member: String? = nil) -> JSONPointer {
    JSONPointer(tokens: ["spec", "rules", "\(rule)", "backendRefs", "\(backend)"] + (member.map { [$0] } ?? []))
}

private func weights(of rule: WeightedRules.Rule, in route: HTTPRoute, _ intent: RouteIntent) -> [JSONPatch.Operation] {
    var changes: [JSONPatch.Operation] = []
    for (positions, name, weight) in [
        (rule.stable, intent.stableService, intent.stableWeight), (rule.canary, intent.canaryService, intent.weight),
    ] {
        for position in positions where route.rules[rule.index].backendRefs[position].weight != weight {
            changes.append(.test(pointer(rule.index, position, "name"), .string(name)))
            changes.append(.add(pointer(rule.index, position, "weight"), .number(JSONNumber(weight))))
        }
    }
    return changes
}

private func addition(behind backend: Int, rule: Int, in route: HTTPRoute, _ intent: RouteIntent) -> [JSONPatch.Operation] {
    let list: JSONValue = route.document.at("spec", "rules")?[rule]?["backendRefs"] ?? .array([])
    var copy: JSONValue = list[backend] ?? .object([:])
    copy["name"] = .string(intent.canaryService)
    copy["weight"] = .number(JSONNumber(intent.weight))
    return [
        // The whole list: an attempt whose answer was lost must not add the reference a second time.
        .test(JSONPointer(tokens: ["spec", "rules", "\(rule)", "backendRefs"]), list),
        .add(pointer(rule, backend, "weight"), .number(JSONNumber(intent.stableWeight))),
        .add(pointer(rule, backend + 1), copy),
    ]
}

private func removal(
    of rule: WeightedRules.Rule, in route: HTTPRoute, _ intent: RouteIntent, restoring weight: Int?
) -> [JSONPatch.Operation] {
    var changes: [JSONPatch.Operation] = []
    for position in rule.stable {
        changes += restored(rule: rule.index, backend: position, in: route, to: weight)
    }
    for position in rule.canary.sorted(by: >) {
        changes.append(.test(pointer(rule.index, position, "name"), .string(intent.canaryService)))
        changes.append(.remove(pointer(rule.index, position)))
    }
    return changes
}

private func restored(rule: Int, backend: Int, in route: HTTPRoute, to weight: Int?) -> [JSONPatch.Operation] {
    let reference: HTTPRoute.BackendReference = route.rules[rule].backendRefs[backend]
    guard reference.weight != weight else { return [] }
    let test: JSONPatch.Operation = .test(pointer(rule, backend, "name"), .string(reference.name))
    if let weight { return [test, .add(pointer(rule, backend, "weight"), .number(JSONNumber(weight)))] }
    return [test, .remove(pointer(rule, backend, "weight"))]
}

private func recordOperations(
    _ record: ManagedRecord, backend: ManagedRecord.Backend?, _ route: HTTPRoute, _ intent: RouteIntent
) -> [JSONPatch.Operation] {
    let wanted: String? = record.text(setting: backend, of: intent.rollout)
    return memberOperations("annotations", key: ManagedRecord.annotation, current: record.text, wanted: wanted, members: route.metadata.annotations)
}

/// The label is there exactly while weight goes to the canary.
private func labelOperations(_ route: HTTPRoute, _ intent: RouteIntent) -> [JSONPatch.Operation] {
    guard let label = intent.progressLabel else { return [] }
    let current: String? = route.metadata.labels[label.key]
    if intent.weight == 0 && current != nil && current != label.value { return [] }
    return memberOperations(
        "labels", key: label.key, current: current, wanted: intent.weight > 0 ? label.value : nil, members: route.metadata.labels)
}

private func memberOperations(
    _ map: String, key: String, current: String?, wanted: String?, members: [String: String]
) -> [JSONPatch.Operation] {
    guard current != wanted else { return [] }
    let path = JSONPointer(tokens: ["metadata", map, key])
    guard let wanted else { return [.test(path, .string(current ?? "")), .remove(path)] }
    if members.isEmpty { return [.add(JSONPointer(tokens: ["metadata", map]), .object([key: .string(wanted)]))] }
    return (current.map { [.test(path, .string($0))] } ?? []) + [.add(path, .string(wanted))]
}
