import Analysis
import Clockwork
import KubeClient
import KubeModel
import RolloutModel
import StrictJSON

/// Runs a Kubernetes Job for each measurement: what the Job comes to is the result. Conditions are not looked at.
public struct JobProvider: MetricProvider {
    private let client: KubeClient
    /// Where Jobs are made; nil: in the namespace of the run.
    private let namespace: String?

    /// - Parameters:
    ///   - client: writes through it are stopped when leadership is in doubt.
    ///   - namespace: the value of `ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE`.
    public init(client: KubeClient, namespace: String? = nil) {
        self.client = client
        self.namespace = namespace
    }

    public func start(_ due: DueMeasurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        let draft = JobDraft(due, namespace: namespace ?? due.run.namespace)
        let key = ObjectKey(namespace: draft.namespace, name: draft.name)
        do throws(KubeError) {
            _ = try await client.create(.jobs, namespace: draft.namespace, draft.json)
        } catch .alreadyExists(let text) {
            return try await adopted(key, due, because: text, clock: clock)
        } catch .unavailable(_, let cause) {
            // It may have been made all the same: then it is ours to watch, and no second one is made.
            return try await adopted(key, due, because: cause, clock: clock)
        } catch {
            return try failure(error)
        }
        return inFlight(key, at: clock.now)
    }

    public func resume(_ due: DueMeasurement, _ unfinished: Measurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        guard let key = key(of: unfinished) else { return .failure("job metadata reference missing") }
        let job: JSONValue
        do throws(KubeError) { job = try await client.get(.jobs, namespace: key.namespace, name: key.name) } catch {
            switch error {
            // Not known now is not gone: it is looked at again.
            case .unavailable, .tooManyRequests, .unauthorized, .badResponse:
                return inFlight(key, at: clock.now + .seconds(10))
            case .notFound, .conflict, .alreadyExists, .invalid, .forbidden, .gone, .unsupported, .misconfigured, .notLeading, .cancelled:
                return try failure(error)
            }
        }
        guard isOwn(job, due) else { return .failure("jobs.batch \"\(key.name)\" is not of this AnalysisRun") }
        switch JobProgress(job: job) {
        case .succeeded:
            return ProviderReport(.verdict(.successful, message: "", value: ""))
        case .failed(let cause):
            let pods = try await pods(of: job, key)
            let details = [cause, lastFailure(ofPods: pods) ?? ""].filter { !$0.isEmpty }.joined(separator: "; ")
            return ProviderReport(.verdict(.failed, message: "job \(key) failed\(details.isEmpty ? "" : ": \(details)")", value: ""))
        case .underway:
            if let cause = hopelessness(ofPods: try await pods(of: job, key)) {
                // Left alone it would begin whenever its image appears, long after anybody waits for it.
                let remains = try await delete(key, .background).map { "; the job could not be deleted: \($0)" } ?? ""
                return .failure(cause + remains)
            }
            let now = clock.now
            let elapsed = unfinished.startedAt.map { now - $0 } ?? .zero
            return inFlight(key, at: now + JobProgress.pause(after: elapsed))
        }
    }

    public func terminate(_ due: DueMeasurement, _ unfinished: Measurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        guard let key = key(of: unfinished) else { return .failure("job metadata reference missing") }
        if let cause = try await delete(key, .foreground) { return .failure(cause) }
        return ProviderReport(.verdict(.inconclusive, message: "", value: ""))
    }

    public func discard(_ measurement: Measurement) async throws(CancellationError) {
        guard let key = key(of: measurement) else { return }
        // What stays goes with the run, which owns it.
        _ = try await delete(key, .background)
    }

    /// The Job of this name, if it is one of this run's.
    private func adopted(
        _ key: ObjectKey, _ due: DueMeasurement, because cause: String, clock: any ControlClock
    ) async throws(CancellationError) -> ProviderReport {
        do throws(KubeError) {
            let job = try await client.get(.jobs, namespace: key.namespace, name: key.name)
            return isOwn(job, due) ? inFlight(key, at: clock.now) : .failure(cause)
        } catch .notFound {
            return .failure(cause)
        } catch .unavailable {
            return inFlight(key, at: clock.now + .seconds(10))
        } catch {
            return try failure(error)
        }
    }

