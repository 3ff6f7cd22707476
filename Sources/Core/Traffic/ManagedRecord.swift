import KubeModel
import Safety
import StrictJSON

/// What we added to a route, kept on the route itself: by `namespace/name` of the Rollout, a list of entries.
///
/// Entries of kinds that we do not know, and those of other Rollouts, are left as they are.
struct ManagedRecord: Sendable, Equatable {
    static let annotation: String = "rollouts.argoproj.io/gatewayapi-managed-rules"
    /// The kind of the one entry of ours: a backendRef added behind the stable one.
    static let backendKind: String = "backendRef"

    /// A backendRef that we added.
    struct Backend: Sendable, Equatable {
        /// Its name: the canary Service.
        var name: String
        /// The weight of the stable backendRef before; nil: it had none.
        var stableWeight: Int?
    }

    /// The annotation as it stands; nil when there is none.
    let text: String?
    private var root: JSONObject

    /// - Returns: nil when the annotation is there and cannot be read: nothing is removed then.
    init?(of route: HTTPRoute, _ guards: SafetyGuards = .all) {
        text = route.metadata.annotations[Self.annotation]
        root = JSONObject()
        guard let text else { return }
        // An unreadable record is reported by the caller: without it nobody knows what may be removed.
        guard let parsed = try? JSONValue(parsing: text), let members = parsed.objectValue else {
            if guards.have(.unreadableRecord) { return nil }
            return
        }
        root = members
    }

    func backend(of rollout: ObjectKey) -> Backend? {
        let entries: [JSONValue] = root[rollout.description]?.arrayValue ?? []
        guard let entry = entries.first(where: { $0["kind"]?.stringValue == Self.backendKind }),
              let name = entry["name"]?.stringValue else { return nil }
        return Backend(name: name, stableWeight: entry["stableWeight"]?.intValue)
    }

    /// The annotation with our entry set or removed; nil when nothing is left of it.
    func text(setting backend: Backend?, of rollout: ObjectKey) -> String? {
        var root: JSONObject = root
        var entries: [JSONValue] = (root[rollout.description]?.arrayValue ?? []).filter { $0["kind"]?.stringValue != Self.backendKind }
        if let backend {
            var entry: JSONValue = ["kind": .string(Self.backendKind), "name": .string(backend.name)]
            if let weight = backend.stableWeight { entry["stableWeight"] = .number(JSONNumber(weight)) }
            entries.append(entry)
        }
        root[rollout.description] = entries.isEmpty ? nil : .array(entries)
        return root.isEmpty ? nil : JSONValue.object(root).text(.sortedKeys)
    }
}
