import Clockwork
import StrictJSON
import RolloutModel
import Testing

@testable import PluginCommands

@Suite("What Argo Rollouts' plugin prints of recorded objects", .enabled(if: !ArgoObjects.all.isEmpty, "SLUICE_TEST_CRDS is not set"))
struct ArgoGoldenTests {
    @Test(arguments: ArgoObjects.all) func isTheTreeThatWePrint(_ recorded: ArgoObjects) throws {
        let documents: [JSONValue] = try recorded.documents()
        let objects: RolloutObjects = try rolloutObjects(documents)
        #expect(objects.complaints == [])
        let text = RolloutText(painter: Painter(usesColour: false), now: try recorded.now(documents))
        let lines: [String] = text.lines(RolloutOverview(objects))
        let expected: [String] = try recorded.text(".get.txt").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        // The last line ends in a line feed.
        #expect(lines + [""] == expected)
    }

    @Test func isTheListThatWePrint() throws {
        let rows: [RolloutListRow] = try ArgoObjects.all.map { RolloutListRow(try Rollout(json: try $0.rollout(try $0.documents()))) }
        let list = RolloutList(showsNamespaces: false, showsTimestamps: false)
        #expect(list.lines(rows, withTitles: true, now: .epoch).joined(separator: "\n") + "\n" == (try ArgoObjects.listText()))
    }
}
