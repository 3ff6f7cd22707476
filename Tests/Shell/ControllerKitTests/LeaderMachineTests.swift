import Clockwork
@testable import ControllerKit
import Testing

@Suite("Who leads") struct LeaderMachineTests {
    typealias Record = LeaderMachine.Record

    let start = Timestamp(secondsSince1970: 1_772_359_200)

    func record(_ holder: String, renewed: Timestamp? = nil, duration: Int = 15, transitions: Int = 4) -> Record {
        Record(holder: holder, durationSeconds: duration, acquiredAt: start, renewedAt: renewed ?? start, transitions: transitions)
    }

    @Test func createsALeaseThatIsNotThere() {
        var machine = LeaderMachine(identity: "a", timing: .tested)
        #expect(machine.step(nil, now: start) == .create(record("a", transitions: 0)))
        #expect(machine.timeLeft(now: start) == nil)
        machine.wrote(record("a", transitions: 0), began: start)
        #expect(machine.timeLeft(now: start) == .seconds(10))
    }

    @Test func waitsForAsLongAsTheLeaseDoesNotChange() {
        var machine = LeaderMachine(identity: "a", timing: .tested)
        // The other's clock is an hour behind: that means nothing.
        let theirs = record("b", renewed: start - .seconds(3600))
        #expect(machine.step(theirs, now: start) == .wait(holder: "b"))
        #expect(machine.step(theirs, now: start + .milliseconds(14_999)) == .wait(holder: "b"))
        let renewed = record("b", renewed: start - .seconds(3590))
        #expect(machine.step(renewed, now: start + .seconds(15)) == .wait(holder: "b"))
        #expect(machine.step(renewed, now: start + .milliseconds(29_999)) == .wait(holder: "b"))
        let now = start + .seconds(30)
        #expect(machine.step(renewed, now: now) == .write(Record(holder: "a", durationSeconds: 15, acquiredAt: now, renewedAt: now, transitions: 5)))
    }

    @Test func takesALeaseThatWasGivenBack() {
        var machine = LeaderMachine(identity: "a", timing: .tested)
        guard case .write(let record) = machine.step(record("", duration: 1), now: start) else {
            Issue.record("a free lease was not taken")
            return
        }
        #expect(record.holder == "a")
        #expect(record.transitions == 5)
    }

    @Test func renewsItsOwn() {
        var machine = LeaderMachine(identity: "a", timing: .tested)
        let now = start + .seconds(2)
        #expect(machine.step(record("a"), now: now) == .write(record("a", renewed: now)))
    }

    @Test func leadsOnlyUntilTheRenewDeadline() {
        var machine = LeaderMachine(identity: "a", timing: .tested)
        machine.wrote(record("a"), began: start)
        #expect(machine.timeLeft(now: start + .milliseconds(9_999)) == .milliseconds(1))
        #expect(machine.timeForWriting(now: start + .milliseconds(9_999)) == .milliseconds(2_501))
        #expect(machine.timeLeft(now: start + .seconds(10)) == nil)
        #expect(machine.timeForWriting(now: start + .seconds(10)) == nil)
        machine.wrote(record("a"), began: start + .seconds(8))
        #expect(machine.timeLeft(now: start + .seconds(10)) == .seconds(8))
        machine.lost()
        #expect(machine.timeLeft(now: start + .seconds(10)) == nil)
    }

    @Test func trustsNoClockThatWasSetBack() {
        var machine = LeaderMachine(identity: "a", timing: .tested)
        machine.wrote(record("a"), began: start)
        #expect(machine.timeLeft(now: start - .seconds(1)) == nil)
    }

    @Test func everyWriteArrivesWhileTheLeaseHolds() {
        var machine = LeaderMachine(identity: "a", timing: .tested)
        machine.wrote(record("a"), began: start)
        for milliseconds in stride(from: 0, through: 20_000, by: 50) {
            let now = start + .milliseconds(milliseconds)
            if let time = machine.timeForWriting(now: now) { #expect(now + time < start + .seconds(15)) }
        }
    }

    @Test func givesBackOnlyItsOwn() {
        var machine = LeaderMachine(identity: "a", timing: .tested)
        #expect(machine.release(now: start) == nil)
        _ = machine.step(record("b"), now: start)
        #expect(machine.release(now: start) == nil)
        machine.wrote(record("a"), began: start)
        #expect(machine.release(now: start) == Record(holder: "", durationSeconds: 1, acquiredAt: start, renewedAt: start, transitions: 4))
    }
}
