import Clockwork
import FoundationEssentials
import KubeModel
import KubeYAML
import StrictJSON
import Testing

@testable import PluginCommands

/// Objects that Argo Rollouts wrote, and what its own plugin printed of them, where they are at hand.
struct ArgoObjects: Sendable, CustomTestStringConvertible {
    var name: String
    var folder: String

    var testDescription: String { name }

    /// One for each recorded state; none without the folder that `SLUICE_TEST_CRDS` names.
    static let all: [ArgoObjects] = {
        guard let root = ProcessInfo.processInfo.environment["SLUICE_TEST_CRDS"], !root.isEmpty else { return [] }
        let folder: String = root + "/argo-objects"
        let files: [String] = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".get.txt") }.sorted().map { ArgoObjects(name: String($0.dropLast(8)), folder: folder) }
    }()

    func text(_ suffix: String) throws -> String { String(decoding: try Data(contentsOf: URL(filePath: "\(folder)/\(name)\(suffix)")), as: UTF8.self) }

    static func listText() throws -> String {
        let first = try #require(all.first)
        return String(decoding: try Data(contentsOf: URL(filePath: "\(first.folder)/list-rollouts.txt")), as: UTF8.self)
    }

    /// The recorded documents, and stand-ins for the pods that were left out of the file but not of the text.
    func documents() throws -> [JSONValue] {
        let documents: [JSONValue] = try YAMLStream.parse(try text(".yaml"), fileName: name + ".yaml").map(\.json)
        let now: Timestamp = try self.now(documents)
        let present: Set<String> = Set(documents.filter { $0["kind"] == "Pod" }.compactMap { $0.at("metadata", "name")?.stringValue })
        return documents + (try podRows().filter { !present.contains($0.name) }.map { row in
            let set = try #require(
                documents.first { $0["kind"] == "ReplicaSet" && row.name.hasPrefix(($0.at("metadata", "name")?.stringValue ?? "-") + "-") })
            return Self.pod(row.name, of: set, created: now - row.age)
        })
    }

    func rollout(_ documents: [JSONValue]) throws -> JSONValue { try #require(documents.first { $0["kind"] == "Rollout" }) }

    /// When the text was printed: the Rollout's creation and the age that its row shows.
    func now(_ documents: [JSONValue]) throws -> Timestamp {
        let row: String = try #require(try text(".get.txt").split(separator: "\n").map(String.init).first { $0.hasPrefix("⟳") })
        let words: [Substring] = row.split(separator: " ")
        let created: String = try #require(try rollout(documents).at("metadata", "creationTimestamp")?.stringValue)
        return try Timestamp(rfc3339: created) + GoDuration(parsing: String(try #require(words.last))).duration
    }

    private func podRows() throws -> [(name: String, age: Duration)] {
        try text(".get.txt").split(separator: "\n").filter { $0.contains("□ ") }.map { line in
            let words: [Substring] = line.drop { $0 != "□" }.split(separator: " ")
            return (name: String(words[1]), age: try GoDuration(parsing: String(words[5])).duration)
        }
    }

    private static func pod(_ name: String, of set: JSONValue, created: Timestamp) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": .string(name), "namespace": "shop", "creationTimestamp": .string(created.rfc3339),
                "labels": set.at("spec", "template", "metadata", "labels") ?? [:],
                "ownerReferences": [[
                    "apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": true, "name": set.at("metadata", "name") ?? "",
                    "uid": set.at("metadata", "uid") ?? "",
                ]],
            ],
            "spec": ["containers": [["name": "web", "image": "web"]]],
            "status": [
                "phase": "Running",
                "containerStatuses": [["name": "web", "ready": true, "restartCount": 0, "state": ["running": [:]]]],
            ],
        ]
    }
}

/// A reader's view of loose documents.
func rolloutObjects(_ documents: [JSONValue]) throws -> RolloutObjects {
    func all(_ kind: String) -> [JSONValue] { documents.filter { $0["kind"]?.stringValue == kind } }
    return try RolloutObjects(
        rollout: try #require(all("Rollout").first), replicaSets: all("ReplicaSet"), pods: all("Pod"), analysisRuns: all("AnalysisRun"),
        experiments: all("Experiment"))
}
