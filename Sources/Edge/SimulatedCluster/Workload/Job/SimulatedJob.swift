import Clockwork
import KubeModel
import StrictJSON

/// A Job with all that its controller acts by.
struct SimulatedJob: ReadModel {
    static let resource = GroupVersionResource.jobs

    /// Pods that have ended and are not counted yet, by UID: what makes counting safe against a crash in the middle.
    struct Uncounted: Sendable, Hashable {
        var succeeded: [String] = []
        var failed: [String] = []

        var isEmpty: Bool { succeeded.isEmpty && failed.isEmpty }

        func contains(_ uid: String) -> Bool { succeeded.contains(uid) || failed.contains(uid) }
    }

    struct Status: Sendable, Hashable {
        var active = 0
        var succeeded = 0
        var failed = 0
        var uncounted = Uncounted()
        var startTime: Timestamp?
        var completionTime: Timestamp?
        var conditions: [Condition] = []
    }

    var metadata: ObjectMeta
    /// Pods that must succeed; nil: one is enough, and then no further ones are started.
    var completions: Int?
    var parallelism: Int
    var backoffLimit: Int
    var activeDeadlineSeconds: Int?
    /// How long it is kept after its end; nil: until somebody deletes it.
    var ttlSecondsAfterFinished: Int?
    var isSuspended: Bool
    var template: PodTemplate
    var status: Status

    init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        let spec = try FieldReader(json).member("spec")
        completions = try spec.int("completions")
        parallelism = try spec.int("parallelism") ?? 1
        backoffLimit = try spec.int("backoffLimit") ?? 6
        activeDeadlineSeconds = try spec.int("activeDeadlineSeconds")
        ttlSecondsAfterFinished = try spec.int("ttlSecondsAfterFinished")
        isSuspended = try spec.bool("suspend") ?? false
        template = PodTemplate(raw: try spec.member("template").object().map(JSONValue.object) ?? [:])
        let status = try FieldReader(json).member("status")
        let uncounted = try status.member("uncountedTerminatedPods")
        self.status = Status(
            active: try status.int("active") ?? 0, succeeded: try status.int("succeeded") ?? 0, failed: try status.int("failed") ?? 0,
            uncounted: Uncounted(succeeded: try uncounted.strings("succeeded"), failed: try uncounted.strings("failed")),
            startTime: try status.timestamp("startTime"), completionTime: try status.timestamp("completionTime"),
            conditions: try Condition.list(status.member("conditions")))
    }

    /// Whether failed containers are started again in their pod.
    var restartsContainers: Bool { template.raw.at("spec", "restartPolicy")?.stringValue == "OnFailure" }

    /// The condition by which it has ended; nil while it goes on.
    var ending: Condition? { status.conditions.first { ["Complete", "Failed"].contains($0.type) && $0.isTrue } }
}

extension SimulatedJob.Status {
    /// As a merge patch of `status`: what is nothing is left out, as Go's types do.
    var json: JSONValue {
        func count(_ number: Int) -> JSONValue { number == 0 ? .null : JSONValue(number) }
        func time(_ time: Timestamp?) -> JSONValue { time.map { .string($0.rfc3339) } ?? .null }
        func list(_ uids: [String]) -> JSONValue { uids.isEmpty ? .null : JSONValue(uids) }
        return [
            "active": count(active), "succeeded": count(succeeded), "failed": count(failed),
            "uncountedTerminatedPods": uncounted.isEmpty
                ? .null : ["succeeded": list(uncounted.succeeded), "failed": list(uncounted.failed)],
            "startTime": time(startTime), "completionTime": time(completionTime),
            "conditions": conditions.isEmpty ? .null : .array(conditions.map { condition in
                var json = condition.json
                // Conditions of Jobs have a time of their own.
                if let at = condition.lastTransitionTime { json["lastProbeTime"] = .string(at.rfc3339) }
                return json
            }),
        ]
    }
}
