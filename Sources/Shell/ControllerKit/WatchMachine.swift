public import KubeClient
import Safety

/// Decides what to ask next so that a cache follows a resource: list in pages, watch, resume, start over.
///
/// It knows nothing of time: a step says whether to wait for a back-off, and whoever asks knows how long that is.
public struct WatchMachine: Sendable, Equatable {
    /// How old a cache may become that is allowed to list and not to watch.
    public static let pollInterval: Duration = .seconds(5)

    /// What to ask the server.
    public enum Question: Sendable, Equatable {
        /// A page of the list; without a token the first one.
        case list(continueToken: String?)
        /// Changes from this version on.
        case watch(from: String)
    }

    /// The next question, and what to wait for before it.
    public struct Step: Sendable, Equatable {
        public var question: Question
        public var pause: Pause
    }

    /// How long to wait before a question.
    public enum Pause: Sendable, Equatable {
        case none
        /// The next back-off, and at least as long as the server asked.
        case backOff(atLeast: Duration?)
    }

    /// How a watch came to its end.
    public enum Ending: Sendable, Equatable {
        /// The server closed it, as it does after the timeout that it was asked for.
        case closed
        case failed(KubeError)
    }

    private enum State: Sendable, Equatable {
        case listing(after: String?)
        case watching(from: String)
    }

    private var state = State.listing(after: nil)
    /// Whether the present list or watch has brought anything; if not, asking again at once would be a loop without a brake.
    private var hasProgress = false

    private let guards: SafetyGuards

    /// A cache that has nothing yet.
    public init() { self.init(guards: .all) }

    package init(guards: SafetyGuards) { self.guards = guards }

    /// The question to begin with.
    public var first: Step { Step(question: .list(continueToken: nil), pause: .none) }

    /// A page of the list has come.
    public mutating func pageCame(resourceVersion: String, continueToken: String?) -> Step {
        guard case .listing = state else { preconditionFailure("a page came while \(state)") }
        if let continueToken {
            state = .listing(after: continueToken)
            return Step(question: .list(continueToken: continueToken), pause: .none)
        }
        state = .watching(from: resourceVersion)
        hasProgress = false
        return Step(question: .watch(from: resourceVersion), pause: .none)
    }

    /// A page could not be had. An expired continue token starts the list over, any other error asks for the same page again.
    public mutating func listFailed(_ error: KubeError) -> Step {
        guard case .listing(var token) = state else { preconditionFailure("a list failed while \(state)") }
        switch error {
        // The server has lost our place: nothing of the list is kept then.
        case .gone, .invalid: token = nil
        case .notFound, .conflict, .alreadyExists, .forbidden, .unauthorized, .tooManyRequests, .unavailable, .unsupported, .badResponse,
             .misconfigured, .notLeading, .cancelled: break
        }
        state = .listing(after: token)
        return Step(question: .list(continueToken: token), pause: .backOff(atLeast: error.retryAfter))
    }

    /// A change or a bookmark has come.
    public mutating func versionCame(_ version: String) {
        guard case .watching = state else { preconditionFailure("an event came while \(state)") }
        // A server that leaves the version out of an event must not make us forget where we are.
        if !version.isEmpty { state = .watching(from: version) }
        hasProgress = true
    }

    /// The watch is over, or could not be begun.
    public mutating func watchEnded(_ ending: Ending) -> Step {
        guard case .watching(let version) = state else { preconditionFailure("a watch ended while \(state)") }
        let hadProgress = hasProgress
        hasProgress = false
        switch ending {
        case .closed:
            // A quiet resource has no events but bookmarks, and those come each minute: nothing at all is suspicious.
            return Step(question: .watch(from: version), pause: hadProgress ? .none : .backOff(atLeast: nil))
        case .failed(let error):
            switch error {
            case .gone, .invalid, .notFound:
                guard guards.have(.expiredVersion) else { return Step(question: .watch(from: version), pause: .backOff(atLeast: nil)) }
                // Our version is too old, or none of this server's: it may have been restored from a backup, or the kind replaced.
                state = .listing(after: nil)
                return Step(question: .list(continueToken: nil), pause: hadProgress ? .none : .backOff(atLeast: error.retryAfter))
            case .forbidden:
                // Roles made for programs that only read now and then. Also the way to find out whether listing is forbidden by now.
                state = .listing(after: nil)
                return Step(question: .list(continueToken: nil), pause: .backOff(atLeast: Self.pollInterval))
            case .conflict, .alreadyExists, .unauthorized, .tooManyRequests, .unavailable, .unsupported, .badResponse,
                 .misconfigured, .notLeading, .cancelled:
                return Step(question: .watch(from: version), pause: .backOff(atLeast: error.retryAfter))
            }
        }
    }
}
