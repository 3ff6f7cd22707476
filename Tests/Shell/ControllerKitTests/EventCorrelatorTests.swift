import Clockwork
@testable import ControllerKit
import KubeModel
import Testing

@Suite("Events") struct EventCorrelatorTests {
    static let start = Timestamp(secondsSince1970: 1_772_359_200)
    static let about = ObjectReference(kind: .rollout, key: ObjectKey(namespace: "shop", name: "web"), uid: "u")

    static func note(_ message: String, reason: String = "Scaled", about: ObjectReference = about) -> PublishedEvent {
        PublishedEvent(about: about, kind: .normal, reason: reason, message: message)
    }

    @Test func areCounted() {
        var correlator = EventCorrelator()
        guard case .create(let note, let name) = correlator.decide(Self.note("a"), now: Self.start) else {
            Issue.record("the first event is new")
            return
        }
        #expect(note == Self.note("a"))
        #expect(name.hasPrefix("web."))
        let later = Self.start + .seconds(5)
        #expect(correlator.decide(Self.note("a"), now: later) == .count(Self.note("a"), name: name, count: 2, first: Self.start))
        // Another version of the same object is the same object.
        var versioned = Self.about
        versioned.resourceVersion = "99"
        #expect(correlator.decide(Self.note("a", about: versioned), now: later) == .count(Self.note("a"), name: name, count: 3, first: Self.start))
        guard case .create(_, let other) = correlator.decide(Self.note("b"), now: Self.start) else {
            Issue.record("another message is another event")
            return
        }
        #expect(other != name)
        correlator.forget(name: name)
        guard case .create = correlator.decide(Self.note("a"), now: later) else {
            Issue.record("a forgotten event is new")
            return
        }
    }

    @Test func areCombinedWhenThereAreManyOfAKind() {
        var correlator = EventCorrelator()
        var decisions = (1...13).map { correlator.decide(Self.note("message \($0)"), now: Self.start) }
        let created = decisions.filter { if case .create = $0 { true } else { false } }
        #expect(created.count == 11)
        guard case .create(let combined, let name) = decisions[10] else {
            Issue.record("the eleventh is combined")
            return
        }
        #expect(combined.message == "(combined from similar events): message 11")
        #expect(decisions[12] == .count(Self.note("(combined from similar events): message 13"), name: name, count: 3, first: Self.start))
        // Another reason, and the same reason after ten minutes, stand for themselves.
        decisions = [
            correlator.decide(Self.note("x", reason: "Other"), now: Self.start),
            correlator.decide(Self.note("y"), now: Self.start + .seconds(601)),
        ]
        for (decision, message) in zip(decisions, ["x", "y"]) {
            guard case .create(let note, _) = decision else {
                Issue.record("\(message) is new")
                continue
            }
            #expect(note.message == message)
        }
    }

    @Test func areDroppedWhenOneObjectHasTooMany() {
        var correlator = EventCorrelator()
        func isDropped(_ about: ObjectReference, at instant: Timestamp, _ number: Int) -> Bool {
            correlator.decide(Self.note("m", reason: "r\(number)", about: about), now: instant) == .drop
        }
        let results = (1...30).map { isDropped(Self.about, at: Self.start, $0) }
        #expect(results == Array(repeating: false, count: 25) + Array(repeating: true, count: 5))
        var other = Self.about
        other.uid = "v"
        #expect(!isDropped(other, at: Self.start, 1))
        #expect(isDropped(Self.about, at: Self.start + .seconds(299), 31))
        #expect(!isDropped(Self.about, at: Self.start + .seconds(300), 32))
        #expect(isDropped(Self.about, at: Self.start + .seconds(300), 33))
    }

    @Test func doNotFillTheMemory() {
        var correlator = EventCorrelator()
        for number in 0..<10_000 {
            var about = Self.about
            about.uid = "u\(number)"
            _ = correlator.decide(Self.note("m", about: about), now: Self.start + .seconds(number))
        }
        #expect(correlator.remembered <= 3 * (EventCorrelator.memory + 1))
    }
}
