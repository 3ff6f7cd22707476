import StrictJSON

/// Which labels an object must have: `matchLabels` and `matchExpressions`, all of them.
public struct LabelSelector: Sendable, Hashable {
    public var matchLabels: [String: String]
    public var matchExpressions: [Requirement]

    /// One element of `matchExpressions`.
    public struct Requirement: Sendable, Hashable {
        public var key: String
        public var comparison: Comparison
        public var values: [String]

        /// The requirement that the label `key` compares so with `values`.
        public init(key: String, _ comparison: Comparison, values: [String] = []) {
            self.key = key
            self.comparison = comparison
            self.values = values
        }
    }

    /// The operator of a requirement, in Kubernetes' spelling.
    public enum Comparison: String, Sendable, Hashable, CaseIterable {
        case `in` = "In", notIn = "NotIn", exists = "Exists", doesNotExist = "DoesNotExist"
    }

    /// A selector; without arguments it matches everything.
    public init(matchLabels: [String: String] = [:], matchExpressions: [Requirement] = []) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    /// Whether nothing is required, so that every object matches.
    public var isEmpty: Bool { matchLabels.isEmpty && matchExpressions.isEmpty }

    /// Whether an object with these labels is selected.
    public func matches(_ labels: [String: String]) -> Bool {
        matchLabels.allSatisfy { labels[$0.key] == $0.value } && matchExpressions.allSatisfy { $0.matches(labels) }
    }

    /// The form of queries and of `status.selector`: `app=web,tier in (a,b),!legacy`, sorted by key; empty when nothing is required.
    ///
    /// In a status, Kubernetes prints `<none>` for an empty selector: see `statusText`.
    public var text: String {
        let equalities = matchLabels.map { (key: $0.key, text: $0.key + "=" + $0.value) }
        let others = matchExpressions.map { (key: $0.key, text: $0.text) }
        return (equalities + others).sorted { ($0.key, $0.text) < ($1.key, $1.text) }.map(\.text).joined(separator: ",")
    }

    /// `text`, or `<none>` where nothing is required.
    public var statusText: String { isEmpty ? "<none>" : text }

    /// As it stands in a spec.
    public var json: JSONValue {
        var json: JSONValue = .object(JSONObject())
        if !matchLabels.isEmpty {
            var labels = JSONObject()
            for key in matchLabels.keys.sorted() { labels[key] = matchLabels[key].map(JSONValue.string) }
            json["matchLabels"] = .object(labels)
        }
        if !matchExpressions.isEmpty { json["matchExpressions"] = .array(matchExpressions.map(\.json)) }
        return json
    }

    /// Reads a selector as it stands in a spec.
    public init(json: JSONValue) throws(DecodeError) { try self.init(FieldReader(json)) }

    /// Reads a selector and checks what the API server would: operators are known, and have values exactly where they need some.
    public init(_ fields: FieldReader) throws(DecodeError) {
        self.init(matchLabels: try fields.stringMap("matchLabels"))
        for element in try fields.elements("matchExpressions") { matchExpressions.append(try Requirement(element)) }
    }

    /// Reads the form that `text` writes. `==`, `!=` and spaces are understood too; `<none>` is the empty selector.
    public init(parsing text: String) throws(DecodeError) {
        self.init()
        if text.isEmpty || text == "<none>" { return }
        var depth = 0
        var parts: [[Character]] = [[]]
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 { parts.append([]) } else { parts[parts.count - 1].append(character) }
        }
        for part in parts {
            let requirement = try Requirement(parsing: String(part))
            if requirement.comparison == .in, requirement.values.count == 1, !part.contains("("), matchLabels[requirement.key] == nil {
                matchLabels[requirement.key] = requirement.values[0]
            } else {
                matchExpressions.append(requirement)
            }
        }
    }
}

extension LabelSelector.Requirement {
    func matches(_ labels: [String: String]) -> Bool {
        switch comparison {
        case .in: labels[key].map { values.contains($0) } ?? false
        // As in Kubernetes: an object without the label is not in the list either.
        case .notIn: labels[key].map { !values.contains($0) } ?? true
        case .exists: labels[key] != nil
        case .doesNotExist: labels[key] == nil
        }
    }

    var text: String {
        switch comparison {
        case .in: "\(key) in (\(values.sorted().joined(separator: ",")))"
        case .notIn: "\(key) notin (\(values.sorted().joined(separator: ",")))"
        case .exists: key
        case .doesNotExist: "!" + key
        }
    }

    var json: JSONValue {
        var json: JSONValue = ["key": .string(key), "operator": .string(comparison.rawValue)]
        if !values.isEmpty { json["values"] = .array(values.map(JSONValue.string)) }
        return json
    }

    init(_ fields: FieldReader) throws(DecodeError) {
        let known = try fields.member("operator")
        guard let comparison = LabelSelector.Comparison(rawValue: try known.string() ?? "") else {
            throw known.mismatch(expected: "In, NotIn, Exists or DoesNotExist")
        }
        self.init(key: try fields.requiredString("key"), comparison, values: try fields.strings("values"))
        switch comparison {
        case .in, .notIn:
            if values.isEmpty { throw try fields.member("values").mismatch(expected: "at least one value for \(comparison.rawValue)") }
        case .exists, .doesNotExist:
            if !values.isEmpty { throw try fields.member("values").mismatch(expected: "no values for \(comparison.rawValue)") }
        }
    }

    fileprivate init(parsing part: String) throws(DecodeError) {
        let text = part.trimmed
        let wrong = DecodeError(field: "selector", found: "\"\(text)\"", expected: "requirements such as app=web,tier in (a,b),!legacy")
        if let open = text.firstIndex(of: "(") {
            guard text.last == ")" else { throw wrong }
            let words = text[..<open].split(separator: " ")
            let values = text[text.index(after: open)...].dropLast().split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
            guard words.count == 2, words[1] == "in" || words[1] == "notin", !values.isEmpty else { throw wrong }
            self.init(key: String(words[0]), words[1] == "in" ? .in : .notIn, values: values)
        } else if let equals = text.firstIndex(of: "=") {
            var key = String(text[..<equals])
            var value = text[text.index(after: equals)...]
            let isNegated = key.last == "!"
            if isNegated { key.removeLast() } else if value.first == "=" { value.removeFirst() }
            key = key.trimmed
            guard !key.isEmpty else { throw wrong }
            self.init(key: key, isNegated ? .notIn : .in, values: [String(value).trimmed])
        } else {
            let isNegated = text.first == "!"
            let key = (isNegated ? String(text.dropFirst()) : text).trimmed
            guard !key.isEmpty, !key.contains(" ") else { throw wrong }
            self.init(key: key, isNegated ? .doesNotExist : .exists)
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
