import Clockwork
import KubeModel
import StrictJSON

/// What is to be done about a Deployment.
struct DeploymentPlan: Sendable, Equatable {
    /// ReplicaSets that nobody controls and that are taken over; then nothing else is done in this round.
    var adoptions: [ObjectMeta] = []
    /// A ReplicaSet of a template that has none yet.
    var creation: SimulatedReplicaSet?
    /// ReplicaSets as they are to be, in size, annotations and `minReadySeconds`.
    var changes: [SimulatedReplicaSet] = []
    /// ReplicaSets beyond the history that is kept.
    var deletions: [ObjectMeta] = []
    /// The complete new status.
    var status: SimulatedDeployment.Status
    /// The annotation that the Deployment is to have; empty before there is one.
    var revision: String
    /// Messages about ReplicaSets that change their size.
    var scalings: [String] = []
    /// When time alone turns a rollout into one that is stuck.
    var wakeAt: Timestamp?
}

/// One look of the Deployment controller at a Deployment and its ReplicaSets.
///
/// The steps are those of kube-controller-manager, with its names; what they write there is changed here in place, and the difference is the plan.
///
/// - SeeAlso: Kubernetes, `pkg/controller/deployment`.
struct DeploymentRound {
    let deployment: SimulatedDeployment
    let now: Timestamp
    /// The Deployment's status as far as this round has written it.
    var status: SimulatedDeployment.Status
    /// ReplicaSets of other templates, oldest first.
    var old: [SimulatedReplicaSet]
    /// The ReplicaSet of the template as it is now.
    var new: SimulatedReplicaSet?
    var revision: String
    private var creates = false
    private var scalings: [String] = []
    private var deletions: [ObjectMeta] = []
    private let hasOldPods: Bool
    private let before: [SimulatedReplicaSet]

    /// What the controller does now.
    ///
    /// - Parameters:
    ///   - replicaSets: those of the namespace which this Deployment controls, or which nobody does.
    ///   - hasPods: whether there are pods of a ReplicaSet, by its UID, that have not come to their end; also such as are terminating.
    static func decide(
        _ deployment: SimulatedDeployment, _ replicaSets: [SimulatedReplicaSet], hasPods: (String) -> Bool, now: Timestamp
    ) -> DeploymentPlan {
        let orphans = replicaSets.filter {
            $0.metadata.controller == nil && !$0.metadata.isBeingDeleted && deployment.selector.matches($0.metadata.labels)
        }
        if !orphans.isEmpty, !deployment.metadata.isBeingDeleted, !deployment.selector.isEmpty {
            return DeploymentPlan(
                adoptions: orphans.map(\.metadata).sorted { $0.name < $1.name }, status: deployment.status,
                revision: deployment.metadata.annotations[DeploymentAnnotation.revision] ?? "")
        }
        let owned = replicaSets.filter { $0.metadata.isControlled(byUID: deployment.metadata.uid) }.sorted(by: isOlder)
        var round = DeploymentRound(deployment, owned, hasPods: hasPods, now: now)
        round.run()
        return round.plan
    }

    private init(_ deployment: SimulatedDeployment, _ owned: [SimulatedReplicaSet], hasPods: (String) -> Bool, now: Timestamp) {
        self.deployment = deployment
        // Kubernetes keeps times in whole seconds.
        self.now = now.truncatedToSeconds
        before = owned
        status = deployment.status
        revision = deployment.metadata.annotations[DeploymentAnnotation.revision] ?? ""
        let wanted = deployment.template.semanticDigest(ignoringLabels: [podTemplateHash])
        // More than one is a leftover of a race; the oldest one counts.
        let index = owned.firstIndex { $0.template.semanticDigest(ignoringLabels: [podTemplateHash]) == wanted }
        new = index.map { owned[$0] }
        old = owned
        if let index { old.remove(at: index) }
        hasOldPods = old.contains { hasPods($0.metadata.uid) }
    }

    private mutating func run() {
        // It would take all pods of the namespace: nothing but the fact that it was seen.
        if deployment.selector.isEmpty { return status.observedGeneration = deployment.metadata.generation }
        if deployment.metadata.isBeingDeleted { return status = counted() }
        notePaused()
        if deployment.isPaused || isScalingEvent { return sync() }
        switch deployment.strategy {
        case .recreate: recreate()
        case .rollingUpdate: roll()
        }
    }

    private var plan: DeploymentPlan {
        var plan = DeploymentPlan(status: status, revision: revision, scalings: scalings)
        if creates { plan.creation = new }
        let after = old + (creates ? [] : new.map { [$0] } ?? [])
        plan.changes = after.filter { set in before.contains { $0.metadata.name == set.metadata.name && $0 != set } }
        plan.deletions = deletions
        if status == deployment.status { plan.wakeAt = stuckAt }
        return plan
    }

    // MARK: - Ways through a round

    /// Only sizes: the Deployment is paused, or has just been scaled.
    private mutating func sync() {
        findNew(creating: false)
        scale()
        if deployment.isPaused { cleanUp() }
        status = counted()
    }

    private mutating func roll() {
        findNew(creating: true)
        if !reconcileNew(), !reconcileOld(), isComplete(deployment.status) { cleanUp() }
        updateRolloutStatus()
    }

    private mutating func recreate() {
        findNew(creating: false)
        let active = old.indices.filter { old[$0].size > 0 }
        if !active.isEmpty {
            for index in active { setSize(ofOld: index, 0) }
        } else if !hasOldPods {
            findNew(creating: true)
            if let new, new.size != deployment.replicas { setSizeOfNew(deployment.replicas) }
            if isComplete(deployment.status) { cleanUp() }
        }
        updateRolloutStatus()
    }

