import Clockwork
@testable import ControllerKit
import KubeModel
import MutantUnderTest
import SimulatedTime
import Testing

@Suite("The work queue") struct WorkQueueTests {
    let a = ObjectKey(namespace: "n", name: "a")
    let b = ObjectKey(namespace: "n", name: "b")

    @Test func backsOffTwiceAsLongEachTimeUpToTenSeconds() {
        let delays = (0..<20).map(WorkQueue.delay(afterFailures:))
        #expect(Array(delays.prefix(4)) == [.milliseconds(1), .milliseconds(2), .milliseconds(4), .milliseconds(8)])
        #expect(delays[13] == .milliseconds(8192))
        #expect(delays[14...].allSatisfy { $0 == .seconds(10) })
    }

    @Test func holdsEachKeyOnce() throws {
        let world = try World()
        let queue = WorkQueue(clock: world.clock)
        try world.run([]) {
            queue.add(a)
            queue.add(b)
            queue.add(a)
            #expect(queue.statistics.depth == 2)
            #expect(await queue.next() == a)
            #expect(await queue.next() == b)
            queue.done(a)
            queue.done(b)
            #expect(queue.statistics == .init(depth: 0, active: 0, delayed: 0, oldestReadySince: nil, addCount: 2, retryCount: 0))
        }
    }

    @Test func keepsAKeyBackWhileAWorkerHasIt() throws {
        let world = try World()
        let queue = WorkQueue(clock: world.clock)
        try world.run([]) {
            queue.add(a)
            #expect(await queue.next() == a)
            queue.add(a)
            queue.add(b)
            #expect(await queue.next() == b)
            #expect(queue.statistics.depth == 0)
            queue.done(a)
            #expect(await queue.next() == a)
            queue.done(a)
            queue.done(b)
            #expect(queue.statistics.depth == 0)
        }
    }

    @Test func wakesKeysInTime() throws {
        let world = try World()
        let queue = WorkQueue(clock: world.clock)
        let start = world.clock.now
        let woken = Recorder<String>()
        try world.run([{ await queue.runTimers() }, {
            while let key = await queue.next() {
                woken.add("\(key.name) \(start.duration(to: world.clock.now).components.seconds)")
                queue.done(key)
            }
        }]) {
            queue.add(a, at: start + .seconds(30))
            queue.add(b, at: start + .seconds(20))
            queue.add(a, at: start + .seconds(10))
            queue.add(b, at: start + .seconds(25))
            try await world.sleep(.seconds(60))
            #expect(woken.all == ["a 10", "b 20"], "of several instants the earliest counts")
            queue.add(a, at: start + .seconds(90))
            queue.add(a)
            try await world.sleep(.seconds(60))
            #expect(woken.all == ["a 10", "b 20", "a 60"], "a look now makes the later one needless")
            #expect(queue.statistics.delayed == 0)
        }
    }

    @Test func retriesLaterAndLaterUntilForgotten() throws {
        let world = try World()
        let queue = WorkQueue(clock: world.clock)
        let gaps = Recorder<Duration>()
        try world.run([{ await queue.runTimers() }]) {
            queue.add(a)
            var last = world.clock.now
            for attempt in 0..<5 {
                guard let key = await queue.next() else { return }
                gaps.add(last.duration(to: world.clock.now))
                last = world.clock.now
                if attempt == 3 { queue.forget(key) }
                queue.retry(key, atLeast: attempt == 2 ? .seconds(7) : nil)
                queue.done(key)
            }
            _ = await queue.next()
            gaps.add(last.duration(to: world.clock.now))
        }
        #expect(gaps.all == [.zero, .milliseconds(1), .milliseconds(2), .seconds(7), .milliseconds(1), .milliseconds(2)])
    }

    @Test func endsForWorkersWhenItIsShutDownOrTheyAreCancelled() throws {
        let world = try World()
        let queue = WorkQueue(clock: world.clock)
        let ended = Recorder<Int>()
        try world.run([{ _ = await queue.next(); ended.add(1) }]) { try await world.sleep(.seconds(1)) }
        #expect(ended.all == [1])
        let other = WorkQueue(clock: world.clock)
        try world.run([{ _ = await other.next(); ended.add(2) }]) {
            try await world.sleep(.seconds(1))
            other.shutDown()
            try await world.sleep(.seconds(1))
            #expect(ended.all == [1, 2])
            other.add(a)
            #expect(await other.next() == nil)
        }
    }
}

