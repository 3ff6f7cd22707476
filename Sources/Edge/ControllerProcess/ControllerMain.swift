import CMemory
import ControllerKit
import CoreMetrics
import CurlTransport
import ExecCredentials
import Glibc
import HTTPServing
import Observability
import UnixSignals

/// The program `sluice-controller`.
public enum ControllerMain {
    /// Runs it with the given arguments, without the program's name, in this machine's world.
    ///
    /// - Returns: the exit code.
    public static func run(arguments: [String]) async -> Int32 {
        let flags: ControllerFlags
        do throws(FlagError) {
            flags = try ControllerFlags(parsing: arguments)
        } catch {
            LogSink.standardError(Array("sluice-controller: \(error)\n".utf8))
            return 1
        }
        if flags.printsHelp || flags.printsVersion {
            print(flags.printsHelp ? ControllerFlags.help : "sluice-controller: \(SluiceVersion.text)", terminator: flags.printsHelp ? "" : "\n")
            return 0
        }
        // As many as there are threads that allocate much: each keeps what it once had.
        cmemory_limit_arenas(2)
        // A reader of the log that goes away must not end the controller.
        signal(SIGPIPE, SIG_IGN)
        let clock = SystemClock()
        let sink = LogSink(format: flags.logFormat, level: flags.logLevel, clock: clock)
        let metrics = MetricRegistry(clock: clock)
        MetricsSystem.bootstrap(metrics)
        var listenerLog = sink.logger("http")
        // It complains of every connection that is still open at the end; that it cannot listen is thrown, not logged.
        listenerLog.logLevel = .critical
        let quietLog = listenerLog
        let transport = CurlTransport()
        let variables = environmentVariables()
        let pluginLog = sink.logger("credential-plugin")
        // Nobody sits at the keyboard of a controller, even where its input is a terminal.
        let plugins = ExecProcesses(
            variables: variables,
            standardError: .lines { pluginLog.warning("a credential plugin has something to say", metadata: ["text": "\($0)"]) },
            timeLimit: credentialLimit, hasTerminal: false)
        let process = ControllerProcess(
            flags: flags,
            world: ControllerProcess.World(
                transport: transport, clock: clock,
                environment: ControllerEnvironment(variables: variables, hostName: hostName(), credentialPlugins: plugins),
                seed: UInt64.random(in: .min ... .max), releaseMemory: { cmemory_release() }
            ) { handler, address, port, onListening in
                try await HTTPListener(handler: handler, host: address, port: port, logger: quietLog).run(onListening: onListening)
            },
            sink: sink, metrics: metrics)
        let code = await run(process, sink)
        await transport.shutdown()
        return code
    }

    /// One minute: a plugin that nobody answers asks its own server for a token, and the lease does not wait longer.
    private static let credentialLimit: Duration = .seconds(60)

    /// Runs the process until it ends, asked by the first signal; the second one ends everything at once.
    private static func run(_ process: ControllerProcess, _ sink: LogSink) async -> Int32 {
        let stop = OneShot()
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        return await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await process.run(until: stop) }
            group.addTask {
                for await signal in signals {
                    sink.logger("sluice-controller").info("received a signal", metadata: ["signal": "\(signal)"])
                    if stop.hasFired { _exit(128 + signal.number) }
                    stop.fire()
                }
                return nil
            }
            var code: Int32?
            while code == nil, let next = await group.next() { code = next }
            group.cancelAll()
            return code ?? 1
        }
    }

    private static func environmentVariables() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return variables
    }

    private static func hostName() -> String {
        // 255 bytes is the longest name that POSIX allows.
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension UnixSignal {
    fileprivate var number: Int32 { self == .sigint ? SIGINT : SIGTERM }
}
