import Clockwork
import KubeModel
import StrictJSON

extension APIMachine {
    /// The named object, or one of its subresources.
    func get(_ target: RequestTarget, _ query: APIQuery) throws(APIFailure) -> Answer {
        let object = try existing(target)
        _ = try wantedVersion(query)
        return Answer(object: target.subresource == "scale" ? try scale(of: object, target) : served(object, as: target.definition))
    }

    /// The stored object that a request names.
    func existing(_ target: RequestTarget) throws(APIFailure) -> JSONValue {
        guard let object = store.object(target.definition.storage, target.key) else {
            var kind = target.definition
            // The scale of a built-in kind says what was not found.
            if target.subresource == "scale", !kind.isCustom { kind.plural += "/scale" }
            throw .notFound(kind, target.name ?? "")
        }
        return object
    }

    /// A list in the order of namespaces and names, in pages where `limit` is given.
    ///
    /// All pages show the state at the first one's version, which works while the history reaches back that far.
    func list(_ target: RequestTarget, _ query: APIQuery) throws(APIFailure) -> Answer {
        let definition = target.definition
        let selection = try ObjectSelection(namespace: target.scope, query: query, kind: definition)
        try Self.checkVersionMatch(query, isWatch: false)
        _ = try number("timeoutSeconds", query)
        let asked = try number("limit", query) ?? 0
        var version = store.version
        var start = ""
        if let text = query["continue"], !text.isEmpty {
            guard let token = ContinueToken(text) else { throw .badRequest("invalid continue token: continue key is not valid: \(text)") }
            start = token.start
            version = token.version ?? version
            if version < store.compacted {
                let fresh = ContinueToken(version: nil, start: start).text
                throw Self.continueExpired(fresh)
            }
        } else {
            let wanted = try wantedVersion(query)
            let isExact = query["resourceVersionMatch"] == "Exact" || asked > 0 && (query["resourceVersionMatch"] ?? "").isEmpty
            if let wanted, wanted > 0, isExact { version = wanted }
        }
        guard let collection = store.collection(definition.storage, at: version) else {
            throw .expired("The resourceVersion for the provided list is too old.")
        }
        // Whatever is current comes from a cache, which knows no pages.
        let limit = asked > 0 && query["resourceVersion"] != "0" ? asked : Int.max

        let prefix = target.scope.map { $0 + "/" } ?? ""
        var items: [JSONValue] = []
        var position = collection.position(of: max(prefix, start))
        var last = ""
        while position < collection.keys.count, collection.keys[position].hasPrefix(prefix), items.count < limit {
            last = collection.keys[position]
            position += 1
            if let object = collection[last], selection.matches(object) { items.append(listed(object, as: definition)) }
        }

        var metadata = Self.listMetadata(version, definition)
        if position < collection.keys.count, collection.keys[position].hasPrefix(prefix) {
            metadata["continue"] = .string(ContinueToken(version: version, start: last + "\u{0}").text)
            if selection.isUnselective {
                let remaining = collection.keys[position...].prefix { $0.hasPrefix(prefix) }.count
                metadata["remainingItemCount"] = JSONValue(remaining)
            }
        }
        return Answer(object: [
            "kind": .string(definition.listKind), "apiVersion": .string(definition.apiVersion), "metadata": .object(metadata),
            "items": .array(items),
        ])
    }

    /// Lists of custom kinds say that nothing follows; typed ones leave it out.
    static func listMetadata(_ version: Int64, _ definition: ServedResource) -> JSONObject {
        var metadata: JSONObject = ["resourceVersion": .string(String(version))]
        if definition.isCustom { metadata["continue"] = "" }
        return metadata
    }

    /// What is wrong with the way in which a version is asked for.
    static func checkVersionMatch(_ query: APIQuery, isWatch: Bool) throws(APIFailure) {
        guard let match = query["resourceVersionMatch"], !match.isEmpty else { return }
        let field = "resourceVersionMatch"
        var errors: [FieldError] = []
        if isWatch { errors.append(.forbidden(field, "\(field) is forbidden for watch")) }
        if (query["resourceVersion"] ?? "").isEmpty { errors.append(.forbidden(field, "\(field) is forbidden unless resourceVersion is provided")) }
        if !(query["continue"] ?? "").isEmpty { errors.append(.forbidden(field, "\(field) is forbidden when continue is provided")) }
        if !["Exact", "NotOlderThan"].contains(match) { errors.append(.unsupported(field, match, supported: ["Exact", "NotOlderThan", ""])) }
        if match == "Exact", query["resourceVersion"] == "0" {
            errors.append(.forbidden(field, "\(field) \"exact\" is forbidden for resourceVersion \"0\""))
        }
        guard errors.isEmpty else { throw WriteOptions.invalid("ListOptions", errors) }
    }

