import FoundationEssentials
import StrictJSON
import Testing
import World

/// What Argo Rollouts did on a real cluster, done again on the embedded one.
///
/// The recordings are not part of the repository: `SLUICE_TEST_TRACES` names a folder with pairs of `NAME.yaml` and `NAME.json`.
@Suite("Recorded traces") struct TraceTests {
    static let folder: String? = ProcessInfo.processInfo.environment["SLUICE_TEST_TRACES"]
    static let scenarios: [String] = {
        guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
        let wanted: String? = ProcessInfo.processInfo.environment["SLUICE_TRACE"]
        return names.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.filter { wanted == nil || $0 == wanted }.sorted()
    }()

    @Test("goes the same way", .enabled(if: folder != nil), arguments: scenarios) func same(_ name: String) throws {
        let folder: String = try #require(Self.folder)
        let scenario = try TraceScenario(yaml: Self.bytes("\(folder)/\(name).yaml"), name: name)
        let recorded = RecordedTrace(json: try JSONValue(parsing: Self.bytes("\(folder)/\(name).json")))
        let played: PlayedTrace = try TracePlayer.play(scenario)
        let differences: [TraceDifference] = TraceComparison.differences(recorded, played)
        if ProcessInfo.processInfo.environment["SLUICE_TRACE"] != nil { print(played.lines.joined(separator: "\n")) }
        #expect(played.problems.isEmpty, "\(name): \(played.problems.joined(separator: "; "))")
        #expect(differences.isEmpty, "\(name):\n\(differences.map { "  \($0)" }.joined(separator: "\n"))")
    }

    private static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
}
