public import StrictJSON

/// The kinds that the contract brings along: one with all subresources, one with none.
public enum ContractDefinitions {
    public static let all: [JSONValue] = [widgets, gadgets]

    static let widgets: JSONValue = definition(
        plural: "widgets", kind: "Widget", shortNames: ["wd"],
        versions: [
            version("v1", isStored: true), version("v1beta1", isStored: false),
        ])

    static let gadgets: JSONValue = definition(
        plural: "gadgets", kind: "Gadget", shortNames: [],
        versions: [
            [
                "name": "v1", "served": true, "storage": true,
                "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
            ]
        ])

    private static func definition(plural: String, kind: String, shortNames: [JSONValue], versions: [JSONValue]) -> JSONValue {
        var names: JSONValue = ["plural": .string(plural), "kind": .string(kind)]
        if !shortNames.isEmpty { names["shortNames"] = .array(shortNames) }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).contract.example.com")],
            "spec": ["group": "contract.example.com", "scope": "Namespaced", "names": names, "versions": .array(versions)],
        ]
    }

    private static func version(_ name: String, isStored: Bool) -> JSONValue {
        let spec: JSONValue = [
            "type": "object", "required": ["size"],
            "properties": [
                "size": ["type": "integer", "minimum": 0, "maximum": 100],
                "mode": ["type": "string", "default": "plain", "enum": ["plain", "fancy"]],
                "replicas": ["type": "integer"],
                "tags": ["type": "array", "items": ["type": "string"]],
                "parts": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["name"],
                        "properties": ["name": ["type": "string"], "count": ["type": "integer", "default": 1]],
                    ],
                ],
                "free": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
            ],
        ]
        let status: JSONValue = [
            "type": "object",
            "properties": [
                "phase": ["type": "string"], "replicas": ["type": "integer"], "selector": ["type": "string"],
                "conditions": [
                    "type": "array", "items": ["type": "object", "properties": ["type": ["type": "string"], "status": ["type": "string"]]],
                ],
            ],
        ]
        return [
            "name": .string(name), "served": true, "storage": .bool(isStored),
            "schema": ["openAPIV3Schema": ["type": "object", "properties": ["spec": spec, "status": status]]],
            "subresources": [
                "status": [:],
                "scale": ["specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"],
            ],
            "additionalPrinterColumns": [
                ["name": "Size", "type": "integer", "jsonPath": ".spec.size"],
                ["name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"],
                ["name": "Mode", "type": "string", "jsonPath": ".spec.mode", "priority": 1],
                ["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"],
            ],
        ]
    }

    /// A widget as a user would write it.
    static func widget(_ name: String, size: Int = 1, labels: [String: String] = [:]) -> JSONValue {
        var metadata: JSONValue = ["name": .string(name)]
        if !labels.isEmpty { metadata["labels"] = JSONValue(labels) }
        return ["apiVersion": "contract.example.com/v1", "kind": "Widget", "metadata": metadata, "spec": ["size": JSONValue(size)]]
    }

    static func gadget(_ name: String) -> JSONValue {
        ["apiVersion": "contract.example.com/v1", "kind": "Gadget", "metadata": ["name": .string(name)], "spec": ["any": ["thing": 1]]]
    }

    static func configMap(_ name: String, labels: [String: String] = [:], data: [String: String] = [:]) -> JSONValue {
        var metadata: JSONValue = ["name": .string(name)]
        if !labels.isEmpty { metadata["labels"] = JSONValue(labels) }
        return ["apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": JSONValue(data)]
    }

    static func replicaSet(_ name: String, replicas: Int = 1) -> JSONValue {
        [
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": ["name": .string(name)],
            "spec": [
                "replicas": JSONValue(replicas), "selector": ["matchLabels": ["app": "web"]],
                "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "web", "image": "web:1"]]]],
            ],
        ]
    }
}
