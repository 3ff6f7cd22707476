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
        if case .none = unknown(in: difference, of: key) { true } else { false }
    }

    /// What of it was not sent before and lost; nil: nothing.
    func unknown(in difference: JSONValue, of key: ObjectKey) -> JSONValue? {
        guard let known = lost.withLock({ $0[key] }) else { return difference }
        return Self.rest(of: difference, without: known)
    }

    func forget(_ key: ObjectKey) { lost.withLock { $0[key] = nil } }

    private static func merged(_ old: JSONValue?, _ new: JSONValue) -> JSONValue {
        guard let known = old?.objectValue, let members = new.objectValue else { return new }
        var result: JSONObject = known
        for (key, value) in members { result[key] = merged(known[key], value) }
        return .object(result)
    }

    private static func rest(of wanted: JSONValue, without known: JSONValue) -> JSONValue? {
        guard let members = wanted.objectValue, let ours = known.objectValue else { return known == wanted ? .none : wanted }
        var left = JSONObject()
        for (key, value) in members {
            if let unknown = ours[key].map({ rest(of: value, without: $0) }) ?? .some(value) { left[key] = unknown }
        }
        return left.isEmpty ? .none : .object(left)
    }
}
