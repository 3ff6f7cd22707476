import FoundationEssentials
import StrictJSON
import Testing
import World

/// What Argo Rollouts did on a real cluster, done again on the embedded one.
///
/// The recordings are not part of the repository: `SLUICE_TEST_TRACES` names a folder with pairs of `NAME.yaml` and `NAME.json`, and
/// `SLUICE_TRACE` one of them, which is shown as it goes.
@Suite("Recorded traces") struct TraceTests {
    static let folder: String? = ProcessInfo.processInfo.environment["SLUICE_TEST_TRACES"]
    static let wanted: String? = ProcessInfo.processInfo.environment["SLUICE_TRACE"]
    static let scenarios: [String] = {
        guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
        return names.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.filter { wanted == nil || $0 == wanted }.sorted()
    }()

    @Test("goes the same way, but for what is listed", .enabled(if: folder != nil), arguments: scenarios) func same(_ name: String) throws {
        let folder: String = try #require(Self.folder)
        let scenario = try TraceScenario(yaml: Self.bytes("\(folder)/\(name).yaml"), name: name)
        let recorded = RecordedTrace(json: try JSONValue(parsing: Self.bytes("\(folder)/\(name).json")))
        let played: PlayedTrace = try TracePlayer.play(scenario)
        if Self.wanted != nil { print(played.lines.joined(separator: "\n")) }
        if let member = TraceDeviation.refused[name] {
            let message: String = played.values["ro/app.message"]?.last ?? ""
            #expect(message.hasPrefix("InvalidSpec: ") && message.contains(member), "\(name): \(message)")
            return
        }
        let differences: [TraceDifference] = TraceComparison.differences(recorded, played)
        let known: [TraceDeviation] = TraceDeviation.all.filter { $0.isAbout(name) }
        let unknown: [TraceDifference] = differences.filter { difference in !known.contains { $0.covers(difference, in: name) } }
        #expect(played.problems.isEmpty, "\(name): \(played.problems.joined(separator: "; "))")
        #expect(unknown.isEmpty, "\(name):\n\(unknown.map { "  \($0)" }.joined(separator: "\n"))")
        for deviation in known {
            #expect(differences.contains { deviation.covers($0, in: name) }, "\(name) does not differ any more: \(deviation.reason)")
        }
    }

    @Test("are all there", .enabled(if: folder != nil && wanted == nil)) func found() {
        print("traces: \(Self.scenarios.count) scenarios, \(Self.scenarios.count { TraceDeviation.refused[$0] != nil }) of them refused by name so far")
        #expect(Self.scenarios.count >= 51)
    }

    private static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
}
