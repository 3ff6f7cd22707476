import KubeClient
import Synchronization

/// Runs no process: answers from a script, in order, and remembers what it was asked to run.
final class ScriptedPlugin: ExecCredentialRunner {
    enum Answer: Sendable {
        case output(String)
        case failure(ExecFailure)
    }

    let hasTerminal: Bool
    private let state: Mutex<(script: [Answer], commands: [ExecCommand])>
    /// Called while the plugin runs.
    private let meanwhile: @Sendable () async -> Void

    init(_ script: Answer..., hasTerminal: Bool = false, meanwhile: @escaping @Sendable () async -> Void = {}) {
        self.hasTerminal = hasTerminal
        self.meanwhile = meanwhile
        state = Mutex((script, []))
    }

    var commands: [ExecCommand] { state.withLock { $0.commands } }

    func run(_ command: ExecCommand) async throws(ExecFailure) -> [UInt8] {
        let answer: Answer = state.withLock { state in
            state.commands.append(command)
            return state.script.isEmpty ? .failure(.notStarted(cause: "the script is over")) : state.script.removeFirst()
        }
        await meanwhile()
        if Task.isCancelled { throw .cancelled }
        switch answer {
        case .output(let text): return Array(text.utf8)
        case .failure(let failure): throw failure
        }
    }

    /// The answer of a plugin that speaks v1.
    static func answer(_ status: String, version: String = "v1") -> Answer {
        .output(#"{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/\#(version)", "status": \#(status)}"#)
    }

    static func token(_ token: String, until time: String? = nil) -> Answer {
        answer(#"{"token": "\#(token)"\#(time.map { #", "expirationTimestamp": "\#($0)""# } ?? "")}"#)
    }
}
