import KubeModel
import StrictJSON
import Synchronization

/// Members of a status that the server's definition does not have and therefore drops: each value is sent once, never again in vain.
final class PrunedStatusMemory: Sendable {
    private let lost = Mutex<[ObjectKey: JSONValue]>([:])

    /// - Parameter difference: what the server's answer lacks of what was sent; nil: nothing.
    ///
    /// A decision that doesn't speak of a member says nothing about its being kept, so what was lost before stays known.
    func remember(_ difference: JSONValue?, of key: ObjectKey) {
        guard let difference else { return }
        lost.withLock { $0[key] = Self.merged($0[key], difference) }
    }

    /// Whether all of this was sent before and lost.
    func isKnown(_ difference: JSONValue, of key: ObjectKey) -> Bool {
        lost.withLock { $0[key] }.map { Self.contains($0, difference) } ?? false
    }

    func forget(_ key: ObjectKey) { lost.withLock { $0[key] = nil } }

    private static func merged(_ old: JSONValue?, _ new: JSONValue) -> JSONValue {
        guard let known = old?.objectValue, let members = new.objectValue else { return new }
        var result: JSONObject = known
        for (key, value) in members { result[key] = merged(known[key], value) }
        return .object(result)
    }

    private static func contains(_ known: JSONValue, _ wanted: JSONValue) -> Bool {
        guard let members = wanted.objectValue, let ours = known.objectValue else { return known == wanted }
        return members.allSatisfy { key, value in ours[key].map { contains($0, value) } ?? false }
    }
}
