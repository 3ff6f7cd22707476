import Clockwork
@testable import SimulatedCluster
import Testing

@Suite("The life of a pod") struct PodLifeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var behaviour: PodBehaviour
        var readiness: Bool?
        var after: Duration
        var stage: PodLife.Stage
        var wakesAfter: Duration?

        init(
            _ description: String, _ behaviour: PodBehaviour, readiness: Bool? = nil, after: Duration, _ stage: PodLife.Stage,
            wakesAfter: Duration? = nil
        ) {
            testDescription = description
            self.behaviour = behaviour
            self.readiness = readiness
            self.after = after
            self.stage = stage
            self.wakesAfter = wakesAfter
        }
    }

    static let cases: [Case] = [
        Case("waits until the last nanosecond", .ready(after: nil), after: .seconds(3) - .nanoseconds(1), .pending, wakesAfter: .seconds(3)),
        Case("is ready when its delay is over", .ready(after: nil), after: .seconds(3), .running(isReady: true)),
        Case("runs without being ready", .neverReady, after: .seconds(3), .running(isReady: false)),
        Case("crashes after its delay, not before", .crashing, after: .seconds(1), .pending, wakesAfter: .seconds(3)),
        Case("has crashed", .crashing, after: .seconds(9), .crashed()),
        Case("is never scheduled", .unschedulable, after: .seconds(900), .unschedulable),
        Case("does not become ready by order before it runs", .ready(after: nil), readiness: true, after: .seconds(1), .pending, wakesAfter: .seconds(3)),
        Case("is unready by order", .ready(after: nil), readiness: false, after: .seconds(4), .running(isReady: false)),
        Case("is ready by order in spite of its image", .neverReady, readiness: true, after: .seconds(4), .running(isReady: true)),
        Case("is not ready by order when it crashes", .crashing, readiness: true, after: .seconds(4), .crashed()),
    ]

    @Test(arguments: cases) func stands(_ c: Case) {
        let life = PodLife(behaviour: c.behaviour, startedAt: .epoch, delay: .seconds(3), readiness: c.readiness)
        let found = life.stage(at: Timestamp.epoch + c.after)
        #expect(found.stage == c.stage)
        #expect(found.wakeAt == c.wakesAfter.map { Timestamp.epoch + $0 })
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func beginsWithinTheBoundsOfItsDelay(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let delay = DelayRange.between(.seconds(2), .milliseconds(2003)).draw(using: &random)
        #expect((.seconds(2)...(.milliseconds(2003))).contains(delay), "seed \(seed)")
        #expect(DelayRange.exactly(.milliseconds(600)).draw(using: &random) == .milliseconds(600))
    }

    static let images: [(image: String, behaviour: PodBehaviour)] = [
        ("web", .ready(after: nil)), ("web:v1", .ready(after: nil)), ("web:badge", .ready(after: nil)), ("bad/web:v1", .ready(after: nil)),
        ("localhost:5000/web", .ready(after: nil)), ("localhost:5000/web:bad", .neverReady), ("web:never", .neverReady),
        ("web:bad-v2@sha256:00", .neverReady), ("web:crash", .crashing), ("web:slow", .ready(after: .seconds(6))), ("web:pending", .unschedulable),
    ]

    @Test(arguments: images) func followsTheTagOfItsImage(image: String, behaviour: PodBehaviour) {
        #expect(PodBehaviour(image: image, settings: ClusterSettings()) == behaviour)
    }
}
