import HTTPTypes
public import KubeModel
public import StrictJSON

/// A request that the server refuses, as the Status object that it answers.
///
/// The wording is that of kube-apiserver, because people search for it and programs compare it.
public struct APIFailure: Error, Sendable, CustomStringConvertible {
    /// The HTTP status.
    public var code: Int
    /// The word for programs; empty where the real server leaves it out.
    public var reason: String
    public var message: String
    /// Nil: left out. The real server answers empty ones here and there.
    var details: JSONObject?
    /// With which an expired list can be continued.
    var continueToken: String?

    init(_ code: Int, _ reason: String, _ message: String, details: JSONObject? = nil, continueToken: String? = nil) {
        self.code = code
        self.continueToken = continueToken
        self.reason = reason
        self.message = message
        self.details = details
    }

    public var description: String { message }

    /// The Status object as it is answered.
    public var json: JSONValue {
        var json: JSONObject = [
            "kind": "Status", "apiVersion": "v1", "metadata": .object([:]), "status": "Failure", "message": .string(message),
        ]
        if let continueToken { json["metadata"] = ["continue": .string(continueToken)] }
        if !reason.isEmpty { json["reason"] = .string(reason) }
        if let details { json["details"] = .object(details) }
        json["code"] = JSONValue(code)
        return .object(json)
    }

    /// The same as a value of the model.
    public var status: APIStatus { APIStatus(json: json) }
}

/// One thing that is wrong with an object.
struct FieldError: Sendable {
    var reason: String
    var field: String
    /// Without the field in front.
    var message: String

    static func invalid(_ field: String, _ value: String, _ why: String) -> FieldError {
        FieldError(reason: "FieldValueInvalid", field: field, message: "Invalid value: \(value): \(why)")
    }

    static func required(_ field: String, _ why: String = "") -> FieldError {
        FieldError(reason: "FieldValueRequired", field: field, message: why.isEmpty ? "Required value" : "Required value: \(why)")
    }

    static func forbidden(_ field: String, _ why: String) -> FieldError {
        FieldError(reason: "FieldValueForbidden", field: field, message: "Forbidden: \(why)")
    }

    static func unsupported(_ field: String, _ value: String, supported: [String]) -> FieldError {
        let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        return FieldError(
            reason: "FieldValueNotSupported", field: field,
            message: "Unsupported value: \"\(value)\": supported values: \(list)")
    }
}

extension APIFailure {
    static func notFound(_ kind: ServedResource, _ name: String) -> APIFailure {
        APIFailure(404, "NotFound", "\(kind.qualifiedResource) \"\(name)\" not found", details: kind.details(name))
    }

    static func alreadyExists(_ kind: ServedResource, _ name: String) -> APIFailure {
        APIFailure(409, "AlreadyExists", "\(kind.qualifiedResource) \"\(name)\" already exists", details: kind.details(name))
    }

    static func conflict(_ kind: ServedResource, _ name: String, _ why: String) -> APIFailure {
        APIFailure(
            409, "Conflict", "Operation cannot be fulfilled on \(kind.qualifiedResource) \"\(name)\": \(why)",
            details: kind.details(name))
    }

    /// A write with the identity of an object that is gone: told by the storage, with its key.
    static func otherUID(_ kind: ServedResource, _ key: String, name: String, wanted: String, found: String) -> APIFailure {
        let folder = kind.isCustom || kind.storage == .definitions ? "\(kind.storage.group)/\(kind.storage.plural)" : kind.storageFolder
        return conflict(
            kind, name,
            "StorageError: invalid object, Code: 4, Key: /registry/\(folder)/\(key), ResourceVersion: 0, AdditionalErrorMsg: "
                + "Precondition failed: UID in precondition: \(wanted), UID in object meta: \(found)")
    }

    /// A delete whose precondition does not hold: the only conflict that names the kind where others name the resource.
    static func precondition(_ kind: ServedResource, _ name: String, _ why: String) -> APIFailure {
        let group = kind.group.isEmpty ? kind.kind : "\(kind.kind).\(kind.group)"
        var details = kind.details(name)
        details["kind"] = .string(kind.kind)
        return APIFailure(409, "Conflict", "Operation cannot be fulfilled on \(group) \"\(name)\": \(why)", details: details)
    }

    /// A write of a version that must be named and was not: this one names the resource where others name the kind.
    static func versionMissing(_ kind: ServedResource, _ name: String) -> APIFailure {
        let error = FieldError.invalid("metadata.resourceVersion", "0x0", "must be specified for an update")
        return APIFailure(
            422, "Invalid", "\(kind.qualifiedResource) \"\(name)\" is invalid: \(error.field): \(error.message)",
            details: kind.details(name, causes: [error]))
    }