    private func isOwn(_ job: JSONValue, _ due: DueMeasurement) -> Bool {
        let owners = job.at("metadata", "ownerReferences")?.arrayValue ?? []
        if let controller = owners.first(where: { $0["controller"]?.boolValue == true }) {
            return controller["uid"]?.stringValue == due.runUID
        }
        return job.at("metadata", "labels", JobDraft.uidLabel)?.stringValue == due.runUID
    }

    /// The pods of a Job; none where they may not be listed: then only the Job itself tells how it goes.
    private func pods(of job: JSONValue, _ key: ObjectKey) async throws(CancellationError) -> [JSONValue] {
        let labels = job.at("spec", "selector", "matchLabels")?.objectValue ?? JSONObject()
        guard !labels.isEmpty else { return [] }
        let selector = labels.sortedByKey().map { "\($0.key)=\($0.value.stringValue ?? "")" }.joined(separator: ",")
        do throws(KubeError) {
            return try await client.list(.pods, namespace: key.namespace, selection: Selection(labels: selector), limit: 50).items
        } catch {
            if error == .cancelled { throw CancellationError() }
            return []
        }
    }

    /// - Returns: why it is still there; nil where it is gone or going.
    private func delete(_ key: ObjectKey, _ propagation: Propagation) async throws(CancellationError) -> String? {
        do throws(KubeError) {
            try await client.delete(.jobs, namespace: key.namespace, name: key.name, propagation: propagation)
            return nil
        } catch .notFound {
            return nil
        } catch {
            return try text(error)
        }
    }

    private func key(of measurement: Measurement) -> ObjectKey? {
        guard let name = measurement.metadata["job-name"], let namespace = measurement.metadata["job-namespace"] else { return nil }
        return ObjectKey(namespace: namespace, name: name)
    }

    private func inFlight(_ key: ObjectKey, at time: Timestamp) -> ProviderReport {
        ProviderReport(.inFlight(resumeAt: time), metadata: ["job-name": key.name, "job-namespace": key.namespace])
    }

    private func failure(_ error: KubeError) throws(CancellationError) -> ProviderReport { .failure(try text(error)) }

    /// A task that ends, or a process that does not lead any more, is no finding.
    private func text(_ error: KubeError) throws(CancellationError) -> String {
        switch error {
        case .cancelled, .notLeading: throw CancellationError()
        default: return error.missingRight.map { "\(error.description); \($0.remedy)" } ?? error.description
        }
    }
}

/// A Job as it is created for one measurement.
struct JobDraft: Equatable {
    static let uidLabel = "analysisrun.argoproj.io/uid"

    var namespace: String
    var name: String
    var json: JSONValue

    init(_ due: DueMeasurement, namespace: String) {
        self.namespace = namespace
        name = Self.name(run: due.runUID, metric: due.metric.name, number: due.number)
        let provider = due.metric.provider[ProviderMember.job.rawValue] ?? .null
        var metadata: JSONValue = ["name": .string(name), "namespace": .string(namespace)]
        var labels = provider.at("metadata", "labels") ?? [:]
        labels[Self.uidLabel] = .string(due.runUID)
        metadata["labels"] = labels
        var annotations = provider.at("metadata", "annotations") ?? [:]
        annotations["analysisrun.argoproj.io/name"] = .string(due.run.name)
        annotations["analysisrun.argoproj.io/namespace"] = .string(due.run.namespace)
        annotations["analysisrun.argoproj.io/metric-name"] = .string(due.metric.name)
        metadata["annotations"] = annotations
        // An owner in another namespace is none: the garbage collector would delete the Job at once.
        if namespace == due.run.namespace {
            metadata["ownerReferences"] = [
                [
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "name": .string(due.run.name), "uid": .string(due.runUID),
                    "controller": true, "blockOwnerDeletion": true,
                ]
            ]
        }
        var spec = provider["spec"] ?? [:]
        spec.set(.string(due.runUID), at: ["template", "metadata", "labels", Self.uidLabel])
        json = ["apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec]
    }

    /// At most 63 characters, since the name becomes the value of a label: what is too long is cut from the metric's name.
    static func name(run: String, metric: String, number: Int) -> String {
        let excess = run.utf8.count + metric.utf8.count + String(number).utf8.count + 2 - 63
        return "\(run).\(excess > 0 ? String(decoding: metric.utf8.dropLast(excess), as: UTF8.self) : metric).\(number)"
    }
}
