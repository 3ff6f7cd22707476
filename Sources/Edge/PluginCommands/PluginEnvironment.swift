public import Clockwork
public import EmbeddedAPIServer
public import HTTPTransport
public import KubeClient

/// Everything of the outside that commands use. A test gives its own; the executable gives the machine's.
public struct PluginEnvironment: Sendable {
    public var transport: any HTTPTransport
    public var clock: any ControlClock
    public var files: FileSource
    /// Runs the credential plugins of kubeconfigs; nil refuses them.
    public var credentialPlugins: (any ExecCredentialRunner)?
    /// Environment variables.
    public var variables: [String: String]
    public var console: Console
    /// Catches SIGINT and SIGTERM until the task is cancelled, and calls back for each. Until it is called they end the process as usual.
    public var catchSignals: @Sendable (_ onSignal: @escaping @Sendable () -> Void) async -> Void
    /// Ends the process at once with this status.
    public var exitNow: @Sendable (Int32) -> Void
    /// Of the jitter in back-off, and of the names that a playground makes.
    public var seed: UInt64
    /// Serves a handler on a port of 127.0.0.1; nil where there is nothing to do it with.
    public var listen: Listener?

    /// Serves `handler` until the task is cancelled; is told the port, which for 0 is a free one, when connections are accepted.
    public typealias Listener = @Sendable (
        _ handler: any APIHandler, _ port: Int, _ onListening: @escaping @Sendable (Int) async -> Void
    ) async throws(ListenFailure) -> Void

    public init(
        transport: any HTTPTransport, clock: any ControlClock, files: FileSource = .system,
        credentialPlugins: (any ExecCredentialRunner)? = nil, variables: [String: String], console: Console,
        catchSignals: @escaping @Sendable (_ onSignal: @escaping @Sendable () -> Void) async -> Void = { _ in },
        exitNow: @escaping @Sendable (Int32) -> Void = { _ in }, seed: UInt64, listen: Listener? = nil
    ) {
        self.transport = transport
        self.clock = clock
        self.files = files
        self.credentialPlugins = credentialPlugins
        self.variables = variables
        self.console = console
        self.catchSignals = catchSignals
        self.exitNow = exitNow
        self.seed = seed
        self.listen = listen
    }
}

/// A port could not be had.
public struct ListenFailure: Error, Sendable {
    /// Somebody else has it.
    public var isTaken: Bool
    /// What the system said.
    public var cause: String

    /// A port that is taken by another process, or that cannot be opened for another cause.
    public init(isTaken: Bool, cause: String) {
        self.isTaken = isTaken
        self.cause = cause
    }
}

/// Where results and complaints go.
public struct Console: Sendable {
    private let writeOutput: @Sendable (String) -> Void
    private let writeError: @Sendable (String) -> Void
    /// Whether results go to a terminal, which can be cleared and coloured.
    public let isTerminal: Bool

    /// - Parameters:
    ///   - output: writes text as it is to standard output.
    ///   - error: writes text as it is to standard error.
    public init(isTerminal: Bool, output: @escaping @Sendable (String) -> Void, error: @escaping @Sendable (String) -> Void) {
        self.isTerminal = isTerminal
        writeOutput = output
        writeError = error
    }

    /// Result text, as it is.
    func write(_ text: String) { writeOutput(text) }

    /// A line of the result.
    func print(_ line: String) { writeOutput(line + "\n") }

    /// Lines of the result, written at once.
    func print(lines: [String]) {
        if !lines.isEmpty { writeOutput(lines.joined(separator: "\n") + "\n") }
    }

    /// A line for the person, not for the pipe.
    func note(_ line: String) { writeError(line + "\n") }
}