    /// The version that a read asks for; nil where it does not care.
    private func wantedVersion(_ query: APIQuery) throws(APIFailure) -> Int64? {
        guard let text = query["resourceVersion"], !text.isEmpty else { return nil }
        guard let asked = Int64(text), asked >= 0 else { throw Self.unreadableVersion(text) }
        guard asked <= store.version else {
            throw APIFailure(
                504, "Timeout", "Timeout: Too large resource version: \(asked), current: \(store.version)",
                details: [
                    "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]], "retryAfterSeconds": 1,
                ])
        }
        return asked
    }

    /// The real server takes this for an error of its own.
    static func unreadableVersion(_ text: String) -> APIFailure {
        APIFailure(500, "", "resourceVersion: Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
    }

    private static func continueExpired(_ token: String) -> APIFailure {
        let message =
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
            + "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
            + "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
            + "deleted between the time the first chunk was returned and now may show up in the list."
        return APIFailure(410, "Expired", message, continueToken: token)
    }

    /// A number among the query parameters.
    func number(_ name: String, _ query: APIQuery) throws(APIFailure) -> Int? {
        guard let text = query[name], !text.isEmpty else { return nil }
        guard let number = Int(text) else {
            throw .badRequest("strconv.ParseInt: parsing \"\(text)\": invalid syntax")
        }
        return number
    }

    /// An object as it stands in a list: items of typed lists do not repeat what the list says.
    func listed(_ object: JSONValue, as definition: ServedResource) -> JSONValue {
        var object = served(object, as: definition)
        if !definition.isCustom {
            object["apiVersion"] = nil
            object["kind"] = nil
        }
        return object
    }

    /// A stored object as the given version of its kind shows it.
    func served(_ object: JSONValue, as definition: ServedResource) -> JSONValue {
        if definition.storage == .events, definition.group == "events.k8s.io" { return EventConversion.toEventsGroup(object) }
        guard object["apiVersion"]?.stringValue != definition.apiVersion else { return object }
        var object = object
        object["apiVersion"] = .string(definition.apiVersion)
        return object
    }
}

/// Where the next page of a list begins. Opaque to clients.
struct ContinueToken {
    /// Nil: whatever is current, at the price of a consistent list.
    var version: Int64?
    var start: String

    init(version: Int64?, start: String) {
        self.version = version
        self.start = start
    }

    init?(_ text: String) {
        guard let bytes = Base64.decoded(text), let json = try? JSONValue(parsing: bytes),   // what cannot be read is no token
            json["v"] == "meta.k8s.io/v1", let number = json["rv"]?.int64Value, let start = json["start"]?.stringValue else { return nil }
        version = number < 0 ? nil : number
        self.start = start
    }

    var text: String {
        let json: JSONValue = ["v": "meta.k8s.io/v1", "rv": .number(JSONNumber(version ?? -1)), "start": .string(start)]
        return Base64.text(json.serialized())
    }
}

/// The two groups of events are one kind under two sets of names.
enum EventConversion {
    /// Core's name, the other group's name.
    private static let names: [(core: String, events: String)] = [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ]

    static func toEventsGroup(_ object: JSONValue) -> JSONValue {
        renamed(object, apiVersion: "events.k8s.io/v1") { name in names.first { $0.core == name }?.events }
    }

    static func toCore(_ object: JSONValue) -> JSONValue {
        renamed(object, apiVersion: "v1") { name in names.first { $0.events == name }?.core }
    }

    private static func renamed(_ object: JSONValue, apiVersion: String, _ name: (String) -> String?) -> JSONValue {
        var result = JSONObject()
        for (key, value) in object.objectValue ?? [:] { result[name(key) ?? key] = value }
        result["apiVersion"] = .string(apiVersion)
        return .object(result)
    }
}
