public import Clockwork
import Safety

/// How long a lease holds, and how it is kept.
public struct LeaseTiming: Sendable, Hashable {
    /// For how long others stay away after a renewal.
    public var duration: Duration
    /// Whoever could not renew for this long stops leading. The rest of `duration` is the margin for what is still on its way.
    public var renewDeadline: Duration
    /// How often the lease is renewed, or looked at by those who wait.
    public var retryPeriod: Duration
    /// The rules that hold: all of them.
    package var guards: SafetyGuards = .all

    /// 15, 10 and 2 seconds, as Argo Rollouts, unless given otherwise. They must be in falling order.
    public init(duration: Duration = .seconds(15), renewDeadline: Duration = .seconds(10), retryPeriod: Duration = .seconds(2)) {
        precondition(duration > renewDeadline && renewDeadline > retryPeriod && retryPeriod > .zero, "lease times must fall: \(duration), \(renewDeadline), \(retryPeriod)")
        self.duration = duration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
    }
}

/// Decides who leads, by what was seen of the lease and when, on this machine's clock alone.
///
/// Others' clocks are never compared with ours: a lease is expired when it has not *changed* for its duration since we
/// first saw it so.
public struct LeaderMachine: Sendable {
    /// The record as it is written into a lease.
    public struct Record: Sendable, Hashable {
        public var holder: String
        public var durationSeconds: Int
        public var acquiredAt: Timestamp?
        public var renewedAt: Timestamp?
        public var transitions: Int
    }

    /// What to do with the lease as it was read.
    public enum Step: Sendable, Equatable {
        /// There is none: create it.
        case create(Record)
        /// Write this in its place, if nobody else has written since.
        case write(Record)
        /// Somebody else holds it.
        case wait(holder: String)
    }

    public let identity: String
    public let timing: LeaseTiming
    private var seen: Record?
    private var seenAt: Timestamp?
    /// When the last successful renewal was *begun*: the lease surely holds for its duration from then.
    private var renewalBegan: Timestamp?

    /// A candidate named `identity`, which must be unique among all processes.
    public init(identity: String, timing: LeaseTiming = LeaseTiming()) {
        self.identity = identity
        self.timing = timing
    }

    /// The lease was read; nil when there is none. `now` is taken before the request that will carry out the step.
    public mutating func step(_ lease: Record?, now: Timestamp) -> Step {
        guard let lease else {
            return .create(fresh(transitions: 0, now: now))
        }
        if seen != lease {
            seen = lease
            seenAt = now
        }
        if lease.holder == identity {
            return .write(Record(
                holder: identity, durationSeconds: durationSeconds, acquiredAt: lease.acquiredAt ?? now, renewedAt: now,
                transitions: lease.transitions))
        }
        // A lease without a holder was given back.
        let unchangedSince = timing.guards.have(.leaseByElapsedTime) ? seenAt : lease.renewedAt
        let expiry = (unchangedSince ?? now) + .seconds(lease.durationSeconds)
        if lease.holder.isEmpty || expiry <= now { return .write(fresh(transitions: lease.transitions + 1, now: now)) }
        return .wait(holder: lease.holder)
    }

    /// The step was carried out; `began` is the time that the step was decided with.
    public mutating func wrote(_ record: Record, began: Timestamp) {
        seen = record
        seenAt = began
        renewalBegan = record.holder == identity ? began : nil
    }

    /// The lease is known to be somebody else's.
    public mutating func lost() { renewalBegan = nil }

    /// For how long this process surely may act; nil when it may not.
    ///
    /// It ends at the renew deadline, not with the lease: what is begun before has the margin to arrive.
    public func timeLeft(now: Timestamp) -> Duration? {
        // A clock that was set back makes the age of the renewal unknown.
        guard let renewalBegan, renewalBegan <= now || !timing.guards.have(.clockSetBack) else { return nil }
        let left = now.duration(to: renewalBegan + timing.renewDeadline)
        return left > .zero ? left : timing.guards.have(.renewDeadline) ? nil : timing.renewDeadline
    }

    /// For how long a request that is begun now may take and still arrive while the lease holds; nil when none may be begun.
    public func timeForWriting(now: Timestamp) -> Duration? {
        guard let left = timeLeft(now: now) else { return nil }
        // Half of the margin is for the answer that we do not see: a server may act on a request after we have given up.
        return left + (timing.duration - timing.renewDeadline) / 2
    }

    /// What to write to give the lease back.
    public func release(now: Timestamp) -> Record? {
        guard let seen, seen.holder == identity else { return nil }
        return Record(holder: "", durationSeconds: 1, acquiredAt: now, renewedAt: now, transitions: seen.transitions)
    }

    private var durationSeconds: Int { Int(timing.duration.components.seconds) }

    private func fresh(transitions: Int, now: Timestamp) -> Record {
        Record(holder: identity, durationSeconds: durationSeconds, acquiredAt: now, renewedAt: now, transitions: transitions)
    }
}
