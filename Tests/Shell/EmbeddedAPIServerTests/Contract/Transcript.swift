public import StrictJSON

/// What one case asked and was answered.
public struct ContractRecord: Sendable {
    public var name: String
    public var exchanges: [RecordedExchange]
    /// Why the case did not come to its end.
    public var violation: String?
}

/// One request, or one event of a watch, and the answer as it came.
public struct RecordedExchange: Sendable {
    /// Method and target, or `WATCH` and target.
    public var request: String
    public var status: Int
    public var answer: JSONValue

    /// Request and answer without what differs from run to run.
    public var normalisedText: String { "\(Self.normalised(request)) -> \(status) \(normalisedAnswer.text(.sortedKeys))" }

    /// The answer without what differs from run to run: identities, versions, times, addresses.
    public var normalisedAnswer: JSONValue { Self.normalised(answer, key: "") }

    private static func normalised(_ json: JSONValue, key: String) -> JSONValue {
        switch json {
        case .object(let object):
            var result = JSONObject()
            // Field ownership is the real server's bookkeeping, which no other server keeps.
            for (name, value) in object where name != "managedFields" { result[name] = normalised(value, key: name) }
            return .object(result)
        case .array(let elements): return .array(elements.map { normalised($0, key: key) })
        case .string(let text):
            if ["resourceVersion", "continue"].contains(key) { return .string("<\(key)>") }
            if ["clusterIP", "clusterIPs"].contains(key), text.contains(/^10\./) { return "<address>" }
            if ["name", "job-name", "batch.kubernetes.io/job-name"].contains(key), text.contains(/-[bcdfghjklmnpqrstvwxz2456789]{5}$/) { return .string(text.dropLast(5) + "<random>") }
            if key == "cells", text.contains(/^[0-9]+m?s$/) { return "<age>" }
            return .string(normalised(text))
        default: return json
        }
    }

    private static func normalised(_ text: String) -> String {
        text.replacing(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "<uid>")
            .replacing(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z/, with: "<time>")
            .replacing(/(?<word>resource version: |current: |ResourceVersion in precondition: |object meta: |in the precondition \(|in record \()[0-9]+( \([0-9]+\))?/) { $0.word + "<version>" }
            .replacing(/continue=[^&]*/, with: "continue=<token>")
            .replacing(/resourceVersion=[0-9]+/, with: "resourceVersion=<version>")
            .replacing(/^10\.[0-9]+\.[0-9]+\.[0-9]+$/, with: "<address>")
    }
}
