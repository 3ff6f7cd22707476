import Analysis
import HTTPTransport
import HTTPTypes
import KubeModel
import StrictJSON

/// What `authentication.oauth2` says: a client that asks for a token with its own name and secret.
struct OAuth2Settings: Sendable, Equatable {
    var tokenURL: String
    var clientID: String
    var clientSecret: String
    var scopes: [String]

    /// Nil where no `tokenUrl` is given; writers with fixed types leave an empty object here.
    init?(_ authentication: ProviderFields) throws(ProviderProblem) {
        let fields = try authentication.fields("oauth2")
        let tokenURL = try fields.string("tokenUrl") ?? ""
        if tokenURL.isEmpty { return nil }
        self.tokenURL = tokenURL
        clientID = try fields.string("clientId") ?? ""
        clientSecret = try fields.string("clientSecret") ?? ""
        scopes = try fields.strings("scopes")
        if clientID.isEmpty || clientSecret.isEmpty {
            throw ProviderProblem(message: "missing mandatory parameter in metric for OAuth2 setup")
        }
    }

    /// Asks for a token. Nothing is kept for the next measurement.
    ///
    /// First with the client's name and secret in the `Authorization` header, then, where that is refused, in the form:
    /// servers accept the one or the other, and do not say which.
    ///
    /// - Parameter layer: headers that the metric sets on every request.
    /// - Returns: the value of an `Authorization` header, or the text of an error without any secret.
    func authorization(_ exchange: ProviderExchange, layer: HTTPFields = [:]) async throws(CancellationError) -> Result<String, ProviderProblem> {
        var form = "grant_type=client_credentials"
        if !scopes.isEmpty { form += "&scope=" + formEncoded(scopes.joined(separator: " ")) }
        let basic = "Basic " + base64("\(formEncoded(clientID)):\(formEncoded(clientSecret))")
        let first = try await token(exchange, form, basic, layer)
        if case .success = first { return first }
        let credentials = "client_id=\(formEncoded(clientID))&client_secret=\(formEncoded(clientSecret))&"
        return try await token(exchange, credentials + form, nil, layer)
    }

    private func token(
        _ exchange: ProviderExchange, _ form: String, _ authorization: String?, _ layer: HTTPFields
    ) async throws(CancellationError) -> Result<String, ProviderProblem> {
        var headers: HTTPFields = [.contentType: "application/x-www-form-urlencoded", .accept: "application/json"]
        headers[.authorization] = authorization
        for field in layer { headers[field.name] = field.value }
        let answer: ProviderExchange.Answer
        do throws(TransportError) {
            answer = try await exchange.ask(.post, tokenURL, headers: headers, body: Array(form.utf8), isRepeatable: true)
        } catch {
            if error == .cancelled { throw CancellationError() }
            return .failure(ProviderProblem(message: "oauth2: " + failureText(.post, tokenURL, error)))
        }
        return read(answer).mapError { ProviderProblem(message: masked($0.message)) }
    }

    private func read(_ answer: ProviderExchange.Answer) -> Result<String, ProviderProblem> {
        func failure(_ text: String) -> Result<String, ProviderProblem> { .failure(ProviderProblem(message: "oauth2: " + text)) }
        let fields = Self.fields(answer)
        guard (200...299).contains(answer.status), fields?["error"] == nil else {
            if let code = fields?["error"] {
                return failure(([code] + ["error_description", "error_uri"].compactMap { fields?[$0] }).map { "\"\($0)\"" }.joined(separator: " "))
            }
            let reason = Self.refusals.first { $0.code == answer.status }?.reasonPhrase ?? ""
            return failure("cannot fetch token: \(answer.status)\(reason.isEmpty ? "" : " " + reason)\nResponse: \(answer.beginning)")
        }
        guard let fields else { return failure("cannot parse json: the answer of \(shown(tokenURL)) is neither JSON nor a form") }
        guard let token = fields["access_token"], !token.isEmpty else { return failure("server response missing access_token") }
        let type = fields["token_type"] ?? ""
        let value = "\(type.isEmpty || type.lowercased() == "bearer" ? "Bearer" : type) \(token)"
        guard HTTPField.isValidValue(value) else { return failure("the access_token has characters that a header cannot have") }
        return .success(value)
    }

    /// The statuses of servers that give no token, with their words.
    private static let refusals: [HTTPResponse.Status] = [
        .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .tooManyRequests, .internalServerError, .badGateway,
        .serviceUnavailable, .gatewayTimeout,
    ]

    private static func fields(_ answer: ProviderExchange.Answer) -> [String: String]? {
        if answer.contentType.hasPrefix("application/x-www-form-urlencoded") || answer.contentType.hasPrefix("text/plain") {
            return formFields(String(decoding: answer.body, as: UTF8.self))
        }
        // No JSON is no error here: the caller says what it means.
        guard let members = (try? JSONValue(parsing: answer.body, limits: .standard))?.objectValue else { return nil }
        var fields: [String: String] = [:]
        for (key, value) in members { fields[key] = value.stringValue }
        return fields
    }

    /// A server may repeat what it was sent.
    private func masked(_ text: String) -> String {
        let pair = base64("\(formEncoded(clientID)):\(formEncoded(clientSecret))")
        return redacted(text, secrets: [pair, clientSecret, formEncoded(clientSecret)])
    }
}

/// The text as a form holds it: a blank is `+`.
func formEncoded(_ text: String) -> String {
    percentEncoded(text).split(separator: "%20", omittingEmptySubsequences: false).joined(separator: "+")
}

/// The fields of a form; of a repeated name the first one counts.
func formFields(_ text: String) -> [String: String] {
    var fields: [String: String] = [:]
    for pair in text.split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = formDecoded(parts[0])
        if fields[name] == nil { fields[name] = parts.count > 1 ? formDecoded(parts[1]) : "" }
    }
    return fields
}

private func formDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
        case UInt8(ascii: "%"):
            // What is no escape stands for itself.
            if rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        default: bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
