import Clockwork
import KubeModel
import StrictJSON

/// What a pod should be like at one moment, given when it began and what is said about its image.
struct PodLife: Sendable, Equatable {
    /// As far as a pod's status tells.
    enum Stage: Sendable, Hashable {
        case pending, unschedulable
        case running(isReady: Bool, restarts: Int = 0)
        case crashed(restarts: Int = 1)
        case succeeded
        case failed(exitCode: Int)
    }

    var behaviour: PodBehaviour
    var startedAt: Timestamp
    /// Until it runs.
    var delay: Duration
    /// Readiness that was ordered; nil: as the behaviour has it.
    var readiness: Bool?
    /// How it comes to its end; nil for pods that are not meant to.
    var run: PodRun?

    /// - Returns: the stage at `now`, and when time alone changes it.
    func stage(at now: Timestamp) -> (stage: Stage, wakeAt: Timestamp?) {
        if behaviour == .unschedulable { return (.unschedulable, nil) }
        let due = startedAt + delay
        if now < due { return (.pending, due) }
        if let run { return run.stage(at: now, begunAt: due, isReady: readiness ?? true) }
        switch behaviour {
        case .ready: return (.running(isReady: readiness ?? true), nil)
        case .neverReady: return (.running(isReady: readiness ?? false), nil)
        case .crashing: return (.crashed(), nil)
        case .unschedulable: return (.unschedulable, nil)
        }
    }
}

extension SimulatedPod {
    /// The stage that its status tells of.
    var stage: PodLife.Stage {
        switch phase {
        case .succeeded: return .succeeded
        case .failed: return .failed(exitCode: exitCode ?? 1)
        case .pending: return conditions.condition("PodScheduled")?.isFalse ?? false ? .unschedulable : .pending
        case .running, .other:
            // What is not ready after a restart waits for the next one.
            if restarts > 0 && !isReady { return .crashed(restarts: restarts) }
            return .running(isReady: isReady, restarts: restartPolicy == "Always" ? 0 : restarts)
        }
    }

    /// The status of the pod at `stage`, as a merge patch of the whole object.
    func status(at stage: PodLife.Stage, startedAt: Timestamp, address: String, now: Timestamp) -> JSONValue {
        var known = conditions
        func condition(_ type: String, _ isTrue: Bool, reason: String = "", message: String = "") -> JSONValue {
            let status = isTrue ? "True" : "False"
            let old = known.condition(type)
            known.removeAll { $0.type == type }
            let changedAt = old?.status == status ? old?.lastTransitionTime ?? now : now
            return Condition(type: type, status: status, reason: reason, message: message, lastTransitionTime: changedAt).json
        }
        switch stage {
        case .pending:
            return ["status": ["phase": "Pending", "conditions": [condition("PodScheduled", true)]]]
        case .unschedulable:
            let message = "0/1 nodes are available: 1 node(s) had untolerated taint(s)."
            return ["status": ["phase": "Pending", "conditions": [condition("PodScheduled", false, reason: "Unschedulable", message: message)]]]
        case .running, .crashed:
            let isReady: Bool = if case .running(let isReady, _) = stage { isReady } else { false }
            let unready = "containers with unready status: [\(containers.map(\.name).joined(separator: " "))]"
            let (reason, message) = isReady ? ("", "") : ("ContainersNotReady", unready)
            return ["status": [
                "phase": "Running", "hostIP": "192.0.2.10", "podIP": .string(address), "podIPs": [["ip": .string(address)]],
                "startTime": .string(startedAt.rfc3339),
                "conditions": [
                    condition("Initialized", true), condition("Ready", isReady, reason: reason, message: message),
                    condition("ContainersReady", isReady, reason: reason, message: message), condition("PodScheduled", true),
                ],
                "containerStatuses": .array(containers.map { status(of: $0, at: stage, startedAt: startedAt, now: now) }),
            ]]
        case .succeeded, .failed:
            let reason = stage == .succeeded ? "PodCompleted" : ""
            return ["status": [
                "phase": stage == .succeeded ? "Succeeded" : "Failed", "hostIP": "192.0.2.10", "podIP": .string(address),
                "podIPs": [["ip": .string(address)]], "startTime": .string(startedAt.rfc3339),
                "conditions": [
                    condition("Initialized", true, reason: reason), condition("Ready", false, reason: reason),
                    condition("ContainersReady", false, reason: reason), condition("PodScheduled", true),
                ],
                "containerStatuses": .array(containers.map { status(of: $0, at: stage, startedAt: startedAt, now: now) }),
            ]]
        }
    }

    private func status(of container: Container, at stage: PodLife.Stage, startedAt: Timestamp, now: Timestamp) -> JSONValue {
        var json: JSONValue = [
            "name": .string(container.name), "image": .string(container.image), "imageID": "", "ready": false, "started": false,
            "restartCount": 0,
        ]
        func ended(_ code: Int) -> JSONValue {
            ["terminated": [
                "exitCode": JSONValue(code), "reason": code == 0 ? "Completed" : "Error", "startedAt": .string(startedAt.rfc3339),
                "finishedAt": .string(now.rfc3339),
            ]]
        }
        switch stage {
        case .pending, .unschedulable: break
        case .running(let isReady, let restarts):
            json["ready"] = .bool(isReady)
            json["started"] = true
            json["restartCount"] = JSONValue(restarts)
            json["state"] = ["running": ["startedAt": .string(now.rfc3339)]]
        case .crashed(let restarts):
            let message = "back-off 10s restarting failed container=\(container.name) pod=\(metadata.name)"
            json["restartCount"] = JSONValue(restarts)
            json["state"] = ["waiting": ["reason": "CrashLoopBackOff", "message": .string(message)]]
            json["lastState"] = ["terminated": ["exitCode": 1, "reason": "Error", "finishedAt": .string(now.rfc3339)]]
        case .succeeded: json["state"] = ended(0)
        case .failed(let code):
            json["state"] = ended(code)
            // Of a pod that was restarted before, the number stays.
            json["restartCount"] = JSONValue(self.restarts)
        }
        return json
    }
}
