import FoundationEssentials
import KubeYAML
import RolloutModel
import SchemaModel
import StrictJSON
import Testing

/// The definitions that ours are compared with, and real objects if there are any.
enum SchemaTestFiles {
    /// The root of the package, found from this file.
    static let package: String = {
        let parts: [Substring] = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(4).joined(separator: "/")
    }()

    /// The folder that a user has named, nil where none was.
    static let published: String? = {
        let folder: String = ProcessInfo.processInfo.environment["SLUICE_TEST_CRDS"] ?? ""
        return folder.isEmpty ? nil : folder
    }()

    /// Where the definitions are read from; said once, because a comparison is worth as much as what it compares with.
    static let definitions: String = {
        let folder: String = published ?? package + "/Tests/Definitions"
        let source: String = published == nil ? "the project's own minimal ones; set SLUICE_TEST_CRDS for the published ones" : "SLUICE_TEST_CRDS"
        print("schemas: definitions of Argo Rollouts are read from \(folder)/argo-rollouts (\(source))")
        return folder
    }()

    static func text(_ path: String) throws -> String {
        let data: Data = try #require(FileManager.default.contents(atPath: path), "cannot read \(path)")
        return String(decoding: data, as: UTF8.self)
    }

    static func documents(_ path: String) throws -> [JSONValue] { try YAMLStream.parse(text(path), fileName: path).map(\.json) }

    /// Argo's definition of a kind of ours.
    static func upstream(_ definition: ResourceDefinition) throws -> JSONValue {
        let files: [String: String] = [
            "Rollout": "rollout-crd", "AnalysisRun": "analysis-run-crd", "AnalysisTemplate": "analysis-template-crd",
            "ClusterAnalysisTemplate": "cluster-analysis-template-crd", "Experiment": "experiment-crd",
        ]
        let name: String = try #require(files[definition.kind])
        return try #require(documents("\(definitions)/argo-rollouts/\(name).yaml").first)
    }

    static func upstreamVersion(_ definition: ResourceDefinition) throws -> JSONValue {
        try #require(upstream(definition).at("spec", "versions")?[0])
    }

    static func upstreamSchema(_ definition: ResourceDefinition) throws -> JSONValue {
        try #require(upstreamVersion(definition).at("schema", "openAPIV3Schema"))
    }
}

extension ResourceDefinition: CustomTestStringConvertible {
    public var testDescription: String { kind }
}
