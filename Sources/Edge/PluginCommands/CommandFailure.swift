import KubeClient
import KubeModel

/// Why a command ends with status 1.
enum CommandFailure: Error, Sendable, Equatable {
    /// Printed behind `Error: `.
    case message(String)
    /// The command was used wrongly: its usage is printed, nothing else.
    case usage(String)
    /// A signal ended it; there is nothing to explain.
    case interrupted

    /// What the failed call means for the person at the keyboard.
    ///
    /// - Parameter origin: where the connection's settings come from.
    init(_ error: KubeError, origin: String) {
        switch error {
        case .cancelled: self = .interrupted
        case .unavailable: self = .message("\(error) (\(origin))")
        case .unauthorized: self = .message("\(error); \(origin) has to be renewed or another one chosen with --context")
        case .tooManyRequests: self = .message("\(error); try again later")
        case .notFound, .conflict, .alreadyExists, .invalid, .forbidden, .gone, .unsupported, .badResponse, .misconfigured, .notLeading:
            self = .message("\(error)")
        }
    }

    /// The answer to a list of a kind that the server does not have.
    static func missingKind(_ resource: GroupVersionResource) -> CommandFailure {
        .message("the server has no \(resource) (\(resource.apiVersion)); install the definitions first: kubectl apply -f crds/")
    }

    /// Singular, as everything that reads through a list says it; scripts look for both spellings.
    static func rolloutNotFound(_ name: String) -> CommandFailure { .message("rollout.argoproj.io \"\(name)\" not found") }
}
