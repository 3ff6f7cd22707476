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
        if let name = body["metadata"]?["name"]?.stringValue, name != target.name {
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
