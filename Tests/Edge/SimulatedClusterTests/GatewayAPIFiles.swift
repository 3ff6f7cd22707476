import FoundationEssentials
import KubeYAML
import StrictJSON
import Testing

/// The definitions of Gateway API that tests use: published ones where `SLUICE_TEST_CRDS` names them, else the project's own.
enum GatewayAPIFiles {
    static func definitions() throws -> [JSONValue] {
        let parts: [Substring] = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        let own: String = parts.dropLast(4).joined(separator: "/") + "/Tests/Definitions"
        let named: String = ProcessInfo.processInfo.environment["SLUICE_TEST_CRDS"] ?? ""
        let folder: String = (named.isEmpty ? own : named) + "/gateway-api"
        return try ["gatewayclasses", "gateways", "httproutes"].map { name in
            let path = "\(folder)/\(name).yaml"
            let data: Data = try #require(FileManager.default.contents(atPath: path), "cannot read \(path)")
            let documents = try YAMLStream.parse(String(decoding: data, as: UTF8.self), fileName: path).map(\.json)
            return try #require(documents.first)
        }
    }
}
