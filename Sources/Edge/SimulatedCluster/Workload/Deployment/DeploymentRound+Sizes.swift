import KubeModel

// How many pods each ReplicaSet gets.
extension DeploymentRound {
    /// How large the new ReplicaSet may be now: as far as `maxSurge` allows.
    var sizeOfNew: Int {
        let current = new?.size ?? 0
        guard case .rollingUpdate = deployment.strategy else { return deployment.replicas }
        let total = all.reduce(0) { $0 + $1.size }
        let limit = deployment.replicas + deployment.maxSurge
        return total >= limit ? current : current + min(limit - total, deployment.replicas - current)
    }

    /// - Returns: whether the new ReplicaSet changes its size.
    mutating func reconcileNew() -> Bool {
        guard let set = new, set.size != deployment.replicas else { return false }
        let size = set.size > deployment.replicas ? deployment.replicas : sizeOfNew
        guard size != set.size else { return false }
        setSizeOfNew(size)
        return true
    }

    /// Takes pods from the old ReplicaSets, first such as are of no use, as far as `maxUnavailable` allows.
    ///
    /// - Returns: whether any of them changes its size.
    mutating func reconcileOld() -> Bool {
        guard old.contains(where: { $0.size > 0 }), let new else { return false }
        let minimum = deployment.replicas - deployment.maxUnavailable
        let limit = all.reduce(0) { $0 + $1.size } - minimum - (new.size - new.status.availableReplicas)
        guard limit > 0 else { return false }
        var cleaned = 0
        for index in old.indices where cleaned < limit {
            let unhealthy = old[index].size - old[index].status.availableReplicas
            guard old[index].size > 0, unhealthy > 0 else { continue }
            let count = min(limit - cleaned, unhealthy)
            setSize(ofOld: index, old[index].size - count)
            cleaned += count
        }
        let spare = all.reduce(0) { $0 + $1.status.availableReplicas } - minimum
        var taken = 0
        for index in old.indices where taken < spare && old[index].size > 0 {
            let count = min(old[index].size, spare - taken)
            setSize(ofOld: index, old[index].size - count)
            taken += count
        }
        return cleaned + taken > 0
    }

    /// Whether `spec.replicas` was changed since the ReplicaSets were last sized.
    var isScalingEvent: Bool {
        all.contains { set in
            guard set.size > 0, let noted = set.metadata.annotations[DeploymentAnnotation.desiredReplicas].flatMap({ Int($0) }) else { return false }
            return noted != deployment.replicas
        }
    }

    /// Spreads a change of `spec.replicas` over the ReplicaSets: to the only active one, or in proportion to their sizes.
    mutating func scale() {
        let active = all.filter { $0.size > 0 }
        if active.count <= 1 {
            guard let only = active.first ?? new ?? old.last else { return }
            if only.size != deployment.replicas { resize(only, to: deployment.replicas) }
            return
        }
        if let new, isSaturated(new) {
            for index in old.indices where old[index].size > 0 { setSize(ofOld: index, 0) }
            return
        }
        guard case .rollingUpdate = deployment.strategy else { return }
        let allowed = deployment.replicas > 0 ? deployment.replicas + deployment.maxSurge : 0
        let wanted = allowed - active.reduce(0) { $0 + $1.size }
        // Largest first; of equals the newest gains and the oldest loses.
        let order = active.sorted { left, right in
            left.size != right.size ? left.size > right.size : wanted > 0 ? isOlder(right, left) : isOlder(left, right)
        }
        var sizes: [Int] = []
        var added = 0
        for set in order {
            let part = proportion(of: set, wanted, added)
            sizes.append(set.size + part)
            added += part
        }
        // What rounding has left over goes to the largest.
        if wanted != 0, !sizes.isEmpty { sizes[0] = max(0, sizes[0] + wanted - added) }
        for (set, size) in zip(order, sizes) { resize(set, to: size) }
    }

    private func isSaturated(_ set: SimulatedReplicaSet) -> Bool {
        set.size == deployment.replicas && set.status.availableReplicas == deployment.replicas
            && set.metadata.annotations[DeploymentAnnotation.desiredReplicas] == String(deployment.replicas)
    }

    private func proportion(of set: SimulatedReplicaSet, _ wanted: Int, _ added: Int) -> Int {
        guard wanted != 0, wanted != added, set.size > 0 else { return 0 }
        let allowed = wanted - added
        let part: Int
        if deployment.replicas == 0 {
            part = -set.size
        } else {
            let noted = set.metadata.annotations[DeploymentAnnotation.maxReplicas].flatMap { Int($0) } ?? deployment.status.replicas
            let size = Double(set.size * (deployment.replicas + deployment.maxSurge)) / Double(max(1, noted))
            part = Int(size.rounded(.toNearestOrAwayFromZero)) - set.size
        }
        return wanted > 0 ? min(part, allowed) : max(part, allowed)
    }

    private mutating func resize(_ set: SimulatedReplicaSet, to size: Int) {
        if let index = old.firstIndex(where: { $0.metadata.name == set.metadata.name }) {
            setSize(ofOld: index, size)
        } else {
            setSizeOfNew(size)
        }
    }
}
