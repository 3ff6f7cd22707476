import Analysis
import FoundationEssentials
import KubeClient
import KubeModel
import StrictJSON

/// Reads keys of Secrets, by name, when they are used, and keeps nothing.
protocol SecretReader: Sendable {
    /// What each reference holds. What the server will not give is a reading that says so; an error is thrown only
    /// where another attempt may succeed.
    func read(_ references: [SecretReference], namespace: String) async throws(KubeError) -> [SecretReference: SecretReading]
}

/// Reads Secrets from the API server, each once per call.
struct ClusterSecretReader: SecretReader {
    let client: KubeClient

    func read(_ references: [SecretReference], namespace: String) async throws(KubeError) -> [SecretReference: SecretReading] {
        var readings: [SecretReference: SecretReading] = [:]
        for name in Set(references.map(\.name)).sorted() {
            let keys: [SecretReference] = references.filter { $0.name == name }
            do throws(KubeError) {
                let secret: JSONValue = try await client.get(.secrets, namespace: namespace, name: name)
                for reference in keys { readings[reference] = reading(reference, in: secret) }
            } catch {
                switch error {
                case .notFound, .forbidden, .invalid:
                    let words: String = error.missingRight.map { "\(error.description); \($0.remedy)" } ?? error.description
                    for reference in keys { readings[reference] = .refused(words) }
                // Differs: upstream ends the run for any error; a server that is busy or away is no reason to abort a rollout.
                case .conflict, .alreadyExists, .unauthorized, .gone, .tooManyRequests, .unavailable, .unsupported, .badResponse,
                     .misconfigured, .notLeading, .cancelled:
                    throw error
                }
            }
        }
        return readings
    }

    private func reading(_ reference: SecretReference, in secret: JSONValue) -> SecretReading {
        guard let encoded = secret["data"]?[reference.key]?.stringValue else {
            return .refused("key '\(reference.key)' does not exist in secret '\(reference.name)'")
        }
        guard let data = Data(base64Encoded: encoded), let text = String(validating: data, as: UTF8.self) else {
            return .refused("key '\(reference.key)' of secret '\(reference.name)' is no text in UTF-8")
        }
        return .value(text)
    }
}
