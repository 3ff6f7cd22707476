public import Clockwork
public import KubeClient
public import KubeModel
public import Logging
import StrictJSON
import Synchronization

/// Lets one of several processes lead, by a Lease.
public final class LeaderElector: Sendable {
    /// Why leading has ended.
    public enum Ending: Sendable, Equatable {
        /// `resign` was called, or the work ended by itself. The lease was given back.
        case resigned
        /// The lease could not be renewed in time, or somebody else has it. The process should end and start anew.
        case lost(String)
        /// The task was cancelled. The lease was not given back: it expires.
        case cancelled
    }

    private let lease: ObjectKey
    private let client: KubeClient
    private let clock: any ControlClock
    private let logger: Logger
    private let timing: LeaseTiming
    private let machine: Mutex<LeaderMachine>
    private let random: Mutex<SeededGenerator>
    private let resignation = OneShot()
    private let refusal = Mutex<MissingRight?>(nil)

    /// A candidate for `lease`.
    ///
    /// - Parameters:
    ///   - identity: unique among all processes, for instance host name and a random part.
    ///   - seed: of the jitter between attempts.
    public init(
        lease: ObjectKey, identity: String, timing: LeaseTiming = LeaseTiming(), client: KubeClient, clock: any ControlClock,
        seed: UInt64, logger: Logger
    ) {
        self.lease = lease
        self.client = client.forLease(timeout: timing.renewDeadline)
        self.clock = clock
        self.logger = logger
        self.timing = timing
        self.machine = Mutex(LeaderMachine(identity: identity, timing: timing))
        self.random = Mutex(SeededGenerator(seed: seed))
    }

    /// Whether this process surely leads now.
    public var isLeading: Bool { machine.withLock { $0.timeLeft(now: clock.now) } != nil }

    /// The right without which the lease cannot be had; nil when the last attempt did not fail for want of one.
    public var missingRight: MissingRight? { refusal.withLock { $0 } }

    /// Lets writes pass only while the lease surely holds long enough for them.
    public var gate: WriteGate {
        WriteGate { [self] now in timing.guards.have(.leaderGate) ? machine.withLock { $0.timeForWriting(now: now) } : timing.duration }
    }

    /// Stops the work, waits for it, gives the lease back. `run` then returns. To be called on a graceful shutdown.
    public func resign() { resignation.fire() }

    /// Waits for the lease, then runs `work` for as long as the lease is kept.
    ///
    /// When the lease is lost `work` is cancelled at once; writes are refused by the gate even before it notices.
    public func run(_ work: @escaping @Sendable () async -> Void) async -> Ending {
        while true {
            if Task.isCancelled { return .cancelled }
            if resignation.hasFired { return .resigned }
            if await renew() == .leads { break }
            await clock.sleep(until: clock.now + jittered(timing.retryPeriod), unless: resignation)
        }
        logger.info("leading", metadata: ["lease": "\(lease)"])
        let stop = OneShot()
        let workEnded = OneShot()
        let loss = await withTaskGroup(of: String?.self) { group in
            group.addTask { [resignation] in
                await withTaskGroup(of: Void.self) { inner in
                    inner.addTask { await work() }
                    inner.addTask { await Self.first(of: resignation, stop) }
                    await inner.next()
                    inner.cancelAll()
                    await inner.waitForAll()
                }
                workEnded.fire()
                return nil
            }
            group.addTask { [self] in
                let loss = await keep(until: workEnded)
                stop.fire()
                return loss
            }
            var loss: String?
            for await result in group { loss = result ?? loss }
            return loss
        }
        if Task.isCancelled { return .cancelled }
        if let loss {
            machine.withLock { $0.lost() }
            logger.error("no longer leading", metadata: ["lease": "\(lease)", "cause": "\(loss)"])
            return .lost(loss)
        }
        await release()
        return .resigned
    }

    /// Keeps the lease until the work has ended (nil), or says why it is lost.
    private func keep(until workEnded: OneShot) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask { [self] in
                while true {
                    await clock.sleep(until: clock.now + timing.retryPeriod, unless: workEnded)
                    if workEnded.hasFired || Task.isCancelled { return nil }
                    if case .follows(let holder) = await renew() { return "\(holder) holds it" }
                }
            }
            // A renewal that hangs must not keep the loss from being noticed.
            group.addTask { [self] in
                while let left = machine.withLock({ $0.timeLeft(now: clock.now) }) {
                    await clock.sleep(until: clock.now + left, unless: workEnded)
                    if workEnded.hasFired || Task.isCancelled { return nil }
                }
                return "it could not be renewed for \(timing.renewDeadline.components.seconds) s"
            }
            let loss = await group.next() ?? nil
            group.cancelAll()
            return loss
        }
    }

    private static func first(of one: OneShot, _ other: OneShot) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await one.wait() }
            group.addTask { await other.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func jittered(_ period: Duration) -> Duration {
        // Up to a fifth more, so that those who wait do not all ask at once.
        period + period / 5 * random.withLock { Int.random(in: 0...100, using: &$0) } / 100
    }
}