    static func modified(_ kind: ServedResource, _ name: String) -> APIFailure {
        conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again")
    }

    static func forbidden(_ kind: ServedResource, _ name: String, _ why: String, causes: [FieldError] = []) -> APIFailure {
        APIFailure(
            403, "Forbidden", "\(kind.qualifiedResource) \"\(name)\" is forbidden: \(why)",
            details: kind.details(name, causes: causes))
    }

    static func invalid(_ kind: ServedResource, _ name: String, _ errors: [FieldError]) -> APIFailure {
        let group = kind.group.isEmpty ? kind.kind : "\(kind.kind).\(kind.group)"
        var texts: [String] = []
        for error in errors {
            let text = error.field.isEmpty ? error.message : "\(error.field): \(error.message)"
            if !texts.contains(text) { texts.append(text) }
        }
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        var details = kind.details(name, causes: errors)
        details["kind"] = .string(kind.kind)
        return APIFailure(422, "Invalid", "\(group) \"\(name)\" is invalid: \(list)", details: details)
    }

    static func badRequest(_ message: String) -> APIFailure { APIFailure(400, "BadRequest", message) }

    static func expired(_ message: String) -> APIFailure { APIFailure(410, "Expired", message) }

    /// A method that a resource does not take. For custom kinds the real server says more, and calls methods that it does not know
    /// by no name.
    static func methodNotAllowed(_ method: HTTPRequest.Method, _ target: RequestTarget) -> APIFailure {
        guard target.definition.isCustom else { return methodNotAllowed() }
        let verbs: [HTTPRequest.Method: String] = [.get: "get", .post: "create", .put: "update", .patch: "patch", .delete: "delete"]
        let kind = target.definition
        return APIFailure(
            405, "MethodNotAllowed", "\(verbs[method] ?? "") is not supported on resources of kind \"\(kind.qualifiedResource)\"",
            details: kind.details(""))
    }

    static func methodNotAllowed() -> APIFailure {
        APIFailure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", details: [:])
    }

    /// - Parameter note: what this server says beyond the real one's words, because it takes less.
    static func unsupportedMediaType(accepted: [String], note: String = "") -> APIFailure {
        let message = "the body of the request was in an unknown format - accepted media types include: "
        return APIFailure(415, "UnsupportedMediaType", message + accepted.joined(separator: ", ") + (note.isEmpty ? "" : "; " + note))
    }

    /// The words of the real server, with a parser's remark in them.
    static func unreadableBody(_ kind: String, _ cause: String, _ body: [UInt8]) -> APIFailure {
        let text = String(decoding: body.prefix(100), as: UTF8.self)
        return badRequest(
            "the object provided is unrecognized (must be of type \(kind)): couldn't get version/kind; json parse error: \(cause) (\(text))")
    }

    /// A patch of a sort that no built-in kind takes is refused before anybody looks at it.
    static func unsupportedPatch() -> APIFailure {
        APIFailure(415, "UnsupportedMediaType", "415: Unsupported Media Type", details: [:])
    }

    /// A patch that makes of an object what its type cannot hold.
    static func unreadableResult(_ result: String, _ why: String) -> APIFailure {
        let error = FieldError.invalid("patch", JSONValue.string(result).text(), why)
        return APIFailure(
            422, "Invalid", " \"\" is invalid: \(error.field): \(error.message)",
            details: ["causes": [["reason": .string(error.reason), "message": .string(error.message), "field": .string(error.field)]]])
    }

    static func notAcceptable() -> APIFailure {
        APIFailure(
            406, "NotAcceptable",
            "only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io")
    }

    /// A JSON patch that does not apply: the real server says no more than this.
    static func patchDoesNotApply() -> APIFailure {
        APIFailure(422, "Invalid", "the server rejected our request due to an error in our request", details: [:])
    }

    /// A resource that is not served.
    static func unknownResource() -> APIFailure {
        APIFailure(404, "NotFound", "the server could not find the requested resource", details: [:])
    }
}

extension ServedResource {
    /// The folder of a built-in kind in etcd.
    fileprivate var storageFolder: String { storage == StorageID(group: "", plural: "services") ? "services/specs" : storage.plural }

    /// `rollouts.argoproj.io`, or `pods` in the core group.
    var qualifiedResource: String { group.isEmpty ? plural : "\(plural).\(group)" }

    fileprivate func details(_ name: String, causes: [FieldError] = []) -> JSONObject {
        var details = JSONObject()
        if !name.isEmpty { details["name"] = .string(name) }
        if !group.isEmpty { details["group"] = .string(group) }
        details["kind"] = .string(plural)
        if !causes.isEmpty {
            details["causes"] = .array(
                causes.map { ["reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field)] })
        }
        return details
    }
}
