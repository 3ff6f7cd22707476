import KubeModel
import StrictJSON
import Testing
@testable import Traffic

@Suite("An edit of a route whose answer was lost") struct RepeatedEditTests {
    /// Whatever adds or removes a reference must not do so twice: the cache of whoever repeats it is as old as before.
    @Test("is refused where it would change the list of references again", arguments: [30, 0]) func repeated(weight: Int) throws {
        var before: HTTPRoute = try route([[backend("shop-stable", 1)]])
        if weight == 0 {
            guard case .edit(let added) = neededEdit(of: before, for: intent(30)) else {
                Issue.record("nothing was added")
                return
            }
            before = try HTTPRoute(json: added.document)
        }
        guard case .edit(let edit) = neededEdit(of: before, for: intent(weight)) else {
            Issue.record("no edit")
            return
        }
        let once: JSONValue = try edit.patch.applied(to: before.document)
        #expect(throws: (any Error).self) { try edit.patch.applied(to: once) }
    }
}

@Suite("An edit of a route that somebody else has edited meanwhile") struct ConcurrentEditTests {
    /// What is added where nothing was would take the place of what others have added there since.
    @Test("is refused where it would lose their annotation, label or record", arguments: ["annotations", "labels"]) func others(map: String) throws {
        let before: HTTPRoute = try bare()
        guard case .edit(let edit) = neededEdit(of: before, for: intent(30)) else {
            Issue.record("no edit")
            return
        }
        var meanwhile: JSONValue = before.document
        meanwhile.set("theirs", at: ["metadata", map, "note"])
        meanwhile.set("8", at: ["metadata", "resourceVersion"])
        #expect(throws: (any Error).self) { try edit.patch.applied(to: meanwhile) }
        // Seen anew, it is made beside theirs.
        guard case .edit(let again) = neededEdit(of: try HTTPRoute(json: meanwhile), for: intent(30)) else {
            Issue.record("no edit")
            return
        }
        #expect(try again.patch.applied(to: meanwhile).at("metadata", map, "note") == "theirs")
    }

    @Test("is refused where another Rollout has begun a record") func record() throws {
        var json: JSONValue = try bare().document
        json.set(["app": "shop"], at: ["metadata", "annotations"])
        json.set(["rollouts.argoproj.io/gatewayapi-canary": "in-progress"], at: ["metadata", "labels"])
        guard case .edit(let edit) = neededEdit(of: try HTTPRoute(json: json), for: intent(30)) else {
            Issue.record("no edit")
            return
        }
        var meanwhile: JSONValue = json
        meanwhile.set(#"{"web/other":[{"kind":"backendRef","name":"x"}]}"#, at: ["metadata", "annotations", ManagedRecord.annotation])
        meanwhile.set("8", at: ["metadata", "resourceVersion"])
        #expect(throws: (any Error).self) { try edit.patch.applied(to: meanwhile) }
    }

    @Test("goes by names alone once its marks are there") func marked() throws {
        guard case .edit(let first) = neededEdit(of: try bare(), for: intent(30)),
              case .edit(let second) = neededEdit(of: try HTTPRoute(json: first.document), for: intent(50)) else {
            Issue.record("no edit")
            return
        }
        var meanwhile: JSONValue = first.document
        meanwhile.set("8", at: ["metadata", "resourceVersion"])
        #expect(try HTTPRoute(json: second.patch.applied(to: meanwhile)).rules[0].backendRefs.map(\.weight) == [50, 50])
    }

    /// As an API server returns a route without annotations and labels.
    private func bare() throws -> HTTPRoute {
        var json: JSONValue = try route([[backend("shop-stable", 1)]]).document
        json.set(nil, at: ["metadata", "annotations"])
        json.set(nil, at: ["metadata", "labels"])
        return try HTTPRoute(json: json)
    }
}
