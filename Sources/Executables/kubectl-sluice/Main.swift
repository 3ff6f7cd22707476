import ControllerKit
import CurlTransport
import EmbeddedAPIServer
import ExecCredentials
import Glibc
import HTTPServing
import KubeClient
import Logging
import PluginCommands
import UnixSignals

/// The plugin on this machine: libcurl, its clock, its files, its terminal, its ports.
@main struct Main {
    static func main() async {
        let transport = CurlTransport()
        var random = SystemRandomNumberGenerator()
        let variables: [String: String] = variables()
        let environment = PluginEnvironment(
            transport: transport, clock: SystemClock(),
            credentialPlugins: ExecProcesses(variables: variables, standardError: .inherited, timeLimit: loginLimit),
            variables: variables, console: console(), catchSignals: catchSignals,
            exitNow: { exit($0) }, seed: random.next(), listen: listen)
        let status: Int32 = await Plugin.run(Array(CommandLine.arguments.dropFirst()), in: environment)
        await transport.shutdown()
        exit(status)
    }

    /// Ten minutes: somebody may have to log in on a page that asks for a second factor.
    private static let loginLimit: Duration = .seconds(600)

    private static func console() -> Console {
        Console(
            isTerminal: isatty(STDOUT_FILENO) == 1, output: { write($0, to: STDOUT_FILENO) }, error: { write($0, to: STDERR_FILENO) })
    }

    /// Writes all of it. Whoever has closed the other end wants no more: then the rest is dropped, as the shell's own signal would do.
    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest: UnsafeRawBufferPointer = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count: Int = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 {
                    if errno == EINTR { continue }
                    return
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }

    private static func variables() -> [String: String] {
        var variables: [String: String] = [:]
        var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
        while let entry = next?.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") { variables[String(text[..<equals])] = String(text[text.index(after: equals)...]) }
            next = next?.advanced(by: 1)
        }
        return variables
    }

    @Sendable private static func listen(
        _ handler: any APIHandler, _ port: Int, _ onListening: @escaping @Sendable (Int) async -> Void
    ) async throws(ListenFailure) {
        let quiet = Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }
        do throws(ListenError) {
            try await HTTPListener(handler: handler, port: port, logger: quiet).run(onListening: onListening)
        } catch {
            throw ListenFailure(isTaken: error.cause.contains("errno: \(EADDRINUSE)"), cause: error.cause)
        }
    }

    @Sendable private static func catchSignals(_ onSignal: @escaping @Sendable () -> Void) async {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { onSignal() }
    }
}
