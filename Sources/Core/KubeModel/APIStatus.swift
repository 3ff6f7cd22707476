import StrictJSON

/// The API server's answer when it has no object to give: `kind: Status`.
public struct APIStatus: Sendable, Hashable {
    /// The HTTP status.
    public var code: Int
    /// A word for programs, for instance `AlreadyExists`, `Expired`, `Invalid`.
    public var reason: String
    /// A sentence for people.
    public var message: String
    /// Kind (often the plural resource) and name of the object that it is about, where the server says so.
    public var kind: String
    public var name: String
    public var causes: [Cause]
    public var retryAfterSeconds: Int?

    /// One of several things that are wrong with a request.
    public struct Cause: Sendable, Hashable {
        public var reason: String
        public var message: String
        /// The field that caused it, for instance `spec.replicas`.
        public var field: String

        /// A cause with the given members.
        public init(reason: String, message: String, field: String) {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }

    /// A status with the given members.
    public init(
        code: Int, reason: String, message: String, kind: String = "", name: String = "",
        causes: [Cause] = [], retryAfterSeconds: Int? = nil
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.kind = kind
        self.name = name
        self.causes = causes
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// Reads a Status object. It is lenient, since an error about an error helps nobody: what is not there or has the wrong type is empty.
    public init(json: JSONValue) {
        let details = json["details"]
        self.init(
            code: json["code"]?.intValue ?? 0, reason: json["reason"]?.stringValue ?? "", message: json["message"]?.stringValue ?? "",
            kind: details?["kind"]?.stringValue ?? "", name: details?["name"]?.stringValue ?? "",
            causes: (details?["causes"]?.arrayValue ?? []).map {
                Cause(reason: $0["reason"]?.stringValue ?? "", message: $0["message"]?.stringValue ?? "", field: $0["field"]?.stringValue ?? "")
            },
            retryAfterSeconds: details?["retryAfterSeconds"]?.intValue)
    }

    /// The Status object, as an API server answers it for a failure.
    public var json: JSONValue {
        var details = JSONObject()
        if !name.isEmpty { details["name"] = .string(name) }
        if !kind.isEmpty { details["kind"] = .string(kind) }
        if !causes.isEmpty {
            details["causes"] = .array(causes.map { ["reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field)] })
        }
        if let retryAfterSeconds { details["retryAfterSeconds"] = .number(JSONNumber(retryAfterSeconds)) }
        var json: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": .object(JSONObject()), "status": "Failure",
            "message": .string(message), "reason": .string(reason),
        ]
        if !details.isEmpty { json["details"] = .object(details) }
        json["code"] = .number(JSONNumber(code))
        return json
    }
}
