import StrictJSON

/// Who owns whom, and which objects have to be looked at.
///
/// The real garbage collector is a controller that follows watches. This one knows of each write and works when it is told to, so
/// that one history has one outcome.
struct GarbageState: Sendable {
    /// Where an object lies.
    struct ObjectID: Hashable, Sendable, Comparable {
        var storage: StorageID
        var key: String

        static func < (left: Self, right: Self) -> Bool { (left.storage, left.key) < (right.storage, right.key) }
    }

    private(set) var objects: [String: ObjectID] = [:]
    private var dependents: [String: Set<ObjectID>] = [:]
    private var queue: [ObjectID] = []
    private var isQueued: Set<ObjectID> = []

    /// The objects that name `uid` among their owners, sorted.
    func dependents(of uid: String) -> [ObjectID] { (dependents[uid] ?? []).sorted() }

    func hasDependents(_ uid: String) -> Bool { !(dependents[uid] ?? []).isEmpty }

    mutating func next() -> ObjectID? {
        guard !queue.isEmpty else { return nil }
        let id = queue.removeFirst()
        isQueued.remove(id)
        return id
    }

    mutating func enqueue(_ id: ObjectID) {
        if isQueued.insert(id).inserted { queue.append(id) }
    }

    /// Takes note of a write: who is owned by whom now, and who has to be looked at because of it.
    mutating func note(_ change: ObjectStore.Change) {
        let id = ObjectID(storage: change.storage, key: change.key)
        let before = (change.old?.ownerReferences ?? []).compactMap { $0["uid"]?.stringValue }
        let after = (change.new?.ownerReferences ?? []).compactMap { $0["uid"]?.stringValue }
        if before != after || change.new == nil || change.old == nil {
            for uid in before {
                dependents[uid]?.remove(id)
                if dependents[uid]?.isEmpty ?? false { dependents[uid] = nil }
            }
            for uid in after { dependents[uid, default: []].insert(id) }
            if !after.isEmpty { enqueue(id) }
        }
        if let new = change.new {
            objects[new.uid] = id
            if new.isDeleting { enqueue(id) }
        } else if let old = change.old {
            objects[old.uid] = nil
            for dependent in dependents(of: old.uid) { enqueue(dependent) }
            for uid in before { if let owner = objects[uid] { enqueue(owner) } }
            if !old.namespace.isEmpty { enqueue(ObjectID(storage: .namespaces, key: old.namespace)) }
            enqueue(ObjectID(storage: .definitions, key: "\(change.storage.plural).\(change.storage.group)"))
        }
    }
}

extension APIMachine {
    mutating func collectGarbageIfImmediate() {
        if settings.garbageCollection == .immediate { collectGarbage() }
    }

    /// Does what the real cluster's garbage collector and namespace controller do, until nothing is left to do.
    mutating func collectGarbage() {
        let caller = writer
        writer = "garbage-collector"
        while let id = garbage.next() { collect(id) }
        writer = caller
    }

    private mutating func collect(_ id: GarbageState.ObjectID) {
        guard let object = store.object(id.storage, id.key), let definition = registry.definition(of: id.storage) else { return }
        if object.isDeleting {
            if definition.holdsContent { return clearContent(of: object, id, definition) }
            if object.finalizers.contains(Self.orphanFinalizer) { return orphanDependents(of: object, id, definition) }
            if object.finalizers.contains(Self.foregroundFinalizer) { return deleteDependents(of: object, id, definition) }
        } else if !object.ownerReferences.isEmpty {
            collectDependent(object, id, definition)
        }
    }

    /// Removes an object without living owners, or the references to owners that are gone.
    private mutating func collectDependent(_ object: JSONValue, _ id: GarbageState.ObjectID, _ definition: ServedResource) {
        var solid: [JSONValue] = []
        var isWaitedFor = false
        for reference in object.ownerReferences {
            switch ownerState(reference, namespace: object.namespace) {
            case .present: solid.append(reference)
            case .absent: break
            case .deletingInForeground:
                if reference["blockOwnerDeletion"]?.boolValue ?? false { isWaitedFor = true } else { solid.append(reference) }
            }
        }
        if solid.count == object.ownerReferences.count { return }
        if solid.isEmpty {
            let inForeground = isWaitedFor && garbage.hasDependents(object.uid)
            let isOrphaning = object.finalizers.contains(Self.orphanFinalizer)
            markForDeletion(definition, id.key, isOrphaning ? .orphan : inForeground ? .foreground : .background)
        } else {
            var kept = object
            kept.set(.array(solid), at: ["metadata", "ownerReferences"])
            commit(definition, id.key, kept)
        }
    }

