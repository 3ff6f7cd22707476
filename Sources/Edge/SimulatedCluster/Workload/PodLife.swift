import Clockwork
import KubeModel
import StrictJSON

/// What a pod should be like at one moment, given when it began and what is said about its image.
struct PodLife: Sendable, Equatable {
    /// As far as a pod's status tells.
    enum Stage: Sendable, Hashable {
        case pending, unschedulable, running(isReady: Bool), crashed
    }

    var behaviour: PodBehaviour
    var startedAt: Timestamp
    /// Until it runs.
    var delay: Duration
    /// Readiness that was ordered; nil: as the behaviour has it.
    var readiness: Bool?

    /// - Returns: the stage at `now`, and when time alone changes it.
    func stage(at now: Timestamp) -> (stage: Stage, wakeAt: Timestamp?) {
        if behaviour == .unschedulable { return (.unschedulable, nil) }
        let due = startedAt + delay
        if now < due { return (.pending, due) }
        switch behaviour {
        case .ready: return (.running(isReady: readiness ?? true), nil)
        case .neverReady: return (.running(isReady: readiness ?? false), nil)
        case .crashing: return (.crashed, nil)
        case .unschedulable: return (.unschedulable, nil)
        }
    }
}

extension SimulatedPod {
    /// The stage that its status tells of.
    var stage: PodLife.Stage {
        if phase == .pending { return conditions.condition("PodScheduled")?.isFalse ?? false ? .unschedulable : .pending }
        return restarts > 0 && !isReady ? .crashed : .running(isReady: isReady)
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
            let isReady = stage == .running(isReady: true)
            let unready = "containers with unready status: [\(containers.map(\.name).joined(separator: " "))]"
            let (reason, message) = isReady ? ("", "") : ("ContainersNotReady", unready)
            return ["status": [
                "phase": "Running", "hostIP": "192.0.2.10", "podIP": .string(address), "podIPs": [["ip": .string(address)]],
                "startTime": .string(startedAt.rfc3339),
                "conditions": [
                    condition("Initialized", true), condition("Ready", isReady, reason: reason, message: message),
                    condition("ContainersReady", isReady, reason: reason, message: message), condition("PodScheduled", true),
                ],
                "containerStatuses": .array(containers.map { status(of: $0, isReady: isReady, hasCrashed: stage == .crashed, now: now) }),
            ]]
        }
    }

    private func status(of container: Container, isReady: Bool, hasCrashed: Bool, now: Timestamp) -> JSONValue {
        var json: JSONValue = [
            "name": .string(container.name), "image": .string(container.image), "imageID": "", "ready": .bool(isReady),
            "started": .bool(!hasCrashed), "restartCount": hasCrashed ? 1 : 0,
        ]
        if hasCrashed {
            let message = "back-off 10s restarting failed container=\(container.name) pod=\(metadata.name)"
            json["state"] = ["waiting": ["reason": "CrashLoopBackOff", "message": .string(message)]]
            json["lastState"] = ["terminated": ["exitCode": 1, "reason": "Error", "finishedAt": .string(now.rfc3339)]]
        } else {
            json["state"] = ["running": ["startedAt": .string(now.rfc3339)]]
        }
        return json
    }
}
