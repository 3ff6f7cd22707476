public import StrictJSON

/// Something in which two servers may differ though both keep the contract.
///
/// The whole list is here. Whatever else differs between the embedded server and a real one is a fault of the embedded one.
public struct ServerDifference: Sendable {
    /// Why it may differ.
    public let reason: String
    /// Takes the difference out of an answer.
    let settle: @Sendable (_ answer: JSONValue, _ request: String) -> JSONValue

    public static let all: [ServerDifference] = [
        ServerDifference("namespaces carry their name as a label since 1.21") { answer, _ in
            answer.mapping { key, value in
                guard key == "labels", var labels = value.objectValue else { return value }
                labels["kubernetes.io/metadata.name"] = nil
                return labels.isEmpty ? Optional.none : .object(labels)
            }
        },
        ServerDifference("a value of the wrong type has a reason of its own since 1.25") { answer, _ in
            answer.mapping { key, value in key == "reason" && value == "FieldValueTypeInvalid" ? "FieldValueInvalid" : value }
        },
        ServerDifference("Services say since 1.21 and 1.23 where their traffic stays and of which families their addresses are") { answer, _ in
            answer.without(["internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy"])
        },
        ServerDifference("Jobs count generations, are found by a label with a prefix, and have modes and defaults that 1.20 lacks") { answer, request in
            guard request.contains("/jobs") else { return answer }
            let old = answer.without(["generation", "completionMode", "suspend", "podReplacementPolicy", "ttlSecondsAfterFinished"])
                .without(["batch.kubernetes.io/job-name"])
            func plain(_ text: String) -> JSONValue {
                .string(
                    text.replacing(#/"batch\.kubernetes\.io/controller-uid":"<uid>", "batch\.kubernetes\.io/job-name":"[^"]*", /#, with: "")
                        .replacing("batch.kubernetes.io/", with: ""))
            }
            return old.mapping { key, value in
                if let text = value.stringValue { return plain(text) }
                if key == "cells", let cells = value.arrayValue { return .array(cells.map { $0.stringValue.map(plain) ?? $0 }) }
                guard var labels = value.objectValue, let uid = labels.removeValue(forKey: "batch.kubernetes.io/controller-uid") else { return value }
                labels["controller-uid"] = uid
                return .object(labels)
            }
        },
        ServerDifference("a template that may not change is shown as Go prints it") { answer, _ in
            answer.mapping { key, value in
                guard key == "message", let text = value.stringValue, let range = text.ranges(of: "spec.template: Invalid value: ").first else {
                    return key == "message" && value.stringValue?.hasSuffix("}: field is immutable") == true ? "<immutable>" : value
                }
                return .string(text[..<range.upperBound] + "<template>")
            }
        },
        ServerDifference("admission plugins give Pods tolerations, a priority and an account; the embedded server has no plugins") { answer, _ in
            answer.without(["tolerations", "priority", "preemptionPolicy", "serviceAccount", "serviceAccountName"])
        },
        ServerDifference("a controller notes in conditions how far it is with the emptying of a namespace; the embedded server does it at once") {
            answer, _ in
            guard answer["kind"] == "Namespace", var status = answer["status"]?.objectValue else { return answer }
            status["conditions"] = nil
            return answer.with("status", .object(status))
        },
        ServerDifference("violations in lists name the element since 1.21") { answer, request in
            guard request.contains("contract.example.com") else { return answer }
            return answer.mapping { key, value in
                guard ["field", "message"].contains(key), let text = value.stringValue else { return value }
                return .string(text.replacing(/\[[0-9]+\]/, with: ""))
            }
        },
        ServerDifference("the violations of a schema come in any order") { answer, request in
            guard request.contains("contract.example.com"), var causes = answer.value(at: "details.causes")?.arrayValue, causes.count > 1 else {
                return answer
            }
            causes.sort { $0.text(.sortedKeys) < $1.text(.sortedKeys) }
            let message = answer["message"]?.stringValue ?? ""
            let head = message.ranges(of: " is invalid: ").first.map { String(message[..<$0.upperBound]) } ?? message
            return answer.with("details.causes", .array(causes)).with("message", .string(head + "<causes>"))
        },
        ServerDifference("the fields of a Pod that change, and how a change of others is shown, are told differently by each version") { answer, _ in
            answer.mapping { key, value in
                guard key == "message", let text = value.stringValue, let range = text.ranges(of: "pod updates may not change").first else {
                    return value
                }
                return .string(text[..<range.upperBound] + "<list>")
            }
        },
        ServerDifference("columns of built-in kinds are described by the documentation of their fields") { answer, request in
            guard !request.contains("contract.example.com"), answer["kind"] == "Table" else { return answer }
            return answer.without(["description"])
        },
        ServerDifference("parsers word what they do not understand in their own way") { answer, _ in
            answer.mapping { key, value in
                guard key == "message", let text = value.stringValue else { return value }
                // The cause of such a patch stands alone in the list of causes.
                if text.hasSuffix("|...") || text.contains("into Go struct field") { return "<words>" }
                for start in ["Invalid value: \"{", "error decoding patch: ", "unexpected end of JSON", "parsing time ", "v1.DeleteOptions: "] where text.hasPrefix(start) {
                    return "<words>"
                }
                for start in ["patch: Invalid value: ", "cannot be handled as a ", "json parse error: ", "invalid continue token: ", "unable to parse requirement: "] {
                    guard let range = text.ranges(of: start).first else { continue }
                    return .string(text[..<range.upperBound] + "<words>")
                }
                return value
            }
        },
        ServerDifference("a refusal lists the media types that the server takes; the embedded one takes neither YAML nor protobuf") { answer, _ in
            answer.mapping { key, value in
                guard key == "message", let text = value.stringValue, let range = text.ranges(of: "media types").first else { return value }
                return .string(text[..<range.upperBound] + "<list>")
            }
        },
        ServerDifference("what is served, by which version and at which address") { answer, request in
            if request == "GET /version" || request == "GET /nothing" { return "<server>" }
            return answer.without(["serverAddressByClientCIDRs", "storageVersionHash"])
        },
        ServerDifference("the order of resources in discovery is nobody's promise") { answer, _ in
            guard var resources = answer["resources"]?.arrayValue, answer["kind"] == "APIResourceList" else { return answer }
            resources.sort { ($0["name"]?.stringValue ?? "") < ($1["name"]?.stringValue ?? "") }
            return answer.with("resources", .array(resources))
        },
    ]

    init(_ reason: String, _ settle: @escaping @Sendable (_ answer: JSONValue, _ request: String) -> JSONValue) {
        self.reason = reason
        self.settle = settle
    }
}

extension RecordedExchange {
    /// The answer without what differs from run to run and without what two servers may answer differently.
    public var comparable: JSONValue {
        ServerDifference.all.reduce(normalisedAnswer) { answer, difference in difference.settle(answer, request) }
    }
}

/// How one case went on two servers.
public struct ContractComparison: Sendable {
    public var name: String
    /// One line for each difference; none: equal.
    public var differences: [String] = []

