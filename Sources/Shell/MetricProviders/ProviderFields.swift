import Analysis
import HTTPTransport
import HTTPTypes
import StrictJSON

/// Why a metric cannot be measured as it is written: a text for the measurement.
struct ProviderProblem: Error, Equatable { var message: String }

/// The members of one object of a provider, read and checked.
struct ProviderFields {
    let json: JSONValue
    /// Where the object stands: `provider.prometheus`.
    let path: String

    init(_ json: JSONValue?, at path: String) throws(ProviderProblem) {
        self.path = path
        self.json = json ?? .null
        if !self.json.isNull, self.json.objectValue == nil {
            throw ProviderProblem(message: "\(path) is a value of type \(self.json.kindName); an object is needed")
        }
    }

    /// The member, nil where it is absent or null.
    func value(_ key: String) -> JSONValue? {
        guard let value = json[key], !value.isNull else { return nil }
        return value
    }

    func fields(_ key: String) throws(ProviderProblem) -> ProviderFields {
        try ProviderFields(json[key], at: "\(path).\(key)")
    }

    func string(_ key: String) throws(ProviderProblem) -> String? {
        guard let value = value(key) else { return nil }
        if let text = value.stringValue { return text }
        throw mismatch(key, value, "a string")
    }

    func int64(_ key: String) throws(ProviderProblem) -> Int64? {
        guard let value = value(key) else { return nil }
        if let number = value.int64Value { return number }
        throw mismatch(key, value, "a whole number of seconds")
    }

    func flag(_ key: String) throws(ProviderProblem) -> Bool {
        guard let value = value(key) else { return false }
        if let flag = value.boolValue { return flag }
        throw mismatch(key, value, "true or false")
    }

    func strings(_ key: String) throws(ProviderProblem) -> [String] {
        guard let value = value(key) else { return [] }
        guard let list = value.arrayValue, list.allSatisfy({ $0.stringValue != nil }) else {
            throw mismatch(key, value, "a list of strings")
        }
        return list.compactMap(\.stringValue)
    }

    /// The entries of `headers`; of a repeated name the last one counts.
    func headers() throws(ProviderProblem) -> HTTPFields {
        var fields = HTTPFields()
        guard let value = value("headers") else { return fields }
        guard let list = value.arrayValue else { throw mismatch("headers", value, "a list") }
        for (index, entry) in list.enumerated() {
            guard let key = entry["key"]?.stringValue, let name = HTTPField.Name(key) else {
                throw ProviderProblem(message: "\(path).headers[\(index)].key is no name of a header")
            }
            let value = entry["value"]?.stringValue ?? ""
            guard HTTPField.isValidValue(value) else {
                throw ProviderProblem(message: "\(path).headers[\(index)].value has characters that a header cannot have")
            }
            fields[name] = value
        }
        return fields
    }

    private func mismatch(_ key: String, _ value: JSONValue, _ expected: String) -> ProviderProblem {
        ProviderProblem(message: "\(path).\(key) is a value of type \(value.kindName); \(expected) is needed")
    }
}

/// User and password of `authentication.basicAuth`, as the value of a header; nil where there are none.
///
/// Writers with fixed types leave empty objects here; they mean nothing.
func basicAuthorization(_ authentication: ProviderFields) throws(ProviderProblem) -> String? {
    let basic = try authentication.fields("basicAuth")
    let user = try basic.string("username") ?? ""
    let password = try basic.string("password") ?? ""
    if user.isEmpty && password.isEmpty { return nil }
    for (name, value) in [("username", user), ("password", password)] where value.isEmpty {
        throw ProviderProblem(message: "missing mandatory parameter in metric for basic auth setup: \(name)")
    }
    return "Basic " + base64("\(user):\(password)")
}
