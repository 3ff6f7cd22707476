import KubeModel
import StrictJSON
import Testing
@testable import Traffic

@Suite("A route whose canary reference somebody takes out") struct ForeignEditTests {
    /// The rules after the edit that `weight` needs.
    private func edited(_ before: HTTPRoute, _ weight: Int) throws -> HTTPRoute {
        guard case .edit(let edit) = neededEdit(of: before, for: intent(weight)) else {
            throw NoEdit()
        }
        return try HTTPRoute(json: edit.document)
    }

    private struct NoEdit: Error {}

    private func with(_ rules: [[JSONValue]], as route: HTTPRoute) throws -> HTTPRoute {
        var document: JSONValue = route.document
        document.set(.array(rules.map { ["backendRefs": .array($0)] }), at: ["spec", "rules"])
        return try HTTPRoute(json: document)
    }

    @Test("gets it again where it was ours, also beside a rule that names the canary alone") func added() throws {
        let during: HTTPRoute = try edited(try route([[backend("shop-stable", 7)]]), 20)
        for others: [[JSONValue]] in [[], [[backend("shop-canary", 1)]], [[backend("cdn", 1)]]] {
            let taken: HTTPRoute = try with([[backend("shop-stable", 80)]] + others, as: during)
            let again: HTTPRoute = try edited(taken, 30)
            #expect(again.rules[0].backendRefs.map(\.name) == ["shop-stable", "shop-canary"])
            #expect(again.rules[0].backendRefs.map(\.weight) == [70, 30])
            // What it had before our first edit is not forgotten.
            let over: HTTPRoute = try edited(again, 0)
            #expect(over.rules[0].backendRefs.map(\.name) == ["shop-stable"] && over.rules[0].backendRefs[0].weight == 7)
            #expect(over.rules.dropFirst().map { $0.backendRefs.map(\.weight) } == others.map { _ in [1] })
            #expect(over.metadata.annotations[ManagedRecord.annotation] == nil)
            #expect(neededEdit(of: over, for: intent(0)) == .none)
        }
    }

    @Test("is no dead end at the end of a release, however the rest is laid out", arguments: [
        [[backend("shop-stable", 1)]], [[backend("shop-canary", 1)]], [[backend("shop-stable", 1)], [backend("shop-canary", 1)]],
    ]) func end(others: [[JSONValue]]) throws {
        let during: HTTPRoute = try edited(try route([[backend("shop-stable", 1)]]), 20)
        let laidOut: HTTPRoute = try with([[backend("shop-stable", 80), backend("shop-canary", 20)]] + others, as: during)
        let over: HTTPRoute = try edited(laidOut, 0)
        #expect(over.rules.map { $0.backendRefs.map(\.weight) } == [[1]] + others.map { $0.map { _ in 1 } })
        #expect(neededEdit(of: over, for: intent(0)) == .none)
        // The next release says what is missing, and goes on when it is there.
        guard case .impossible(let problem) = neededEdit(of: over, for: intent(20)) else { return #expect(Bool(false)) }
        #expect(problem.contains("add {name: shop-canary, port: 80, weight: 0} to the backendRefs of the rule"), "\(problem)")
        let mended: HTTPRoute = try edited(try with([[backend("shop-stable", 1), backend("shop-canary", 0)]] + others, as: over), 20)
        #expect(mended.rules[0].backendRefs.map(\.weight) == [80, 20])
    }

    @Test("keeps the record while nobody can say which rule it was") func undecided() throws {
        let during: HTTPRoute = try edited(try route([[backend("shop-stable", 7)]]), 20)
        let split: HTTPRoute = try with([[backend("shop-stable", 80)], [backend("shop-stable", 1)]], as: during)
        guard case .impossible(let problem) = neededEdit(of: split, for: intent(20)) else { return #expect(Bool(false)) }
        #expect(problem.contains("names shop-stable in spec.rules[0], spec.rules[1] and shop-canary in none of them"), "\(problem)")
        // The release is over: the label goes, the record waits.
        let over: HTTPRoute = try edited(split, 0)
        #expect(over.metadata.labels.isEmpty && over.metadata.annotations[ManagedRecord.annotation] != nil)
        let joined: HTTPRoute = try edited(try with([[backend("shop-stable", 80)]], as: over), 0)
        #expect(joined.rules[0].backendRefs[0].weight == 7 && joined.metadata.annotations[ManagedRecord.annotation] == nil)
    }
}
