import EmbeddedAPIServer
import KubeModel
import Logging
import SimulatedCluster
import Synchronization
import Testing
import World

/// A verb on a resource, as a role grants it.
struct Right: Hashable, Sendable, CustomTestStringConvertible {
    var verb: String
    var group: String
    var resource: String

    init(_ verb: String, _ resource: String, _ group: String = "") {
        self.verb = verb
        self.group = group
        self.resource = resource
    }

    /// `patch services`, as the controller names it.
    var testDescription: String { "\(verb) \(resource)\(group.isEmpty ? "" : ".\(group)")" }
    /// The remedy must contain this.
    var rule: String { "{apiGroups: [\"\(group)\"], resources: [\"\(resource)\"], verbs: [\"\(verb)\"]}" }
}

/// Takes rights away from the controller of a world, and gives them back.
final class Fence: Sendable {
    static let user: String = "system:serviceaccount:argo-rollouts:argo-rollouts"

    private let removed = Mutex<Set<Right>>([])
    private let refused = Mutex<[Right: Int]>([:])

    init(_ world: World) async {
        await world.cluster.server.authorize { [self] attributes in
            guard attributes.userAgent == World.controllerAgent else { return nil }
            let right = Right(attributes.verb, attributes.resourceInRoles, attributes.resource.group)
            guard removed.withLock({ $0.contains(right) }) else { return nil }
            refused.withLock { $0[right, default: 0] += 1 }
            return Self.user
        }
    }

    func remove(_ rights: [Right]) { removed.withLock { $0.formUnion(rights) } }
    func grantAll() { removed.withLock { $0 = [] } }
    /// How often the server has refused something.
    var refusals: Int { refused.withLock { $0.values.reduce(0, +) } }
}

/// Keeps what is logged at warning and above.
struct WarningLog: LogHandler {
    let lines: Recorded<String>
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .warning

    static func logger(_ lines: Recorded<String>) -> Logger {
        Logger(label: "sluice") { _ in WarningLog(lines: lines) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details: String = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        lines.append("\(event.message) \(details)")
    }
}