extension LeaderElector {
    /// What came of one attempt to get or keep the lease.
    private enum Attempt: Equatable {
        case leads
        case follows(holder: String)
        /// Logged; the next attempt is soon.
        case failed
    }

    /// Reads the lease, decides, writes. Two requests; whatever goes wrong, the next attempt is soon.
    private func renew() async -> Attempt {
        let began = clock.now
        do throws(KubeError) {
            let document = try await read()
            let record = try document.map { json throws(KubeError) in try LeaderMachine.Record(json) }
            switch machine.withLock({ $0.step(record, now: began) }) {
            case .wait(let holder):
                // Whether it may be written shows when it is free.
                refusal.withLock { $0 = nil }
                machine.withLock { $0.lost() }
                logger.debug("waiting for the lease", metadata: ["lease": "\(lease)", "holder": "\(holder)"])
                return .follows(holder: holder)
            case .create(let record):
                let draft: JSONValue = [
                    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                    "metadata": ["name": .string(lease.name), "namespace": .string(lease.namespace)], "spec": record.json,
                ]
                _ = try await client.create(.leases, namespace: lease.namespace, draft)
                machine.withLock { $0.wrote(record, began: began) }
            case .write(let record):
                try await write(record, into: document)
                machine.withLock { $0.wrote(record, began: began) }
            }
            if refusal.withLock({ $0.take() }) != nil { logger.info("the lease may be had by now", metadata: ["lease": "\(lease)"]) }
            return .leads
        } catch {
            if let right = error.missingRight {
                // Tried every few seconds, told once.
                let before: MissingRight? = refusal.withLock { refusal in
                    defer { refusal = right }
                    return refusal
                }
                guard before != right else { return .failed }
                logger.warning("not leading, since the lease may not be had", metadata: [
                    "lease": "\(lease)", "remedy": "\(right.remedy)", "error": "\(error)",
                ])
            } else if error != .cancelled {
                logger.warning("the lease could not be renewed", metadata: ["lease": "\(lease)", "error": "\(error)"])
            }
            return .failed
        }
    }

    private func release() async {
        guard let record = machine.withLock({ $0.release(now: clock.now) }) else { return }
        // From now on nothing is written, whatever becomes of the request.
        machine.withLock { $0.lost() }
        do throws(KubeError) {
            try await write(record, into: try await read())
            logger.info("the lease is given back", metadata: ["lease": "\(lease)"])
        } catch {
            logger.warning("the lease is not given back and will expire", metadata: ["lease": "\(lease)", "error": "\(error)"])
        }
    }

    private func read() async throws(KubeError) -> JSONValue? {
        do throws(KubeError) {
            return try await client.get(.leases, namespace: lease.namespace, name: lease.name)
        } catch .notFound {
            return nil
        }
    }

    /// The document keeps what others have put into it, and its version: who wrote in between wins.
    private func write(_ record: LeaderMachine.Record, into document: JSONValue?) async throws(KubeError) {
        guard var document else { throw .conflict("the lease \(lease) has disappeared") }
        if !timing.guards.have(.leaseVersion) { document.set("", at: ["metadata", "resourceVersion"]) }
        for (key, value) in record.json.objectValue ?? JSONObject() { document.set(value, at: ["spec", key]) }
        _ = try await client.update(.leases, namespace: lease.namespace, document)
    }
}

extension LeaderMachine.Record {
    fileprivate init(_ json: JSONValue) throws(KubeError) {
        do throws(DecodeError) {
            let lease = try Lease(json: json)
            self.init(
                holder: lease.holderIdentity, durationSeconds: lease.leaseDurationSeconds, acquiredAt: lease.acquireTime,
                renewedAt: lease.renewTime, transitions: lease.leaseTransitions)
        } catch {
            throw .badResponse("the lease cannot be read: \(error)")
        }
    }

    fileprivate var json: JSONValue {
        var json: JSONValue = [
            "holderIdentity": .string(holder), "leaseDurationSeconds": JSONValue(durationSeconds), "leaseTransitions": JSONValue(transitions),
        ]
        if let acquiredAt { json["acquireTime"] = .string(acquiredAt.rfc3339Micro) }
        if let renewedAt { json["renewTime"] = .string(renewedAt.rfc3339Micro) }
        return json
    }
}
