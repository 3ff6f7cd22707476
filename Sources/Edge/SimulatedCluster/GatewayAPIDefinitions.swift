public import StrictJSON

/// Small definitions of the Gateway API kinds that the simulated cluster serves: the fields that weights, parents and receipts
/// need, with the defaults that a real API server fills in; everything else is kept as it is.
public enum GatewayAPIDefinitions {
    /// HTTPRoute, Gateway and GatewayClass.
    public static let all: [JSONValue] = [
        definition("HTTPRoute", plural: "httproutes", isNamespaced: true, spec: routeSpec),
        definition("Gateway", plural: "gateways", isNamespaced: true, spec: open),
        definition("GatewayClass", plural: "gatewayclasses", isNamespaced: false, spec: open),
    ]

    private static let open: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]

    private static let routeSpec: JSONValue = [
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
        "properties": [
            "parentRefs": ["type": "array", "items": [
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": [
                    "group": ["type": "string", "default": "gateway.networking.k8s.io"],
                    "kind": ["type": "string", "default": "Gateway"],
                    "name": ["type": "string"],
                ],
            ]],
            "rules": ["type": "array", "items": [
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": [
                    "backendRefs": ["type": "array", "items": [
                        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                        "properties": [
                            "group": ["type": "string"], "kind": ["type": "string", "default": "Service"],
                            "name": ["type": "string"], "port": ["type": "integer", "format": "int32"],
                            "weight": ["type": "integer", "format": "int32", "default": 1, "minimum": 0, "maximum": 1_000_000],
                        ],
                    ]],
                ],
            ]],
        ],
    ]

    private static func definition(_ kind: String, plural: String, isNamespaced: Bool, spec: JSONValue) -> JSONValue {
        [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": [
                "name": .string("\(plural).gateway.networking.k8s.io"),
                "annotations": ["api-approved.kubernetes.io": "unapproved, simulation only"],
            ],
            "spec": [
                "group": "gateway.networking.k8s.io", "scope": .string(isNamespaced ? "Namespaced" : "Cluster"),
                "names": [
                    "kind": .string(kind), "listKind": .string("\(kind)List"), "plural": .string(plural), "singular": .string(kind.lowercased()),
                ],
                "versions": [[
                    "name": "v1", "served": true, "storage": true, "subresources": ["status": [:]],
                    "schema": ["openAPIV3Schema": [
                        "type": "object",
                        "properties": [
                            "apiVersion": ["type": "string"], "kind": ["type": "string"], "metadata": ["type": "object"],
                            "spec": spec, "status": open,
                        ],
                    ]],
                ]],
            ],
        ]
    }
}