    public var isEqual: Bool { differences.isEmpty }

    public init(_ ours: ContractRecord, _ theirs: ContractRecord) {
        name = ours.name
        for (side, record) in [("ours", ours), ("real", theirs)] {
            if let violation = record.violation { differences.append("\(side) breaks the contract: \(violation)") }
        }
        for (left, right) in zip(ours.exchanges, theirs.exchanges) {
            var found: [String] = left.status == right.status ? [] : ["status: ours \(left.status), real \(right.status)"]
            Self.compare(left.comparable, right.comparable, at: "", into: &found)
            differences += found.map { "\(left.request): \($0)" }
        }
        if ours.exchanges.count != theirs.exchanges.count {
            differences.append("ours has \(ours.exchanges.count) answers, real \(theirs.exchanges.count)")
        }
    }

    private static func compare(_ ours: JSONValue?, _ theirs: JSONValue?, at path: String, into found: inout [String]) {
        if ours == theirs { return }
        if let left = ours?.objectValue, let right = theirs?.objectValue {
            for key in Set(left.keys + right.keys).sorted() { compare(left[key], right[key], at: "\(path).\(key)", into: &found) }
        } else if let left = ours?.arrayValue, let right = theirs?.arrayValue, left.count == right.count {
            for index in left.indices { compare(left[index], right[index], at: "\(path)[\(index)]", into: &found) }
        } else {
            found.append("\(path): ours \(ours?.text(.sortedKeys) ?? "absent"), real \(theirs?.text(.sortedKeys) ?? "absent")")
        }
    }
}

extension JSONValue {
    fileprivate func without(_ keys: [String]) -> JSONValue {
        mapping { key, value in keys.contains(key) ? Optional.none : value }
    }

    /// The value with each member replaced by what `change` makes of it; nil takes it out. Inner members come first.
    fileprivate func mapping(_ change: (_ key: String, _ value: JSONValue) -> JSONValue?) -> JSONValue {
        switch self {
        case .object(let members):
            var result = JSONObject()
            for (key, value) in members { result[key] = change(key, value.mapping(change)) }
            return .object(result)
        case .array(let elements): return .array(elements.map { $0.mapping(change) })
        default: return self
        }
    }
}
