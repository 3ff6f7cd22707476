import StrictJSON

/// A change of a Rollout that needs no look at it first.
///
/// These status members are part of the API: dashboards and other tools write them in the same way.
enum RolloutChange: Sendable, Equatable, CaseIterable {
    case abort, retry, pause

    /// As it is sent.
    var mergePatch: JSONValue {
        switch self {
        case .abort: ["status": ["abort": true]]
        case .retry: ["status": ["abort": false]]
        case .pause: ["spec": ["paused": true]]
        }
    }

    /// Whether the `status` subresource is patched; where the kind has none, the object itself is.
    var concernsStatus: Bool {
        switch self {
        case .abort, .retry: true
        case .pause: false
        }
    }

    /// The line that says that it is done.
    func confirmation(_ name: String) -> String {
        switch self {
        case .abort: "rollout '\(name)' aborted"
        case .retry: "rollout '\(name)' retried"
        case .pause: "rollout '\(name)' paused"
        }
    }
}
