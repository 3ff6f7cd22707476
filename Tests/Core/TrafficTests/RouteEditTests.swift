import Clockwork
import KubeModel
import MutantUnderTest
import StrictJSON
import Testing
@testable import Traffic

/// A route with one rule per list of backendRefs, as an API server would return it.
func route(
    _ rules: [[JSONValue]], generation: Int = 1, annotations: JSONValue = [:], labels: JSONValue = [:], parents: JSONValue = []
) throws -> HTTPRoute {
    try HTTPRoute(json: [
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": [
            "name": "shop", "namespace": "web", "generation": .number(JSONNumber(generation)), "resourceVersion": "7",
            "annotations": annotations, "labels": labels,
        ],
        "spec": [
            "parentRefs": [["name": "gateway"]],
            "rules": .array(rules.map { ["matches": [["path": ["type": "PathPrefix", "value": "/"]]], "backendRefs": .array($0)] }),
        ],
        "status": ["parents": parents],
    ])
}

func backend(_ name: String, _ weight: Int? = nil, port: Int = 80, kind: String? = nil, namespace: String? = nil) -> JSONValue {
    var result: JSONValue = ["name": .string(name), "port": .number(JSONNumber(port))]
    if let weight { result["weight"] = .number(JSONNumber(weight)) }
    if let kind { result["kind"] = .string(kind) }
    if let namespace { result["namespace"] = .string(namespace) }
    return result
}

func intent(_ weight: Int, max: Int = 100, verification: RouteIntent.Verification = .strict) -> RouteIntent {
    var intent = RouteIntent(
        rollout: ObjectKey(namespace: "web", name: "shop"), stableService: "shop-stable", canaryService: "shop-canary", weight: weight,
        maxWeight: max, verification: verification)
    intent.guards = guardsUnderTest
    return intent
}

