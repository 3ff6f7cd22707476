import FoundationEssentials
import KubeModel
import KubeYAML
import RolloutModel
import StrictJSON
import Testing
import World

/// What people copy from the documentation.
@Suite("Manifests in the documentation") struct DocumentedManifestTests {
    /// Pages with at least one Rollout.
    static let pages: [String] = {
        let folder: String = "\(World.root)/docs"
        let names: [String] = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".md") }.sorted().filter { name in
            ((try? blocks(of: name)) ?? []).contains { $0["kind"]?.stringValue == "Rollout" }
        }
    }()

    /// The objects of all YAML blocks of a page.
    static func blocks(of page: String) throws -> [JSONValue] {
        let text = String(decoding: try Data(contentsOf: URL(filePath: "\(World.root)/docs/\(page)")), as: UTF8.self)
        var objects: [JSONValue] = []
        for (number, part) in text.split(separator: "```", omittingEmptySubsequences: false).enumerated() where number % 2 == 1 && part.hasPrefix("yaml\n") {
            objects += try YAMLStream.parse(Array(part.dropFirst(5).utf8), fileName: page).map(\.json)
        }
        // Fields alone are shown as well.
        return objects.filter { $0["kind"] != nil }
    }

    @Test("are there") func found() { #expect(Self.pages.contains("canary.md")) }

    @Test("run: the first version and the next one become healthy", arguments: pages) func run(_ page: String) throws {
        let objects: [JSONValue] = try Self.blocks(of: page)
        let rollouts: [String] = objects.filter { $0["kind"]?.stringValue == "Rollout" }.compactMap { $0.at("metadata", "name")?.stringValue }
        try World.run(seed: 7) { world in
            for object in objects { try await world.cluster.apply(object) }
            for name in rollouts {
                try await world.waitHealthy(name)
                let first: String = try await world.rollout(name).status.currentPodHash
                try await world.setImage("next:v2", of: name)
                for _ in 0..<20 {
                    let seen: Rollout = try await world.waitFor("\(name) pauses or is promoted", of: name) {
                        $0.status.currentPodHash != first && ($0.status.stableRS == $0.status.currentPodHash || !$0.status.pauseConditions.isEmpty)
                    }
                    if seen.status.stableRS == seen.status.currentPodHash { break }
                    try await world.promote(name)
                    try await world.cluster.sleep(.seconds(30))
                }
                let healthy: Rollout = try await world.waitHealthy(name)
                #expect(healthy.status.stableRS != first && healthy.status.abort == false)
            }
        }
    }
}