    private enum OwnerState { case present, absent, deletingInForeground }

    private func ownerState(_ reference: JSONValue, namespace: String) -> OwnerState {
        let apiVersion = reference["apiVersion"]?.stringValue ?? ""
        let kind = reference["kind"]?.stringValue ?? ""
        // Of a kind that is not served nobody can say that the object is gone.
        guard registry.definition(apiVersion: apiVersion, kind: kind) != nil else { return .present }
        guard let id = garbage.objects[reference["uid"]?.stringValue ?? ""], let owner = store.object(id.storage, id.key) else {
            return .absent
        }
        guard owner.namespace.isEmpty || owner.namespace == namespace else { return .absent }
        return owner.isDeleting && owner.finalizers.contains(Self.foregroundFinalizer) ? .deletingInForeground : .present
    }

    private mutating func orphanDependents(of object: JSONValue, _ id: GarbageState.ObjectID, _ definition: ServedResource) {
        for dependent in garbage.dependents(of: object.uid) {
            guard var child = store.object(dependent.storage, dependent.key),
                let kind = registry.definition(of: dependent.storage) else { continue }
            let kept = child.ownerReferences.filter { $0["uid"]?.stringValue != object.uid }
            child.set(kept.isEmpty ? Optional.none : .array(kept), at: ["metadata", "ownerReferences"])
            commit(kind, dependent.key, child)
        }
        dropFinalizer(Self.orphanFinalizer, of: object, id, definition)
    }

    /// Deletes what blocks the owner's deletion; when nothing blocks it any more, the owner goes.
    private mutating func deleteDependents(of object: JSONValue, _ id: GarbageState.ObjectID, _ definition: ServedResource) {
        var isBlocked = false
        for dependent in garbage.dependents(of: object.uid) {
            guard let child = store.object(dependent.storage, dependent.key) else { continue }
            let blocks = child.ownerReferences.contains {
                $0["uid"]?.stringValue == object.uid && $0["blockOwnerDeletion"]?.boolValue == true
            }
            guard blocks else { continue }
            isBlocked = true
            garbage.enqueue(dependent)
        }
        if !isBlocked { dropFinalizer(Self.foregroundFinalizer, of: object, id, definition) }
    }

    private mutating func dropFinalizer(
        _ finalizer: String, of object: JSONValue, _ id: GarbageState.ObjectID, _ definition: ServedResource
    ) {
        let kept = object.finalizers.filter { $0 != finalizer }
        guard !kept.isEmpty else { return _ = commit(definition, id.key, nil) }
        var object = object
        object.set(JSONValue(kept), at: ["metadata", "finalizers"])
        commit(definition, id.key, object)
    }

    /// Deletes what lies in a namespace or belongs to a definition; when it is empty, removes it.
    private mutating func clearContent(of object: JSONValue, _ id: GarbageState.ObjectID, _ definition: ServedResource) {
        let isNamespace = definition.storage == .namespaces
        let prefix = id.key + "/"
        let storages = isNamespace ? store.storages : [CustomResources.storage(of: object)]
        var content: [GarbageState.ObjectID] = []
        for storage in storages {
            let keys = store.collection(storage).keys.filter { !isNamespace || $0.hasPrefix(prefix) }
            content += keys.map { GarbageState.ObjectID(storage: storage, key: $0) }
        }
        for item in content {
            guard let kind = registry.definition(of: item.storage), let child = store.object(item.storage, item.key),
                !child.isDeleting else { continue }
            markForDeletion(kind, item.key, .background)
        }
        let isEmpty = content.allSatisfy { store.object($0.storage, $0.key) == nil }
        if isEmpty, object.finalizers.isEmpty { commit(definition, id.key, nil) }
    }
}
