import Analysis
import HTTPTransport
import HTTPTypes
import StrictJSON

/// What a metric says about the Prometheus to ask, read and checked.
struct PrometheusSettings {
    /// Why a metric cannot be measured: a text for the measurement.
    struct Problem: Error { var message: String }

    /// Without a trailing slash.
    var address: String
    var query: String
    var timeoutSeconds: Int64
    var acceptsAnyCertificate: Bool
    var headers: HTTPFields

    /// What stands for an absent timeout.
    static let defaultTimeoutSeconds: Int64 = 30
    /// One day: no answer is worth a longer wait, and larger numbers do not fit a transport's clock.
    static let longestTimeoutSeconds: Int64 = 86_400

    /// Reads the `prometheus` member of a provider.
    ///
    /// - Parameter defaultAddress: used where the metric has none.
    init(_ json: JSONValue, defaultAddress: String?) throws(Problem) {
        address = try Self.address(try Self.string(json, "address") ?? "", default: defaultAddress)
        query = try Self.string(json, "query") ?? ""
        if let range = json["rangeQuery"], !range.isNull {
            throw Problem(message: "provider.prometheus.rangeQuery is not supported; use an instant query, "
                + "for instance with avg_over_time(...[5m])")
        }
        timeoutSeconds = Self.defaultTimeoutSeconds
        if let timeout = json["timeout"], !timeout.isNull {
            guard let seconds = timeout.int64Value else { throw Self.mismatch("timeout", timeout, "a whole number of seconds") }
            if seconds < 0 { throw Problem(message: "prometheus timeout should not be negative") }
            timeoutSeconds = min(seconds, Self.longestTimeoutSeconds)
        }
        acceptsAnyCertificate = false
        if let insecure = json["insecure"], !insecure.isNull {
            guard let flag = insecure.boolValue else { throw Self.mismatch("insecure", insecure, "true or false") }
            acceptsAnyCertificate = flag
        }
        headers = try Self.headers(json["headers"] ?? .null)
        // An own Authorization header goes before what is made from user and password.
        if headers[.authorization] == nil, let basic = try Self.basicAuthorization(json["authentication"] ?? .null, address: address) {
            headers[.authorization] = basic
        }
    }

    private static func address(_ own: String, default defaultAddress: String?) throws(Problem) -> String {
        let address = own.isEmpty ? defaultAddress ?? "" : own
        if address.isEmpty { throw Problem(message: "prometheus address is not configured") }
        let url: TransportURL
        do throws(TransportError) { url = try TransportURL(address) } catch {
            throw Problem(message: "prometheus address is not is url format: \(error)")
        }
        if url.query != nil { throw Problem(message: "prometheus address is not is url format: it has a query") }
        return String(address.reversed().drop { $0 == "/" }.reversed())
    }

    private static func headers(_ json: JSONValue) throws(Problem) -> HTTPFields {
        var fields = HTTPFields()
        guard !json.isNull else { return fields }
        guard let list = json.arrayValue else { throw mismatch("headers", json, "a list") }
        for (index, entry) in list.enumerated() {
            guard let key = entry["key"]?.stringValue, let name = HTTPField.Name(key) else {
                throw Problem(message: "provider.prometheus.headers[\(index)].key is no name of a header")
            }
            let value = entry["value"]?.stringValue ?? ""
            guard HTTPField.isValidValue(value) else {
                throw Problem(message: "provider.prometheus.headers[\(index)].value has characters that a header cannot have")
            }
            // A repeated name: the last one wins.
            fields[name] = value
        }
        return fields
    }

    private static func basicAuthorization(_ json: JSONValue, address: String) throws(Problem) -> String? {
        guard !json.isNull else { return nil }
        func isSet(_ kind: String, _ members: [String]) -> Bool {
            members.contains { json.at(kind, $0)?.stringValue.map { !$0.isEmpty } ?? false }
        }
        // Writers with fixed types leave empty objects here; they mean nothing.
        if isSet("oauth2", ["tokenUrl"]) {
            throw Problem(message: "provider.prometheus.authentication.oauth2 is not supported; use an Authorization header")
        }
        if isSet("sigv4", ["region", "profile", "roleArn"]), address.contains("aps-workspaces") {
            throw Problem(message: "provider.prometheus.authentication.sigv4 is not supported")
        }
        let user = json.at("basicAuth", "username")?.stringValue ?? ""
        let password = json.at("basicAuth", "password")?.stringValue ?? ""
        if user.isEmpty && password.isEmpty { return nil }
        for (name, value) in [("username", user), ("password", password)] where value.isEmpty {
            throw Problem(message: "missing mandatory parameter in metric for basic auth setup: \(name)")
        }
        return "Basic " + base64(Array("\(user):\(password)".utf8))
    }

    private static func string(_ json: JSONValue, _ key: String) throws(Problem) -> String? {
        guard let value = json[key], !value.isNull else { return nil }
        if let text = value.stringValue { return text }
        throw mismatch(key, value, "a string")
    }

    private static func mismatch(_ key: String, _ value: JSONValue, _ expected: String) -> Problem {
        Problem(message: "provider.prometheus.\(key) is a value of type \(value.kindName); \(expected) is needed")
    }
}

/// Base64 with padding.
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var output: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
        for position in 0..<4 {
            output.append(position <= group.count ? alphabet[Int(bits >> (18 - 6 * UInt32(position)) & 63)] : UInt8(ascii: "="))
        }
    }
    return String(decoding: output, as: UTF8.self)
}