@Suite("A controller") struct ControllerTests {
    let key = ObjectKey(namespace: "n", name: "a")

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func hasOneWorkerPerKey(seed: UInt64) throws {
        let world = try World(seed: seed)
        let queue = WorkQueue(clock: world.clock)
        let active = ActiveKeys()
        let controller = Controller(name: "test", workers: 4, queue: queue, barrier: WriteBarrier(), clock: world.clock, logger: world.logger) { key in
            active.begin(key)
            // Cancelled at the end of the test.
            try? await world.sleep(.seconds(1))
            active.end(key)
            return .settled
        }
        try world.run([{ await controller.run() }]) {
            for round in 0..<20 {
                for name in ["a", "b", "c", "d", "e", "f"] { queue.add(ObjectKey(namespace: "n", name: name)) }
                try await world.sleep(.milliseconds(100 * round))
            }
            try await world.sleep(.seconds(30))
            #expect(active.mostPerKey == 1)
            #expect(active.most == 4)
            #expect(queue.statistics.depth == 0)
        }
    }

    @Test func actsOnOutcomes() throws {
        let world = try World()
        let queue = WorkQueue(clock: world.clock)
        let start = world.clock.now
        let times = Recorder<Duration>()
        let controller = Controller(name: "test", workers: 1, queue: queue, barrier: WriteBarrier(), clock: world.clock, logger: world.logger) { _ in
            times.add(start.duration(to: world.clock.now))
            switch times.all.count {
            case 1: return .wake(at: start + .seconds(60))
            case 2: return Outcome(after: .conflict("modified"))
            case 3: return Outcome(after: .tooManyRequests(after: .seconds(5)))
            default: return .settled
            }
        }
        try world.run([{ await controller.run() }]) {
            queue.add(key)
            try await world.sleep(.seconds(600))
        }
        #expect(times.all == [.zero, .seconds(60), .seconds(60) + .milliseconds(1), .seconds(65) + .milliseconds(1)])
    }

    @Test func drainsWhenTheQueueIsShutDown() throws {
        let world = try World()
        let queue = WorkQueue(clock: world.clock)
        let finished = Recorder<String>()
        let controller = Controller(name: "test", workers: 2, queue: queue, barrier: WriteBarrier(), clock: world.clock, logger: world.logger) { _ in
            do { try await world.sleep(.seconds(5)) } catch { finished.add("cancelled") }
            finished.add("done")
            return .settled
        }
        try world.run([]) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await controller.run()
                    finished.add("ended")
                }
                queue.add(key)
                try? await world.sleep(.seconds(1))
                queue.shutDown()
            }
        }
        #expect(finished.all == ["done", "ended"])
    }

    @Test func hasTheCacheFilledAnewThatHasNotSeenAWriteForLong() {
        let barrier = WriteBarrier(guards: guardsUnderTest)
        let cache = SlowCache()
        let start = Timestamp(secondsSince1970: 0)
        barrier.expect("7", of: key, in: cache, for: key, now: start)
        #expect(!barrier.isClear(key, now: start + WriteBarrier.patience - .nanoseconds(1)))
        #expect(cache.lists == 0)
        #expect(barrier.isClear(key, now: start + WriteBarrier.patience))
        #expect(cache.lists == 1)
    }

    @Test func waitsUntilTheCacheHasSeenItsWrite() throws {
        let world = try World()
        let queue = WorkQueue(clock: world.clock)
        let barrier = WriteBarrier(guards: guardsUnderTest)
        let cache = SlowCache()
        let start = world.clock.now
        let times = Recorder<Duration>()
        let controller = Controller(name: "test", workers: 1, queue: queue, barrier: barrier, clock: world.clock, logger: world.logger) { key in
            times.add(start.duration(to: world.clock.now))
            if times.all.count == 1 { barrier.expect("7", of: key, in: cache, for: key, now: world.clock.now) }
            if times.all.count == 2 { barrier.expect("never", of: key, in: cache, for: key, now: world.clock.now) }
            return .settled
        }
        try world.run([{ await controller.run() }]) {
            queue.add(key)
            try await world.sleep(.milliseconds(250))
            queue.add(key)
            try await world.sleep(.milliseconds(250))
            #expect(times.all.count == 1)
            cache.show("7")
            try await world.sleep(.seconds(1))
            #expect(times.all.count == 2)
            #expect(times.all[1] >= .milliseconds(500) && times.all[1] <= .milliseconds(600))
            // Patience ends: a cache that never sees the write does not stop the key for good.
            queue.add(key)
            try await world.sleep(.seconds(29))
            #expect(times.all.count == 2)
            try await world.sleep(.seconds(3))
            #expect(times.all.count == 3)
        }
    }
}