    /// Brings the new ReplicaSet up to date with the Deployment, or makes it.
    private mutating func findNew(creating: Bool) {
        let newRevision = (old.map(\.revisionNumber).max() ?? 0) + 1
        if var set = new {
            let isUnknown = !creates
            copyAnnotations(to: &set)
            if set.revisionNumber < newRevision {
                if set.revisionNumber > 0 {
                    let history = set.metadata.annotations[DeploymentAnnotation.revisionHistory].map { $0 + "," } ?? ""
                    set.metadata.annotations[DeploymentAnnotation.revisionHistory] = history + String(set.revisionNumber)
                }
                set.metadata.annotations[DeploymentAnnotation.revision] = String(newRevision)
            }
            set.minReadySeconds = deployment.minReadySeconds
            new = set
            revision = set.metadata.annotations[DeploymentAnnotation.revision] ?? ""
            if isUnknown, deployment.progressDeadlineSeconds != nil, status.conditions.condition("Progressing") == nil {
                note("Progressing", "True", "FoundNewReplicaSet", "Found new replica set \"\(set.metadata.name)\"")
            }
            return
        }
        guard creating else { return }
        var set = draft()
        copyAnnotations(to: &set)
        set.metadata.annotations[DeploymentAnnotation.revision] = String(newRevision)
        noteSizes(in: &set)
        new = set
        creates = true
        let size = sizeOfNew
        new?.replicas = size
        if size > 0 { scalings.append("Scaled up replica set \(set.metadata.name) to \(size)") }
        revision = String(newRevision)
        if deployment.progressDeadlineSeconds != nil {
            note("Progressing", "True", "NewReplicaSetCreated", "Created new replica set \"\(set.metadata.name)\"")
        }
    }

    private func draft() -> SimulatedReplicaSet {
        // Go's hash of a printed struct cannot be had here: any hash serves that changes with the template.
        var bytes = Array(String(deployment.template.semanticDigest(ignoringLabels: [podTemplateHash])).utf8)
        if let count = deployment.status.collisionCount { bytes += Array("/\(count)".utf8) }
        let hash = FNV.safeEncode(FNV.fnv1a32(bytes))
        let template = deployment.template.adding(labels: [podTemplateHash: hash])
        var selector = deployment.selector
        selector.matchLabels[podTemplateHash] = hash
        var metadata = ObjectMeta(name: "\(deployment.metadata.name)-\(hash)", namespace: deployment.metadata.namespace)
        metadata.labels = template.labels
        metadata.creationTimestamp = now
        metadata.ownerReferences = [
            OwnerReference(apiVersion: "apps/v1", kind: "Deployment", name: deployment.metadata.name, uid: deployment.metadata.uid)
        ]
        return SimulatedReplicaSet(
            metadata: metadata, replicas: 0, minReadySeconds: deployment.minReadySeconds, selector: selector, template: template)
    }

    private func copyAnnotations(to set: inout SimulatedReplicaSet) {
        for (key, value) in deployment.metadata.annotations where !DeploymentAnnotation.notCopied.contains(key) {
            set.metadata.annotations[key] = value
        }
    }

    private func noteSizes(in set: inout SimulatedReplicaSet) {
        set.metadata.annotations[DeploymentAnnotation.desiredReplicas] = String(deployment.replicas)
        set.metadata.annotations[DeploymentAnnotation.maxReplicas] = String(deployment.replicas + deployment.maxSurge)
    }

    // MARK: - Sizes

    var all: [SimulatedReplicaSet] { old + (new.map { [$0] } ?? []) }

    mutating func setSize(ofOld index: Int, _ size: Int) {
        noteScaling(old[index], to: size)
        old[index].replicas = size
        noteSizes(in: &old[index])
    }

    mutating func setSizeOfNew(_ size: Int) {
        guard var set = new else { return }
        // One that is only about to be created was announced with its size.
        if !creates { noteScaling(set, to: size) }
        set.replicas = size
        noteSizes(in: &set)
        new = set
    }

    private mutating func noteScaling(_ set: SimulatedReplicaSet, to size: Int) {
        guard size != set.size else { return }
        scalings.append("Scaled \(size > set.size ? "up" : "down") replica set \(set.metadata.name) to \(size)")
    }

    /// Removes ReplicaSets beyond the history that is kept, oldest revision first, as far as they are empty and seen to be so.
    private mutating func cleanUp() {
        guard let limit = deployment.revisionHistoryLimit else { return }
        let kept = old.filter { !$0.metadata.isBeingDeleted }
        let excess = kept.sorted { ($0.revisionNumber, $0.metadata.name) < ($1.revisionNumber, $1.metadata.name) }
            .prefix(max(0, kept.count - limit))
        deletions = excess.filter {
            $0.size == 0 && $0.status.replicas == 0 && $0.metadata.generation <= $0.status.observedGeneration
        }.map(\.metadata)
    }
}

extension SimulatedReplicaSet {
    /// Pods wanted.
    var size: Int { base.replicas ?? 1 }

    /// The revision of a Deployment's ReplicaSet; 0 where none is noted.
    var revisionNumber: Int { metadata.annotations[DeploymentAnnotation.revision].flatMap { Int($0) } ?? 0 }
}

/// The order of creation, as Kubernetes has it.
func isOlder(_ left: SimulatedReplicaSet, _ right: SimulatedReplicaSet) -> Bool {
    let (first, second) = (left.metadata.creationTimestamp, right.metadata.creationTimestamp)
    if let first, let second, first != second { return first < second }
    return left.metadata.name < right.metadata.name
}
