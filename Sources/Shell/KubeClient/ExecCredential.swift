import Clockwork
import StrictJSON

/// What a credential plugin gave.
struct ExecCredential: Sendable, Hashable {
    struct Certificate: Sendable, Hashable {
        /// PEM.
        var chain: [UInt8]
        /// PEM.
        var key: [UInt8]
    }

    /// Why an answer cannot be used; it quotes nothing of the answer, which is all secret.
    struct Flaw: Error {
        var text: String
    }

    /// What is left of its life when it is renewed, so that it does not end while a request is under way.
    static let leeway: Duration = .seconds(10)

    var token: String?
    var certificate: Certificate?
    /// Nil: it lasts until the server refuses it.
    var expiresAt: Timestamp?

    /// Reads what a plugin that speaks `version` wrote.
    init(parsing bytes: [UInt8], version: ExecPlugin.Version) throws(Flaw) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw Flaw(text: bytes.isEmpty ? "it wrote nothing to standard output" : "what it wrote is not JSON, from line \(error.line), column \(error.column) on")
        }
        guard json["kind"]?.stringValue == "ExecCredential" else { throw Flaw(text: "kind is not ExecCredential") }
        guard json["apiVersion"]?.stringValue == version.rawValue else {
            let other: String? = ExecPlugin.Version(rawValue: json["apiVersion"]?.stringValue ?? "")?.rawValue
            throw Flaw(text: "apiVersion is \(other ?? "another one"); the kubeconfig expects \(version.rawValue)")
        }
        guard let status = json["status"], case .object = status else { throw Flaw(text: "it has no status") }
        token = try Self.text("token", in: status)
        if let token, !token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            throw Flaw(text: "status.token has characters that no header can carry")
        }
        let chain: String? = try Self.text("clientCertificateData", in: status)
        let key: String? = try Self.text("clientKeyData", in: status)
        switch (chain, key) {
        case (let chain?, let key?): certificate = Certificate(chain: Array(chain.utf8), key: Array(key.utf8))
        case (nil, nil):
            if token == nil { throw Flaw(text: "its status has neither token nor clientCertificateData with clientKeyData") }
        default: throw Flaw(text: "its status has only one of clientCertificateData and clientKeyData")
        }
        if let text = try Self.text("expirationTimestamp", in: status) {
            do throws(TimestampError) {
                expiresAt = try Timestamp(rfc3339: text)
            } catch {
                throw Flaw(text: "status.expirationTimestamp is not a time such as 2026-03-01T10:00:00Z")
            }
        }
    }

    /// Whether to use it, or to ask for another one. One that is short-lived from its beginning is not asked for with every request.
    func isUsable(at now: Timestamp, issuedAt: Timestamp) -> Bool {
        guard let expiresAt else { return true }
        if now < expiresAt - Self.leeway { return true }
        return now < expiresAt && now < issuedAt + Self.leeway
    }

    /// Absent, null and empty are the same to Go's clients.
    private static func text(_ field: String, in status: JSONValue) throws(Flaw) -> String? {
        guard let value = status[field], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw Flaw(text: "status.\(field) is \(value.kindName), not a string") }
        return text.isEmpty ? nil : text
    }
}
