@testable import ControllerKit
import KubeClient
import MutantUnderTest
import KubeModel
import Testing

@Suite("The protocol of a watch") struct WatchMachineTests {
    typealias Step = WatchMachine.Step

    enum Happening: Sendable {
        case page(String, continue: String? = nil)
        case listFailed(KubeError)
        case version(String)
        case ended(WatchMachine.Ending)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var happenings: [Happening]
        var last: Step
    }

    static let backOff = WatchMachine.Pause.backOff(atLeast: nil)
    static let unavailable = KubeError.unavailable(after: nil, cause: "down")
    static let forbidden = KubeError.forbidden(
        verb: "watch", resource: "services", status: APIStatus(code: 403, reason: "Forbidden", message: "no"))
    static let listed: [Happening] = [.page("7")]
    static let watched: [Happening] = [.page("7"), .version("9")]

    static let cases: [Case] = [
        Case(testDescription: "asks for the next page", happenings: [.page("7", continue: "a")], last: Step(question: .list(continueToken: "a"), pause: .none)),
        Case(testDescription: "watches from the version of the list", happenings: [.page("6", continue: "a"), .page("7")], last: Step(question: .watch(from: "7"), pause: .none)),
        Case(testDescription: "asks for the same page again", happenings: [.page("7", continue: "a"), .listFailed(unavailable)],
             last: Step(question: .list(continueToken: "a"), pause: backOff)),
        Case(testDescription: "starts over when its place is lost", happenings: [.page("7", continue: "a"), .listFailed(.gone("old"))],
             last: Step(question: .list(continueToken: nil), pause: backOff)),
        Case(testDescription: "waits as long as it is told", happenings: [.listFailed(.tooManyRequests(after: .seconds(7)))],
             last: Step(question: .list(continueToken: nil), pause: .backOff(atLeast: .seconds(7)))),
        Case(testDescription: "keeps asking for a kind that is not there", happenings: [.listFailed(.notFound("no such kind"))],
             last: Step(question: .list(continueToken: nil), pause: backOff)),
        Case(testDescription: "goes on where a closed watch ended", happenings: watched + [.ended(.closed)], last: Step(question: .watch(from: "9"), pause: .none)),
        Case(testDescription: "goes on where a broken watch ended, but not at once", happenings: watched + [.ended(.failed(unavailable))],
             last: Step(question: .watch(from: "9"), pause: backOff)),
        Case(testDescription: "does not storm a server that closes at once", happenings: listed + [.ended(.closed)], last: Step(question: .watch(from: "7"), pause: backOff)),
        Case(testDescription: "lists again when its version is too old", happenings: watched + [.ended(.failed(.gone("old")))],
             last: Step(question: .list(continueToken: nil), pause: .none)),
        Case(testDescription: "does not list in circles", happenings: listed + [.ended(.failed(.gone("old")))],
             last: Step(question: .list(continueToken: nil), pause: backOff)),
        Case(testDescription: "lists now and then what it may not watch", happenings: watched + [.ended(.failed(forbidden))],
             last: Step(question: .list(continueToken: nil), pause: .backOff(atLeast: WatchMachine.pollInterval))),
        Case(testDescription: "keeps asking for what it may not list", happenings: [.listFailed(forbidden)],
             last: Step(question: .list(continueToken: nil), pause: backOff)),
        Case(testDescription: "lists again when the kind was replaced", happenings: watched + [.ended(.failed(.notFound("gone")))],
             last: Step(question: .list(continueToken: nil), pause: .none)),
        Case(testDescription: "keeps its place when an event has no version", happenings: watched + [.version(""), .ended(.closed)],
             last: Step(question: .watch(from: "9"), pause: .none)),
        Case(testDescription: "forgets progress of an earlier watch", happenings: watched + [.ended(.closed), .ended(.closed)],
             last: Step(question: .watch(from: "9"), pause: backOff)),
    ]

    @Test(arguments: cases) func goesOn(_ c: Case) {
        var machine = WatchMachine(guards: guardsUnderTest)
        var step: Step? = machine.first
        #expect(step == Step(question: .list(continueToken: nil), pause: .none))
        for happening in c.happenings {
            switch happening {
            case .page(let version, let token): step = machine.pageCame(resourceVersion: version, continueToken: token)
            case .listFailed(let error): step = machine.listFailed(error)
            case .version(let version): machine.versionCame(version)
            case .ended(let ending): step = machine.watchEnded(ending)
            }
        }
        #expect(step == c.last)
    }
}
