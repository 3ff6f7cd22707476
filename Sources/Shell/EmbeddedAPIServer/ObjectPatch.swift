import StrictJSON

/// A patch as a request carries it.
enum ObjectPatch: Sendable {
    case json(JSONPatch)
    case merge(JSONValue)
    case strategic(JSONValue, BuiltInType?)

    /// Reads the patch; the media type says which sort it is.
    init(_ request: APIRequest, _ definition: ServedResource) throws(APIFailure) {
        let accepted = ["application/json-patch+json", "application/merge-patch+json"]
        // What the real server names, though this one does not do the last.
        let named = accepted + (definition.isCustom ? [] : ["application/strategic-merge-patch+json"]) + ["application/apply-patch+yaml"]
        switch APIMachine.mediaType(request) {
        case accepted[0]:
            let json = try Self.parsed(request)
            let patch: JSONPatch
            do {
                if json.isNull {
                    self = .json(JSONPatch([]))
                    return
                }
                guard json.arrayValue != nil else {
                    throw APIFailure.badRequest("json: cannot unmarshal \(json.kindName) into Go value of type jsonpatch.Patch")
                }
                patch = try JSONPatch(json: json)
            } catch let error as APIFailure {
                throw error
            } catch {
                throw .patchDoesNotApply()
            }
            guard patch.operations.count <= Self.operationLimit else {
                throw APIFailure(
                    413, "RequestEntityTooLarge",
                    "The allowed maximum operations in a JSON patch is \(Self.operationLimit), got \(patch.operations.count)")
            }
            self = .json(patch)
        case accepted[1]:
            let json = try Self.parsed(request)
            guard json.objectValue != nil else {
                throw .badRequest("error decoding patch: json: cannot unmarshal \(json.kindName) into Go value of type map[string]interface {}")
            }
            self = .merge(json)
        case "application/strategic-merge-patch+json" where !definition.isCustom:
            let json = try Self.parsed(request)
            if json.isNull {
                self = .strategic([:], Optional.none)
                return
            }
            guard json.objectValue != nil else {
                throw .badRequest("json: cannot unmarshal \(json.kindName) into Go value of type map[string]interface {}")
            }
            self = .strategic(json, BuiltInTypes.type(of: definition))
        case "application/apply-patch+yaml", "application/apply-patch+cbor":
            throw .unsupportedMediaType(accepted: named, note: "this server does not do server-side apply")
        default:
            if !definition.isCustom { throw .unsupportedPatch() }
            throw .unsupportedMediaType(accepted: named)
        }
    }

    private static func parsed(_ request: APIRequest) throws(APIFailure) -> JSONValue {
        do {
            return try JSONValue(parsing: request.body)
        } catch {
            throw .badRequest("error decoding patch: \(error)")
        }
    }

    /// The object that the patch makes of `object`.
    func applied(to object: JSONValue) throws(APIFailure) -> JSONValue {
        switch self {
        case .json(let patch):
            do {
                return try patch.applied(to: object)
            } catch {
                throw .patchDoesNotApply()
            }
        case .merge(let patch):
            return object.applying(mergePatch: patch)
        case .strategic(let patch, let type):
            var result = try StrategicMerge.apply(patch, to: object, as: type)
            // Typed objects know what they are: what the patch says of it is not heard.
            for member in ["apiVersion", "kind"] { result[member] = object[member] }
            return result
        }
    }

    /// As many operations as the real server applies.
    private static let operationLimit = 10_000
}
