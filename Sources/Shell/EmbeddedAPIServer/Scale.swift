import KubeModel
import StrictJSON

extension APIMachine {
    /// The `Scale` of an object.
    func scale(of object: JSONValue, _ target: RequestTarget) throws(APIFailure) -> JSONValue {
        guard let paths = target.definition.scale else { throw .unknownResource() }
        var metadata = JSONObject()
        for member in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            metadata[member] = object["metadata"]?[member]
        }
        var spec = JSONObject()
        if target.definition.isCustom, object.at(path: paths.specReplicas) == nil {
            let cause = "the spec replicas field \".\(paths.specReplicas.joined(separator: "."))\" does not exist"
            throw APIFailure(
                500, "InternalError", "Internal error occurred: \(cause)", details: ["causes": [["message": .string(cause)]]])
        }
        if let replicas = object.at(path: paths.specReplicas)?.intValue, replicas != 0 { spec["replicas"] = JSONValue(replicas) }
        var status: JSONObject = ["replicas": object.at(path: paths.statusReplicas) ?? 0]
        if let selector = paths.selector.flatMap({ object.at(path: $0) }) {
            if let text = selector.stringValue {
                status["selector"] = .string(text)
            } else if let parsed = try? LabelSelector(json: selector) {   // stored selectors were validated; others have no text form
                status["selector"] = .string(parsed.text)
            }
        }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": .object(metadata), "spec": .object(spec),
            "status": .object(status),
        ]
    }

    /// Takes the number of replicas from a `Scale`.
    mutating func updateScale(_ body: JSONValue, _ target: RequestTarget, _ options: WriteOptions) throws(APIFailure) -> Answer {
        guard let paths = target.definition.scale else { throw .unknownResource() }
        let old = try existing(target)
        if let kind = body["kind"]?.stringValue, kind != "Scale" {
            throw .badRequest("\(kind) in version \"v1\" cannot be handled as a Scale: expected kind Scale in autoscaling/v1")
        }
        let name = body.name
        if name.isEmpty {
            throw .badRequest("the name of the object (\(target.name ?? "") based on URL) was undeterminable: name must be provided")
        }
        if name != target.name {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(target.name ?? ""))")
        }
        let replicas = body["spec"]?["replicas"] ?? 0
        guard let count = replicas.intValue, count >= 0 else {
            if target.definition.isCustom {
                let field = "." + paths.specReplicas.joined(separator: ".")
                throw .invalid(target.definition, target.name ?? "", [.invalid(field, replicas.text(), "should be a non-negative integer")])
            }
            let error = FieldError.invalid("spec.replicas", replicas.text(), "must be greater than or equal to 0")
            throw APIFailure(
                422, "Invalid", "Scale.autoscaling \"\(target.name ?? "")\" is invalid: \(error.field): \(error.message)",
                details: [
                    "name": .string(target.name ?? ""), "group": "autoscaling", "kind": "Scale",
                    "causes": [["reason": .string(error.reason), "message": .string(error.message), "field": .string(error.field)]],
                ])
        }
        var new = old
        new.set(JSONValue(count), at: paths.specReplicas)
        new.set(body["metadata"]?["resourceVersion"], at: ["metadata", "resourceVersion"])
        var main = target
        main.subresource = nil
        let answer = try replace(old, with: Incoming(object: new), main, options)
        return Answer(object: try scale(of: answer.object, target), status: answer.status)
    }
}

extension ScalePaths {
    /// What is wrong with the numbers of replicas in a custom object, beside what its schema says.
    func errors(_ object: JSONValue, _ definition: ServedResource) -> [FieldError] {
        guard definition.isCustom else { return [] }
        var errors: [FieldError] = []
        for path in [specReplicas, statusReplicas] {
            let field = "." + path.joined(separator: ".")
            if let leaf = object.at(path: path) {
                if let count = leaf.int64Value {
                    if count < 0 { errors.append(.invalid(field, String(count), "should be a non-negative integer")) }
                } else {
                    let what = "\(GoSyntax.plain(leaf)) is of the type \(GoSyntax.type(of: leaf)), expected int64"
                    errors.append(.invalid(field, "0", "\(field) accessor error: \(what)"))
                }
            }
            // A parent that is no object at all: the first that the path meets.
            for length in 1..<path.count {
                guard let parent = object.at(path: Array(path.prefix(length))), !parent.isNull, parent.objectValue == nil else { continue }
                let what = "\(GoSyntax.plain(parent)) is of the type \(GoSyntax.type(of: parent)), expected map[string]interface{}"
                errors.append(.invalid(field, "0", "\(field) accessor error: \(what)"))
                break
            }
        }
        return errors
    }
}