@Suite("An edit of a route") struct RouteEditTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var rules: [[JSONValue]]
        var weight: Int
        var max: Int
        /// Weights per rule and backendRef afterwards; -1: none.
        var expected: [[Int]]

        init(_ name: String, _ rules: [[JSONValue]], weight: Int, max: Int = 100, _ expected: [[Int]]) {
            testDescription = name
            self.rules = rules
            self.weight = weight
            self.max = max
            self.expected = expected
        }
    }

    static let cases: [Case] = [
        Case("gives fresh references their weights", [[backend("shop-stable"), backend("shop-canary")]], weight: 0, [[100, 0]]),
        Case("sets the split of a step", [[backend("shop-stable", 100), backend("shop-canary", 0)]], weight: 30, [[70, 30]]),
        Case("keeps the order of the references", [[backend("shop-canary"), backend("shop-stable")]], weight: 10, [[10, 90]]),
        Case("replaces small numbers from Git", [[backend("shop-stable", 9), backend("shop-canary", 1)]], weight: 10, [[90, 10]]),
        Case("uses the maximum weight", [[backend("shop-stable", 100), backend("shop-canary", 0)]], weight: 5, max: 1000, [[995, 5]]),
        Case(
            "leaves rules with other or single backends alone",
            [[backend("shop-stable"), backend("shop-canary")], [backend("shop-stable", 1)], [backend("cdn", 1)]], weight: 20,
            [[80, 20], [1], [1]]),
        Case(
            "gives every pair of a rule its weights",
            [[backend("shop-stable"), backend("shop-canary"), backend("shop-stable", port: 81), backend("shop-canary", port: 81)]],
            weight: 30, [[70, 30, 70, 30]]),
    ]

    @Test("changes nothing but the weights", arguments: cases) func weights(_ c: Case) throws {
        let before: HTTPRoute = try route(c.rules)
        guard case .edit(let edit) = neededEdit(of: before, for: intent(c.weight, max: c.max)) else {
            Issue.record("no edit")
            return
        }
        let after: HTTPRoute = try HTTPRoute(json: edit.document)
        #expect(after.rules.map { $0.backendRefs.map { $0.weight ?? -1 } } == c.expected)
        // Everything else is as it was.
        var stripped: JSONValue = edit.document
        stripped["metadata"] = before.document["metadata"]
        var original: JSONValue = before.document
        for (rule, entry) in before.rules.enumerated() {
            for index in entry.backendRefs.indices {
                for document in [0, 1] {
                    let removed: JSONPatch.Operation = .add(
                        JSONPointer(tokens: ["spec", "rules", "\(rule)", "backendRefs", "\(index)", "weight"]), 0)
                    if document == 0 { stripped = try JSONPatch([removed]).applied(to: stripped) } else { original = try JSONPatch([removed]).applied(to: original) }
                }
            }
        }
        #expect(stripped == original)
        #expect(neededEdit(of: after, for: intent(c.weight, max: c.max)) == .none, "a second edit must not be needed")
    }

    @Test("is refused by the server when the references have moved") func guarded() throws {
        let before: HTTPRoute = try route([[backend("shop-stable", 100), backend("shop-canary", 0)]])
        guard case .edit(let edit) = neededEdit(of: before, for: intent(20)) else { return #expect(Bool(false)) }
        let moved: HTTPRoute = try route([[backend("cdn", 1), backend("shop-stable", 100), backend("shop-canary", 0)]])
        #expect(throws: JSONPatchError.self) { try edit.patch.applied(to: moved.document) }
    }

    @Test("keeps the progress label exactly while weight goes to the canary") func label() throws {
        let key: String = RouteIntent.ProgressLabel().key
        guard case .edit(let start) = neededEdit(of: try route([[backend("shop-stable", 100), backend("shop-canary", 0)]]), for: intent(20)) else {
            return #expect(Bool(false))
        }
        let during: HTTPRoute = try HTTPRoute(json: start.document)
        #expect(during.metadata.labels[key] == "in-progress")
        guard case .edit(let end) = neededEdit(of: during, for: intent(0)) else { return #expect(Bool(false)) }
        #expect(try HTTPRoute(json: end.document).metadata.labels[key] == nil)
    }

    @Test("names what cannot be weighted, and the remedy", arguments: [
        ([[backend("shop-stable", 1)], [backend("shop-stable", 1)]], "add {name: shop-canary, port: 80, weight: 0}"),
        ([[backend("shop-stable", 1)], [backend("shop-canary", 1)]], "names shop-stable in spec.rules[0] and shop-canary apart from it in spec.rules[1]; add"),
        ([[backend("cdn", 1)]], "no rule of web/shop names the Service shop-stable"),
        ([[backend("shop-stable"), backend("shop-stable", port: 81), backend("shop-canary")]], "both must occur equally often"),
        ([[backend("shop-stable"), backend("shop-canary", kind: "ServiceImport")], [backend("shop-stable")]], "backendRef was not found in httpRoute"),
        ([[backend("shop-stable", namespace: "other"), backend("shop-canary")]], "backendRef was not found in httpRoute"),
    ]) func impossible(rules: [[JSONValue]], words: String) throws {
        guard case .impossible(let problem) = neededEdit(of: try route(rules), for: intent(20)) else {
            Issue.record("an edit was made")
            return
        }
        #expect(problem.contains(words), "\(problem)")
    }
}

@Suite("A route that names only the stable Service") struct StableOnlyRouteTests {
    /// With filters and the weight that the API server fills in.
    private func original() throws -> HTTPRoute {
        var stable: JSONValue = backend("shop-stable", 1, port: 8080)
        stable["filters"] = [["type": "RequestHeaderModifier", "requestHeaderModifier": ["set": [["name": "x-a", "value": "1"]]]]]
        return try route([[backend("cdn", 1)], [stable, backend("mirror", 0)]])
    }

    @Test("is given the canary behind the stable one, and gets back what it had") func roundTrip() throws {
        let before: HTTPRoute = try original()
        guard case .edit(let start) = neededEdit(of: before, for: intent(20)) else { return #expect(Bool(false)) }
        let during: HTTPRoute = try HTTPRoute(json: start.document)
        let refs = during.rules[1].backendRefs
        #expect(refs.map(\.name) == ["shop-stable", "shop-canary", "mirror"])
        #expect(refs.map(\.weight) == [80, 20, 0])
        #expect(refs[1].port == 8080 && refs[1].filters == refs[0].filters)
        #expect(during.metadata.annotations[ManagedRecord.annotation] != nil)

        guard case .edit(let more) = neededEdit(of: during, for: intent(50)) else { return #expect(Bool(false)) }
        let later: HTTPRoute = try HTTPRoute(json: more.document)
        #expect(later.rules[1].backendRefs.map(\.weight) == [50, 50, 0])

        guard case .edit(let end) = neededEdit(of: later, for: intent(0)) else { return #expect(Bool(false)) }
        var restored: JSONValue = end.document
        restored["metadata"] = before.document["metadata"]
        #expect(restored == before.document)
        #expect(try HTTPRoute(json: end.document).metadata.annotations[ManagedRecord.annotation] == nil)
        #expect(neededEdit(of: try HTTPRoute(json: end.document), for: intent(0)) == .none)
    }

    @Test("is left alone until weight is needed") func untouched() throws {
        #expect(neededEdit(of: try original(), for: intent(0)) == .none)
    }

    @Test("keeps what others recorded, and a canary backend that the user wrote") func foreign() throws {
        let others: String = #"{"web/other":[{"kind":"backendRef","name":"x"}]}"#
        let withRecord: HTTPRoute = try route([[backend("shop-stable", 1)]], annotations: [ManagedRecord.annotation: .string(others)])
        guard case .edit(let start) = neededEdit(of: withRecord, for: intent(20)),
              case .edit(let end) = neededEdit(of: try HTTPRoute(json: start.document), for: intent(0)) else { return #expect(Bool(false)) }
        let record: String? = try HTTPRoute(json: end.document).metadata.annotations[ManagedRecord.annotation]
        #expect(try record.map { try JSONValue(parsing: $0) } == (try JSONValue(parsing: others)))

        let users: HTTPRoute = try route([[backend("shop-stable", 80), backend("shop-canary", 20)]])
        guard case .edit(let over) = neededEdit(of: users, for: intent(0)) else { return #expect(Bool(false)) }
        #expect(try HTTPRoute(json: over.document).rules[0].backendRefs.map(\.name) == ["shop-stable", "shop-canary"])
    }

    @Test("is not touched when the record cannot be read") func unreadable() throws {
        let broken: HTTPRoute = try route([[backend("shop-stable", 1)]], annotations: [ManagedRecord.annotation: "{"])
        guard case .impossible(let words) = neededEdit(of: broken, for: intent(20)) else { return #expect(Bool(false)) }
        #expect(words.contains(ManagedRecord.annotation))
    }
}

@Suite("A weight counts as set") struct RouteReceiptTests {
    private static let start = Timestamp(secondsSince1970: 1_000_000)

    private func parent(accepted: String = "True", resolved: String = "True", generation: Int = 3, reason: String = "Ok", name: String = "gateway") -> JSONValue {
        func condition(_ type: String, _ status: String) -> JSONValue {
            [
                "type": .string(type), "status": .string(status), "reason": .string(reason), "message": "words",
                "observedGeneration": .number(JSONNumber(generation)), "lastTransitionTime": "2026-01-01T00:00:00Z",
            ]
        }
        return [
            "parentRef": ["group": "gateway.networking.k8s.io", "kind": "Gateway", "name": .string(name)], "controllerName": "example.com/gateway",
            "conditions": [condition("Accepted", accepted), condition("ResolvedRefs", resolved)],
        ]
    }

    private func judge(
        _ parents: JSONValue, verification: RouteIntent.Verification = .lenient, after: Duration = .zero
    ) throws -> RouteVerdict {
        let seen: HTTPRoute = try route([[backend("shop-stable", 80), backend("shop-canary", 20)]], generation: 3, labels: [
            "rollouts.argoproj.io/gatewayapi-canary": "in-progress",
        ], parents: parents)
        return verdict(on: seen, for: intent(20, verification: verification), since: Self.start, now: Self.start + after)
    }

    @Test("when every parent reports the written generation") func confirmed() throws {
        #expect(try judge([parent()]) == .inForce)
        #expect(try judge([parent(generation: 4)]) == .inForce)
    }

    @Test("not before that, and leniently after a minute") func patience() throws {
        for silent: JSONValue in [[], [parent(generation: 2)], [parent(accepted: "Unknown")], [parent(name: "other")]] {
            guard case .pending(_, let until) = try judge(silent, after: .seconds(59)) else { return #expect(Bool(false), "\(silent.text())") }
            #expect(until == Self.start + .seconds(60))
            guard case .assumed = try judge(silent, after: .seconds(60)) else { return #expect(Bool(false), "\(silent.text())") }
            guard case .pending(_, nil) = try judge(silent, verification: .strict, after: .seconds(6000)) else { return #expect(Bool(false)) }
            #expect(try judge(silent, verification: .off) == .inForce)
        }
    }

    @Test("never when a parent refuses it") func refused() throws {
        guard case .rejected(let words) = try judge([parent(accepted: "False", reason: "NotAllowedByListeners")], after: .seconds(600)) else {
            return #expect(Bool(false))
        }
        #expect(words.contains("NotAllowedByListeners"))
        // A Service that was only just created may be unknown for a moment.
        guard case .pending = try judge([parent(resolved: "False", reason: "BackendNotFound")]) else { return #expect(Bool(false)) }
        guard case .rejected = try judge([parent(resolved: "False", reason: "BackendNotFound")], after: .seconds(60)) else { return #expect(Bool(false)) }
    }

    @Test("not when somebody changed it back") func reverted() throws {
        let reverted: HTTPRoute = try route([[backend("shop-stable", 100), backend("shop-canary", 0)]], generation: 4, parents: [parent(generation: 4)])
        guard case .write(let edit) = verdict(on: reverted, for: intent(20), since: Self.start, now: Self.start) else { return #expect(Bool(false)) }
        #expect(edit.weight == 20)
    }
}
