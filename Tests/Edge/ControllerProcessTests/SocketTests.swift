import Clockwork
import ControllerKit
@testable import ControllerProcess
import CurlTransport
import EmbeddedAPIServer
import HTTPServing
import HTTPTransport
import KubeModel
import Observability
import RolloutModel
import SimulatedCluster
import StrictJSON
import Synchronization
import Testing

/// A value that comes later, once.
final class Later<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let came = OneShot()

    func set(_ new: Value) {
        value.withLock { $0 = new }
        came.fire()
    }

    func get() async -> Value? {
        await came.wait()
        return value.withLock { $0 }
    }
}

@Suite("The controller on real sockets and real time") struct SocketTests {
    @Test("reaches an API server over HTTP, serves its pages on free ports, and ends when it is asked to") func overSockets() async throws {
        let clock = SystemClock()
        let server = try EmbeddedAPIServer(clock: clock, random: SeededGenerator(seed: 1), definitions: RolloutDefinitions.all.map(\.document))
        let transport = CurlTransport(environment: [:])
        let log = Log()
        let sink = LogSink(format: .json, clock: clock, writer: log.writer)
        var quiet = sink.logger("http")
        quiet.logLevel = .critical
        let listenerLog = quiet
        let (apiPort, healthPort, metricsPort, stop) = (Later<Int>(), Later<Int>(), Later<Int>(), OneShot())
        let code: Int32 = try await withThrowingTaskGroup(of: Int32?.self) { group in
            group.addTask {
                try await HTTPListener(handler: server, logger: listenerLog).run { apiPort.set($0) }
                return nil
            }
            group.addTask {
                let flags = try ControllerFlags(parsing: [
                    "--server=http://127.0.0.1:\(await apiPort.get() ?? 0)", "--bind-address=127.0.0.1", "--metricsPort=0", "--healthzPort=0",
                ])
                return await ControllerProcess(
                    flags: flags,
                    world: ControllerProcess.World(
                        transport: transport, clock: clock,
                        environment: ControllerEnvironment(variables: ["POD_NAMESPACE": "default"], hostName: "pod", files: .memory([:])), seed: 1
                    ) { handler, address, port, onListening in
                        let isHealth = await handler.handle(APIRequest(.get, "/healthz")).status == 200
                        try await HTTPListener(handler: handler, host: address, port: port, logger: listenerLog).run { port in
                            (isHealth ? healthPort : metricsPort).set(port)
                            await onListening(port)
                        }
                    },
                    sink: sink, metrics: MetricRegistry(clock: clock)
                ).run(until: stop)
            }
            group.addTask {
                for (port, path, text) in [
                    (await healthPort.get() ?? 0, "/healthz", "ok"), (await healthPort.get() ?? 0, "/livez", "ok"),
                    (await metricsPort.get() ?? 0, "/metrics", "\nrollouts_leader "),
                ] {
                    let response = try await transport.send(TransportRequest(url: "http://127.0.0.1:\(port)\(path)", proxy: .none))
                    let body = String(decoding: try await response.body.collect(upTo: 1 << 20), as: UTF8.self)
                    #expect(response.status == 200 && body.contains(text), "\(path): \(body)")
                }
                stop.fire()
                return nil
            }
            defer { group.cancelAll() }
            while let next = try await group.next() {
                if let next { return next }
            }
            throw CancellationError()
        }
        await transport.shutdown()
        #expect(code == 0)
        for line in log.text.split(separator: "\n") { _ = try JSONValue(parsing: String(line)) }
    }

    struct Taken: Error, CustomStringConvertible { var description: String }

    @Test("says which port it cannot have, and fails") func takenPort() throws {
        try Bench.run { bench in
            let process = ControllerProcess(
                flags: try ControllerFlags(parsing: ["--server=\(SimulatedCluster.apiOrigin)"]),
                world: ControllerProcess.World(
                    transport: bench.cluster.network, clock: bench.clock,
                    environment: ControllerEnvironment(variables: [:], hostName: "pod", files: .memory([:])), seed: 1
                ) { _, address, port, _ in
                    if port == 8090 { throw Taken(description: "\(address):\(port) is taken") }
                    await OneShot().wait()
                },
                sink: LogSink(clock: bench.clock, writer: bench.log.writer), metrics: MetricRegistry(clock: bench.clock))
            #expect(await process.run(until: OneShot()) == 1)
            #expect(bench.log.text.contains("level=fatal msg=\"/metrics: 0.0.0.0:8090 is taken\""))
        }
    }
}
