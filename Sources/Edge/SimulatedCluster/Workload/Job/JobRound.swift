import Clockwork
import KubeModel

/// What is to be done about a Job.
struct JobPlan: Sendable, Equatable {
    /// How many pods to start.
    var creations = 0
    /// Pods that are counted, or never will be, and may go when they are told to.
    var releases: [ObjectMeta] = []
    /// Running pods that are not wanted any more. They are let go first, so that nobody counts them as failed.
    var deletions: [ObjectMeta] = []
    /// The complete new status.
    var status: SimulatedJob.Status
    /// Its time after the end is over.
    var isOver = false
    var notes: [Note] = []
    /// When time alone changes something.
    var wakeAt: Timestamp?

    /// Something to tell about the Job.
    struct Note: Sendable, Equatable {
        var isWarning = false
        var reason: String
        var message: String
    }
}

/// One look of the Job controller at a Job and its pods.
///
/// A pod counts once, whatever happens to it or to this process: first its UID is noted in the status, then its finalizer is taken
/// away, then the number is raised and the note removed.
///
/// - SeeAlso: Kubernetes, `pkg/controller/job`.
struct JobRound {
    private let job: SimulatedJob
    private let pods: [SimulatedPod]
    private let now: Timestamp
    private var plan: JobPlan

    /// What the controller does now.
    ///
    /// - Parameter pods: those that the Job controls.
    static func decide(_ job: SimulatedJob, _ pods: [SimulatedPod], now: Timestamp) -> JobPlan {
        var round = JobRound(job, pods.sorted { $0.metadata.name < $1.metadata.name }, now: now)
        round.run()
        return round.plan
    }

    private init(_ job: SimulatedJob, _ pods: [SimulatedPod], now: Timestamp) {
        self.job = job
        self.pods = pods
        self.now = now
        plan = JobPlan(status: job.status)
    }

    private mutating func run() {
        if let ending = job.ending { return clear(after: ending) }
        if job.metadata.isBeingDeleted { return plan.releases = pods.filter(\.isTracked).map(\.metadata) }
        noteSuspension()
        if plan.status.startTime == nil, !job.isSuspended { plan.status.startTime = now.truncatedToSeconds }
        count()
        let active = pods.filter(\.isActive)
        if failed > job.backoffLimit || hasRestartedTooOften {
            return end("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit", failed: failed + active.count)
        }
        if let due = deadline {
            if now >= due {
                return end("Failed", "DeadlineExceeded", "Job was active longer than specified deadline", failed: failed + active.count)
            }
            wake(at: due)
        }
        manage(active)
        if plan.creations == 0, active.count == plan.deletions.count, job.completions.map({ succeeded >= $0 }) ?? (succeeded > 0), !job.isSuspended {
            end("Complete", "", "", failed: failed)
        }
    }

    // MARK: - Counting

    /// Pods whose end is noted and whose finalizer is gone are counted; those that have just ended are noted; those noted are let go.
    private mutating func count() {
        let tracked = Set(pods.filter(\.isTracked).map(\.metadata.uid))
        var status = plan.status
        status.succeeded += status.uncounted.succeeded.count { !tracked.contains($0) }
        status.failed += status.uncounted.failed.count { !tracked.contains($0) }
        status.uncounted.succeeded.removeAll { !tracked.contains($0) }
        status.uncounted.failed.removeAll { !tracked.contains($0) }
        for pod in pods where pod.isTracked && !pod.isActive {
            let uid = pod.metadata.uid
            if job.status.uncounted.contains(uid) { plan.releases.append(pod.metadata) }
            else if pod.phase == .succeeded { status.uncounted.succeeded.append(uid) }
            else { status.uncounted.failed.append(uid) }
        }
        plan.status = status
    }

    private var succeeded: Int { plan.status.succeeded + plan.status.uncounted.succeeded.count }

    private var failed: Int { plan.status.failed + plan.status.uncounted.failed.count }

    // MARK: - Pods

    /// Starts and ends pods until there are as many as are wanted.
    private mutating func manage(_ active: [SimulatedPod]) {
        let wanted: Int
        if job.isSuspended {
            wanted = 0
        } else if let completions = job.completions {
            wanted = min(job.parallelism, max(0, completions - succeeded))
        } else {
            wanted = succeeded > 0 ? min(active.count, job.parallelism) : job.parallelism
        }
        if active.count > wanted {
            plan.deletions = active.sorted(by: Self.goesBefore).prefix(active.count - wanted).map(\.metadata)
        } else if active.count < wanted {
            if let due = nextAttempt, now < due { wake(at: due) } else { plan.creations = wanted - active.count }
        }
        plan.status.active = active.count + plan.creations - plan.deletions.count
    }

