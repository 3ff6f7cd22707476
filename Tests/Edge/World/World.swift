import Clockwork
import Controllers
import EmbeddedAPIServer
import FoundationEssentials
import KubeClient
import KubeModel
import KubeYAML
import Logging
import MetricProviders
import RolloutModel
import SimulatedCluster
import SimulatedTime
import StrictJSON

/// Work of a world ran on another thread: its order is nobody's, and the seed no longer decides the history.
package struct WorldEscaped: Error, CustomStringConvertible {
    package var seed: UInt64
    package var jobs: Int
    package var description: String { "seed \(seed): \(jobs) jobs ran on a foreign thread" }
}

/// A cluster in virtual time, with a Prometheus in it; beside it run the production controllers.
package struct World: Sendable {
    package let cluster: SimulatedCluster
    package let clock: VirtualClock
    package let loop: SimulationLoop
    package let prometheus: SimulatedPrometheus
    package let seed: UInt64

    /// What became of a world.
    package struct Outcome<Result: Sendable>: Sendable {
        package var result: Result
        /// All writes, one a line.
        package var history: String
    }

    /// Runs `body` in a world of its own, which is over when `body` is.
    ///
    /// - Parameters:
    ///   - definitions: the kinds that are served beside the built-in ones.
    ///   - withController: whether one controller runs beside `body` from beginning to end.
    @discardableResult
    package static func run<Result: Sendable>(
        seed: UInt64, settings: ClusterSettings = ClusterSettings(), definitions: [JSONValue] = World.definitions,
        withController: Bool = true,
        _ body: @escaping @Sendable (World) async throws -> Result
    ) throws -> Outcome<Result> {
        let loop = SimulationLoop(seed: seed)
        let clock = VirtualClock(loop: loop)
        let outcome: Outcome<Result> = try loop.run {
            let cluster = try await SimulatedCluster(clock: clock, seed: seed, definitions: definitions, settings: settings)
            let world = World(cluster: cluster, clock: clock, loop: loop, prometheus: try cluster.addPrometheus(), seed: seed)
            let key = ObjectKey(namespace: "default", name: "my-app")
            world.prometheus.script(.containing("http_requests_total{job=\"my-app\""), .errorRate(of: .workload(key)))
            let result: Result = try await cluster.running { _ in
                guard withController else { return try await body(world) }
                return try await world.withController { try await body(world) }
            }
            cluster.network.removeAll()
            return Outcome(result: result, history: cluster.journal.text)
        }
        guard loop.foreignJobs == 0 else { throw WorldEscaped(seed: seed, jobs: loop.foreignJobs) }
        return outcome
    }

    package static let definitions: [JSONValue] = RolloutDefinitions.all.map(\.document) + GatewayAPIDefinitions.all

    /// Silent, unless `SLUICE_TEST_LOG` is set.
    package static var logger: Logger {
        let isWanted: Bool = ProcessInfo.processInfo.environment["SLUICE_TEST_LOG"] != nil
        return Logger(label: "sluice") { isWanted ? StreamLogHandler.standardError(label: $0) as any LogHandler : SwiftLogNoOpLogHandler() }
    }

    // MARK: Examples

    /// Applies every document of a file below `examples/`.
    package func applyExample(_ path: String, changing change: (inout JSONValue) -> Void = { _ in }) async throws {
        for document in try Self.example(path) {
            var object: JSONValue = document
            change(&object)
            try await cluster.apply(object)
        }
    }

    package static func example(_ path: String) throws -> [JSONValue] {
        let file: String = "\(root)/examples/\(path)"
        let bytes: [UInt8] = Array(try Data(contentsOf: URL(filePath: file)))
        return try YAMLStream.parse(bytes, fileName: path).map(\.json)
    }

    package static var root: String {
        var parts: [Substring] = #filePath.split(separator: "/")
        parts.removeLast(4)
        return "/" + parts.joined(separator: "/")
    }
}
