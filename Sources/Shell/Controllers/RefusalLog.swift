import Clockwork
import KubeClient
import KubeModel
import Logging
import Synchronization

/// Tells the log about each verb on a resource that is missing, once, however often and for however many objects and namespaces
/// it is asked for; the conditions of those whom it concerns name theirs.
final class RefusalLog: Sendable {
    /// After this long a right that is still missing is told of again.
    static let interval: Duration = .seconds(3600)
    /// How soon what was refused is tried again: roles change without telling us.
    static let retryInterval: Duration = .seconds(30)

    private let told = Mutex<[String: Timestamp]>([:])
    private let clock: any ControlClock
    private let logger: Logger

    init(clock: any ControlClock, logger: Logger) {
        self.clock = clock
        self.logger = logger
    }

    /// - Parameters:
    ///   - consequence: what is done, or not done, as long as it is so.
    ///   - metadata: of the object at which it was noticed first.
    func tell(_ error: KubeError, _ consequence: String, _ metadata: Logger.Metadata = [:]) {
        guard case .forbidden = error else { return }
        let right: MissingRight? = error.missingRight
        let subject: String = right?.rule ?? error.description
        let now: Timestamp = clock.now
        let isNew: Bool = told.withLock { told in
            if let before = told[subject], now < before + Self.interval { return false }
            told = told.filter { now < $0.value + Self.interval }
            told[subject] = now
            return true
        }
        guard isNew else { return }
        var details: Logger.Metadata = metadata
        details["error"] = "\(error)"
        if let right { details["remedy"] = "\(right.remedy)" }
        logger.warning("\(consequence)", metadata: details)
    }
}
