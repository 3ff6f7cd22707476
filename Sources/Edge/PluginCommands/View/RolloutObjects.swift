import KubeModel
import RolloutModel
import StrictJSON

/// A Rollout and the objects of its namespace that may belong to it, as they were read at one moment.
struct RolloutObjects: Sendable {
    var rollout: Rollout
    var replicaSets: [ReplicaSet]
    var pods: [(metadata: ObjectMeta, json: JSONValue)]
    var analysisRuns: [AnalysisRun]
    var experiments: [(metadata: ObjectMeta, json: JSONValue)]
    /// What could not be read and is left out, one sentence each.
    var complaints: [String]

    /// Reads everything that can be read: one bad object does not hide the others.
    ///
    /// - Throws: only when the Rollout's own metadata cannot be read.
    init(
        rollout: JSONValue, replicaSets: [JSONValue], pods: [JSONValue], analysisRuns: [JSONValue], experiments: [JSONValue]
    ) throws(DecodeError) {
        self.rollout = try Rollout(json: rollout)
        var complaints: [String] = []
        self.replicaSets = Self.readable(replicaSets, "replicaset", &complaints) { json throws(DecodeError) in try ReplicaSet(json: json) }
        self.pods = Self.readable(pods, "pod", &complaints) { json throws(DecodeError) in (try ObjectMeta(object: json), json) }
        self.analysisRuns = Self.readable(analysisRuns, "analysisrun", &complaints) { json throws(DecodeError) in try AnalysisRun(json: json) }
        self.experiments = Self.readable(experiments, "experiment", &complaints) { json throws(DecodeError) in
            (try ObjectMeta(object: json), json)
        }
        self.complaints = complaints
    }

    private static func readable<Value>(
        _ objects: [JSONValue], _ kind: String, _ complaints: inout [String], read: (JSONValue) throws(DecodeError) -> Value
    ) -> [Value] {
        var values: [Value] = []
        for object in objects {
            do throws(DecodeError) {
                values.append(try read(object))
            } catch {
                let name: String = object.at("metadata", "name")?.stringValue ?? "without a name"
                complaints.append("\(kind) \(name) is left out: \(error)")
            }
        }
        return values
    }
}

extension ObjectMeta {
    /// Whether the object with this uid is among the owners, controlling or not.
    func isOwned(byUID uid: String) -> Bool { !uid.isEmpty && ownerReferences.contains { $0.uid == uid } }

    /// The revision of the Rollout that the object belongs to; 0 where none is written.
    var revision: Int { annotations["rollout.argoproj.io/revision"].flatMap(Int.init) ?? 0 }
}
