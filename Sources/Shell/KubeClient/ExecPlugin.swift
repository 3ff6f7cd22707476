public import StrictJSON

/// A program that is run to get credentials, as `exec` in a kubeconfig describes it.
public struct ExecPlugin: Sendable, Hashable {
    /// Which form of `ExecCredential` it speaks.
    public enum Version: String, Sendable, Hashable, CaseIterable {
        case v1 = "client.authentication.k8s.io/v1"
        case v1beta1 = "client.authentication.k8s.io/v1beta1"
    }

    /// Whether it asks the person at the keyboard.
    public enum InteractiveMode: String, Sendable, Hashable, CaseIterable {
        case never = "Never", ifAvailable = "IfAvailable", always = "Always"
    }

    /// A variable that is added to the environment.
    public struct Variable: Sendable, Hashable {
        public var name: String
        /// May be a secret.
        public var value: String

        /// The variable `name`.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var version: Version
    /// A path, or a name to be found in `PATH`.
    public var command: String
    /// May hold secrets.
    public var arguments: [String]
    public var environment: [Variable]
    public var interactiveMode: InteractiveMode
    /// What to do where the command is not installed; for people.
    public var installHint: String
    /// The cluster, where the plugin wants to know it (`provideClusterInfo`).
    public var cluster: JSONValue?
    /// Where it stands, for messages: `user "eva" of /home/eva/.kube/config`.
    public var place: String

    /// The plugin that is run by `command`.
    public init(
        version: Version, command: String, arguments: [String] = [], environment: [Variable] = [],
        interactiveMode: InteractiveMode = .ifAvailable, installHint: String = "", cluster: JSONValue? = nil, place: String
    ) {
        self.version = version
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.interactiveMode = interactiveMode
        self.installHint = installHint
        self.cluster = cluster
        self.place = place
    }
}

/// A process to run.
public struct ExecCommand: Sendable, Hashable {
    /// A path, or a name to be found in `PATH`.
    public var command: String
    public var arguments: [String]
    /// Added to the environment of this process; of two with one name the later one counts.
    public var environment: [ExecPlugin.Variable]
    /// Whether it may read what the person at the keyboard types; else it reads nothing.
    public var readsStandardInput: Bool

    /// The process that runs `command`.
    public init(command: String, arguments: [String], environment: [ExecPlugin.Variable], readsStandardInput: Bool) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.readsStandardInput = readsStandardInput
    }
}

/// Runs credential plugins: as processes of this machine, or as a test wants it.
public protocol ExecCredentialRunner: Sendable {
    /// Whether somebody sits at a keyboard.
    var hasTerminal: Bool { get }

    /// Runs the command to its end; what it writes to standard error is shown to the person or in the log as it comes.
    ///
    /// A cancelled caller ends the process.
    ///
    /// - Returns: what it wrote to standard output.
    func run(_ command: ExecCommand) async throws(ExecFailure) -> [UInt8]
}

/// Why a process gave no result.
public enum ExecFailure: Error, Sendable, Hashable {
    /// There is no such command.
    case notFound
    case notStarted(cause: String)
    case ended(status: Int32)
    case killed(signal: Int32)
    case timedOut(after: Duration)
    case tooMuchOutput(limit: Int)
    case cancelled
}

extension ExecPlugin {
    /// Runs the plugin.
    func credential(by runner: (any ExecCredentialRunner)?) async throws(KubeError) -> ExecCredential {
        guard let runner else {
            throw .misconfigured("\(subject) cannot be run: this program runs no credential plugins; use a token, a token file or a client certificate")
        }
        let isInteractive: Bool
        switch interactiveMode {
        case .never: isInteractive = false
        case .ifAvailable: isInteractive = runner.hasTerminal
        case .always:
            guard runner.hasTerminal else {
                throw .misconfigured("\(subject) has to ask somebody (interactiveMode Always), and standard input is not a terminal; run it in one, or use another user")
            }
            isInteractive = true
        }
        let information = Variable(name: "KUBERNETES_EXEC_INFO", value: information(isInteractive: isInteractive).text())
        let output: [UInt8]
        do throws(ExecFailure) {
            output = try await runner.run(ExecCommand(
                command: command, arguments: arguments, environment: environment + [information], readsStandardInput: isInteractive))
        } catch {
            throw explained(error)
        }
        do throws(ExecCredential.Flaw) {
            return try ExecCredential(parsing: output, version: version)
        } catch {
            throw .misconfigured("\(subject) gave no usable credential: \(error.text)")
        }
    }

    /// Never the arguments, which may hold secrets.
    private var subject: String { "the credential plugin \(command) of \(place)" }

    private func information(isInteractive: Bool) -> JSONValue {
        var spec: JSONValue = ["interactive": .bool(isInteractive)]
        if let cluster { spec["cluster"] = cluster }
        return ["kind": "ExecCredential", "apiVersion": .string(version.rawValue), "spec": spec]
    }

    private func explained(_ failure: ExecFailure) -> KubeError {
        switch failure {
        case .notFound:
            let hint: String = shownHint.isEmpty ? "" : "\n" + shownHint
            return .misconfigured("\(subject) is not installed, or not in PATH\(hint)")
        case .notStarted(let cause): return .misconfigured("\(subject) cannot be started: \(cause)")
        case .ended(let status):
            return .unavailable(after: nil, cause: "\(subject) ended with status \(status); why, it says on standard error")
        case .killed(let signal): return .unavailable(after: nil, cause: "\(subject) was ended by signal \(signal)")
        case .timedOut(let limit):
            return .unavailable(after: nil, cause: "\(subject) gave no credential within \(limit.components.seconds) s and was ended")
        case .tooMuchOutput(let limit): return .misconfigured("\(subject) wrote more than \(limit) bytes, which is no credential")
        case .cancelled: return .cancelled
        }
    }

    /// The hint comes from a file that somebody else may have written: it must not move the cursor.
    private var shownHint: String {
        let scalars = installHint.unicodeScalars.filter { scalar in
            scalar == "\n" || scalar == "\t" || !(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value))
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