    /// Pods that have not begun go first, then the youngest.
    private static func goesBefore(_ left: SimulatedPod, _ right: SimulatedPod) -> Bool {
        if left.isReady != right.isReady { return !left.isReady }
        if let first = left.metadata.creationTimestamp, let second = right.metadata.creationTimestamp, first != second { return first > second }
        return left.metadata.name < right.metadata.name
    }

    /// When the next pod may be started: 10 s after a failure, doubled with each further one since the last success, at most 10 minutes.
    private var nextAttempt: Timestamp? {
        let successes = pods.filter { $0.phase == .succeeded }.compactMap(\.endedAt)
        let failures = pods.filter { !$0.isActive && $0.phase != .succeeded }.compactMap(\.endedAt)
            .filter { failure in successes.allSatisfy { $0 < failure } }
        guard let last = failures.max() else { return nil }
        return last + min(.seconds(600), .seconds(10 << min(failures.count - 1, 6)))
    }

    private var hasRestartedTooOften: Bool {
        guard job.restartsContainers else { return false }
        let restarts = pods.filter { $0.isActive }.reduce(0) { $0 + $1.restarts }
        return job.backoffLimit == 0 ? restarts > 0 : restarts >= job.backoffLimit
    }

    // MARK: - Beginning and end

    private var deadline: Timestamp? {
        guard !job.isSuspended, let seconds = job.activeDeadlineSeconds else { return nil }
        return plan.status.startTime.map { $0 + .seconds(seconds) }
    }

    private mutating func noteSuspension() {
        let isNoted = job.status.conditions.condition("Suspended")?.isTrue ?? false
        guard job.isSuspended != isNoted else { return }
        let (reason, message) = job.isSuspended ? ("JobSuspended", "Job suspended") : ("JobResumed", "Job resumed")
        plan.status.conditions.removeAll { $0.type == "Suspended" }
        plan.status.conditions.append(Condition(
            type: "Suspended", status: job.isSuspended ? "True" : "False", reason: reason, message: message,
            lastTransitionTime: now.truncatedToSeconds))
        plan.notes.append(JobPlan.Note(reason: job.isSuspended ? "Suspended" : "Resumed", message: message))
        // Its deadline begins anew.
        if !job.isSuspended { plan.status.startTime = now.truncatedToSeconds }
    }

    /// All is counted at once: after its end nothing is counted any more. What still runs is ended in the next round.
    private mutating func end(_ type: String, _ reason: String, _ message: String, failed: Int) {
        let at = now.truncatedToSeconds
        plan.status.succeeded = succeeded
        plan.status.failed = failed
        plan.status.active = 0
        plan.status.uncounted = SimulatedJob.Uncounted()
        plan.status.conditions.append(Condition(type: type, status: "True", reason: reason, message: message, lastTransitionTime: at))
        if type == "Complete" { plan.status.completionTime = at }
        plan.notes.append(
            type == "Complete"
                ? JobPlan.Note(reason: "Completed", message: "Job completed")
                : JobPlan.Note(isWarning: true, reason: reason, message: message))
        (plan.releases, plan.deletions, plan.creations, plan.wakeAt) = ([], [], 0, nil)
    }

    private mutating func clear(after ending: Condition) {
        plan.deletions = pods.filter(\.isActive).map(\.metadata)
        plan.releases = pods.filter { $0.isTracked && !$0.isActive }.map(\.metadata)
        guard let seconds = job.ttlSecondsAfterFinished, !job.metadata.isBeingDeleted, let since = ending.lastTransitionTime else { return }
        let due = since + .seconds(seconds)
        if now >= due { plan.isOver = true } else { wake(at: due) }
    }

    private mutating func wake(at instant: Timestamp) { plan.wakeAt = plan.wakeAt.map { min($0, instant) } ?? instant }
}

extension SimulatedPod {
    /// Whether its Job has not let go of it yet.
    var isTracked: Bool { metadata.finalizers.contains(JobTwin.finalizer) }

    /// When it ended; for one that was told to go, when that was.
    fileprivate var endedAt: Timestamp? { finishedAt ?? metadata.deletionTimestamp }
}
