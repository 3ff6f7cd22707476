import Glibc
public import KubeClient

/// Runs credential plugins as processes of this machine.
public struct ExecProcesses: ExecCredentialRunner {
    /// Where a plugin's standard error goes.
    public enum StandardError: Sendable {
        /// To that of this program, as it comes: a plugin asks its questions there. Then it also hears the keyboard's interrupt.
        case inherited
        /// Line by line to somebody who keeps them; called on a thread of its own.
        case lines(@Sendable (String) -> Void)
    }

    public let hasTerminal: Bool
    private let variables: [String: String]
    private let standardError: StandardError
    private let limits: Limits

    struct Limits: Sendable {
        var time: Duration
        /// 1 MiB: a token is a few kilobytes, a chain of certificates some dozens.
        var output = 1 << 20
        /// How long a process that is to end may take to put its house in order.
        var grace: Duration = .milliseconds(500)
    }

    /// A runner for this program.
    ///
    /// - Parameters:
    ///   - variables: the environment of this program, which plugins get.
    ///   - timeLimit: for one run. Somebody may have to log in meanwhile, in a browser for instance.
    ///   - hasTerminal: whether somebody sits at a keyboard. Nil: whether standard input is a terminal.
    public init(variables: [String: String], standardError: StandardError, timeLimit: Duration, hasTerminal: Bool? = nil) {
        self.init(variables: variables, standardError: standardError, limits: Limits(time: timeLimit), hasTerminal: hasTerminal)
    }

    init(variables: [String: String], standardError: StandardError, limits: Limits, hasTerminal: Bool?) {
        self.variables = variables
        self.standardError = standardError
        self.limits = limits
        self.hasTerminal = hasTerminal ?? (isatty(STDIN_FILENO) == 1)
    }

    public func run(_ command: ExecCommand) async throws(ExecFailure) -> [UInt8] {
        if Task.isCancelled { throw .cancelled }
        var variables: [String: String] = variables
        for variable in command.environment { variables[variable.name] = variable.value }
        let process = try ChildProcess(
            command, variables: variables.keys.sorted().map { "\($0)=\(variables[$0] ?? "")" }, standardError: standardError,
            limits: limits)
        return try await process.result()
    }
}
