/// A right that a request needed and that nobody has granted to the one who asked: a verb on a resource.
public struct MissingRight: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// As roles name it, for instance `patch`.
    public var verb: String
    /// Empty for the core group.
    public var group: String
    /// With the subresource, as roles write it: `rollouts/status`.
    public var resource: String
    /// Empty: in all namespaces, or of a kind that lives in none.
    public var namespace: String
    /// The object that was meant; empty for collections and for what was still to be created.
    public var name: String
    /// Who asked, as the server knows him; empty where it did not say.
    public var user: String

    /// A right with the given parts.
    public init(verb: String, group: String = "", resource: String, namespace: String = "", name: String = "", user: String = "") {
        self.verb = verb
        self.group = group
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.user = user
    }

    /// What an API server's refusal says is missing; nil where it has another reason, such as a quota or an admission policy.
    ///
    /// Only its sentence tells the two apart, and only there the subresource is named. The sentence is the same for all authorizers.
    public init?(saidBy status: APIStatus) {
        guard status.code == 403,
              let verb = Self.word(after: "\" cannot ", until: " resource \"", in: status.message),
              let resource = Self.word(after: " cannot \(verb) resource \"", until: "\"", in: status.message),
              let group = Self.word(after: "\" in API group \"", until: "\"", in: status.message) else { return nil }
        self.init(
            verb: verb, group: group, resource: resource,
            namespace: Self.word(after: "\" in the namespace \"", until: "\"", in: status.message) ?? "", name: status.name,
            user: Self.word(after: "is forbidden: User \"", until: "\"", in: status.message) ?? "")
    }

    /// What stands between two marks that follow each other.
    private static func word(after start: String, until end: String, in text: String) -> String? {
        guard let begin = range(of: start, in: text[...])?.upperBound, let finish = range(of: end, in: text[begin...])?.lowerBound else {
            return nil
        }
        return String(text[begin..<finish])
    }

    private static func range(of part: String, in text: Substring) -> Range<String.Index>? {
        var start: String.Index = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(part) { return start..<text.index(start, offsetBy: part.count) }
            start = text.index(after: start)
        }
        return nil
    }

    /// `patch services in namespace "shop"`.
    public var description: String {
        let kind: String = group.isEmpty ? resource : "\(resource).\(group)"
        return "\(verb) \(kind) " + (namespace.isEmpty ? "in all namespaces" : "in namespace \"\(namespace)\"")
    }

    /// The rule that a role needs, in YAML's short form.
    public var rule: String { "{apiGroups: [\"\(group)\"], resources: [\"\(resource)\"], verbs: [\"\(verb)\"]}" }

    /// What has to be done so that the request succeeds.
    public var remedy: String {
        let role: String = namespace.isEmpty ? "a ClusterRole" : "a Role or ClusterRole"
        let owner: String = user.isEmpty ? "the controller's service account" : "\"\(user)\""
        return "add the rule \(rule) to \(role) that is bound to \(owner)"
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.group, left.resource, left.verb, left.namespace, left.name) < (right.group, right.resource, right.verb, right.namespace, right.name)
    }
}
