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
