import Clockwork

/// How a pod that is meant to end does so: those of Jobs, and whatever else has not the restart policy `Always`.
///
/// As with readiness the image's tag decides: `crash` ends with exit code 1, `bad` and `never` do not end, anything else succeeds. Two annotations
/// of the pod say it exactly.
struct PodRun: Sendable, Equatable {
    /// How long its containers run, as a Go duration: `30s`.
    static let durationAnnotation: String = "simulated-cluster/run-duration"
    /// Exit codes of one attempt after the other, the last of which stays: `1,1,0`. Attempts are counted over all pods of one owner.
    static let exitCodesAnnotation: String = "simulated-cluster/exit-codes"

    /// Nil: it does not end.
    var duration: Duration?
    /// By attempt; never empty.
    var exitCodes: [Int]
    /// Attempts that pods of the same owner have made before.
    var attempt: Int
    /// Whether a container that has failed is started again.
    var restarts: Bool

    /// - Parameters:
    ///   - duration: where nothing else is said.
    ///   - attempt: how many pods of the same owner have failed before.
    init?(of pod: SimulatedPod, _ behaviour: PodBehaviour, duration: Duration, attempt: Int) {
        guard pod.restartPolicy != "Always" else { return nil }
        self.attempt = attempt
        restarts = pod.restartPolicy == "OnFailure"
        self.duration = behaviour == .neverReady ? nil : duration
        exitCodes = [behaviour == .crashing ? 1 : 0]
        // What cannot be read says nothing: the tag does then.
        if let text = pod.metadata.annotations[Self.durationAnnotation], let given = try? GoDuration(parsing: text) { self.duration = given.duration }
        let codes = pod.metadata.annotations[Self.exitCodesAnnotation]?.split(separator: ",").compactMap { Int($0.filter { $0 != " " }) } ?? []
        if !codes.isEmpty { exitCodes = codes }
    }

    /// - Returns: the stage at `now`, and when time alone changes it.
    func stage(at now: Timestamp, begunAt: Timestamp, isReady: Bool) -> (stage: PodLife.Stage, wakeAt: Timestamp?) {
        guard let duration else { return (.running(isReady: isReady), nil) }
        var begin = begunAt
        var count = 0
        while true {
            let end = begin + duration
            if now < end { return (.running(isReady: isReady, restarts: count), end) }
            let code = exitCodes[min(attempt + count, exitCodes.count - 1)]
            if code == 0 { return (.succeeded, nil) }
            if !restarts { return (.failed(exitCode: code), nil) }
            count += 1
            // As the kubelet does: 10 s, doubled each time, at most 5 minutes.
            begin = end + min(.seconds(300), .seconds(10 << min(count - 1, 5)))
            if now < begin { return (.crashed(restarts: count), begin) }
        }
    }
}
