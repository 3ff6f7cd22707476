import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import Logging
import Synchronization

/// In which version the API server serves the kinds that are not everywhere the same: Gateway API's and EndpointSlices.
///
/// A kind that is not served stops nobody: it is looked for again each minute, since definitions may be installed later.
final class ServedVersions: Sendable {
    static let interval: Duration = .seconds(60)
    /// How soon a server is asked again that could not answer: until it has, nobody knows what it serves.
    static let retryInterval: Duration = .seconds(2)

    private let found = Mutex<[GroupVersionResource: GroupVersionResource]>([:])
    /// Kinds that the server was found not to have when it was asked last.
    private let absent = Mutex<Set<GroupVersionResource>>([])
    private let client: KubeClient
    private let clock: any ControlClock
    private let logger: Logger

    init(client: KubeClient, clock: any ControlClock, logger: Logger) {
        self.client = client
        self.clock = clock
        self.logger = logger
    }

    /// The served version of a kind, or the wanted one as long as nothing else is known.
    func version(of wanted: GroupVersionResource) -> GroupVersionResource { found.withLock { $0[wanted] ?? wanted } }

    /// Whether the server has said that it does not serve the kind, so that there are no objects of it to wait for.
    func isAbsent(_ wanted: GroupVersionResource) -> Bool { absent.withLock { $0.contains(wanted) } }

    /// Waits until a kind is served in any version; nil when the task is cancelled.
    func wait(for wanted: GroupVersionResource) async -> GroupVersionResource? {
        var isFirst: Bool = true
        while !Task.isCancelled {
            var pause: Duration = Self.interval
            do throws(KubeError) {
                // A discovery of its own each time: what was asked a minute ago is what is not there.
                if let served = try await Discovery(client: client).served(wanted) {
                    found.withLock { $0[wanted] = served }
                    _ = absent.withLock { $0.remove(wanted) }
                    return served
                }
                _ = absent.withLock { $0.insert(wanted) }
                if isFirst { logger.info("not served here; will look again each minute", metadata: ["resource": "\(wanted)"]) }
                isFirst = false
            } catch .cancelled {
                return nil
            } catch .forbidden(let verb, let resource, let status) {
                // Every account may discover, unless somebody took the cluster's own role for it away: then the usual version has to do.
                let error = KubeError.forbidden(verb: verb, resource: resource, status: status)
                logger.warning("cannot be discovered, so its usual version is used", metadata: ["resource": "\(wanted)", "error": "\(error)"])
                return wanted
            } catch {
                logger.warning("cannot be discovered", metadata: ["resource": "\(wanted)", "error": "\(error)"])
                pause = Self.retryInterval
            }
            // Cancelled: the loop's condition ends it.
            guard (try? await clock.sleep(until: clock.now + pause, tolerance: nil)) != nil else { return nil }
        }
        return nil
    }
}
