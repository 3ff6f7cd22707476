import Clockwork
import KubeModel
import StrictJSON

/// How far one watch has read. A value: the reader holds it, so a watch that nobody reads leaves nothing behind.
///
/// A watch reads the history; it has no queue of its own. A reader that falls further behind than the history reaches is told 410, and
/// lists again.
struct WatchCursor: Sendable {
    let definition: ServedResource
    fileprivate var selection: ObjectSelection
    /// Everything up to this version is told.
    fileprivate var position: Int64
    /// Objects that exist at the beginning, still to be told.
    fileprivate var initial: ArraySlice<JSONValue>
    fileprivate var table: TableForm?
    fileprivate var hasSentColumns = false
    fileprivate let deadline: Timestamp
    fileprivate var nextBookmark: Timestamp?
    /// The stream has ended.
    fileprivate(set) var isOver = false

    /// When time alone gives the watch something to do.
    var wakeAt: Timestamp { min(deadline, nextBookmark ?? deadline) }
}

extension APIMachine {
    /// Opens a watch on a collection, or on one object.
    mutating func watch(_ target: RequestTarget, _ query: APIQuery, _ form: AnswerForm) throws(APIFailure) -> WatchCursor {
        if let sends = query["sendInitialEvents"], sends != "false" {
            let error = FieldError.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
            throw APIFailure(
                422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: \(error.field): \(error.message)",
                details: [
                    "group": "meta.k8s.io", "kind": "ListOptions",
                    "causes": [["reason": .string(error.reason), "message": .string(error.message), "field": .string(error.field)]],
                ])
        }
        try Self.checkVersionMatch(query, isWatch: true)
        var selection = try ObjectSelection(namespace: target.scope, query: query, kind: target.definition)
        if let name = target.name { selection.require(name: name) }
        var position = store.version
        var initial: [JSONValue] = []
        let asked = query["resourceVersion"] ?? ""
        if asked.isEmpty || asked == "0" {
            let collection = store.collection(target.definition.storage)
            initial = collection.keys.compactMap { collection[$0] }.filter { selection.matches($0) }
        } else {
            guard let version = Int64(asked), version >= 0 else {
                throw Self.unreadableVersion(asked)
            }
            position = version
        }
        let seconds = try number("timeoutSeconds", query).flatMap { $0 > 0 ? $0 : nil }
        let timeout = seconds.map { Duration.seconds($0) } ?? .seconds(1800 + Int64(random.next(upperBound: 1800 as UInt64)))
        var cursor = WatchCursor(
            definition: target.definition, selection: selection, position: position, initial: initial[...], table: form.table,
            deadline: now.advanced(by: timeout))
        if query.isTrue("allowWatchBookmarks") { cursor.scheduleBookmark(after: now) }
        return cursor
    }

    /// The next lines of a watch; nil where there is nothing to tell yet, or any more.
    func nextChunk(_ cursor: inout WatchCursor, now: Timestamp) -> [UInt8]? {
        guard !cursor.isOver else { return nil }
        guard registry[cursor.definition.resource] != nil else {
            cursor.isOver = true
            return nil
        }
        var bytes: [UInt8] = []
        while bytes.count < Self.chunkBytes, let object = cursor.initial.popFirst() {
            bytes += eventLine("ADDED", object, &cursor)
        }
        guard let changes = store.changes(after: cursor.position) else {
            cursor.isOver = true
            // The history of events is not cached, and so is told by another part of the real server.
            let failure = APIFailure.expired(
                cursor.definition.storage == .events
                    ? "The resourceVersion for the provided watch is too old." : "too old resource version: \(cursor.position) (\(store.compacted))")
            return bytes + Self.line(["type": "ERROR", "object": failure.json])
        }
        if cursor.initial.isEmpty {
            for change in changes where bytes.count < Self.chunkBytes {
                cursor.position = change.version
                if change.storage == cursor.definition.storage, let event = Self.event(change, cursor.selection) {
                    bytes += eventLine(event.type, event.object, &cursor)
                }
            }
        }
        if !bytes.isEmpty { return bytes }
        if now >= cursor.deadline {
            cursor.isOver = true
            return nil
        }
        guard let bookmark = cursor.nextBookmark, now >= bookmark else { return nil }
        cursor.scheduleBookmark(after: now)
        return Self.line(["type": "BOOKMARK", "object": self.bookmark(cursor)])
    }

    /// An object of the kind of a watch in which nothing is set but the version.
    private func bookmark(_ cursor: WatchCursor) -> JSONValue {
        let definition = cursor.definition
        var object: JSONObject = ["kind": .string(definition.kind), "apiVersion": .string(definition.apiVersion)]
        if let type = BuiltInTypes.type(of: definition) {
            for (key, value) in BuiltInReader.empty(type) { object[key] = value }
        }
        var metadata: JSONObject = ["resourceVersion": .string(String(cursor.position))]
        if !definition.isCustom { metadata["creationTimestamp"] = .null }
        object["metadata"] = .object(metadata)
        return .object(object)
    }

    /// What a write is for a watch that selects: an object that begins to match is added, one that ceases to match deleted.
    private static func event(_ change: ObjectStore.Change, _ selection: ObjectSelection) -> (type: String, object: JSONValue)? {
        let before = change.old.map { selection.matches($0) } ?? false
        guard let new = change.new else { return before ? change.removed.map { ("DELETED", $0) } : nil }
        let after = selection.matches(new)
        switch (before, after) {
        case (false, true): return ("ADDED", new)
        case (true, true): return ("MODIFIED", new)
        case (true, false):
            var last = change.old ?? new
            last.set(.string(String(change.version)), at: ["metadata", "resourceVersion"])
            return ("DELETED", last)
        case (false, false): return nil
        }
    }

    private func eventLine(_ type: String, _ object: JSONValue, _ cursor: inout WatchCursor) -> [UInt8] {
        var object = served(object, as: cursor.definition)
        if let table = cursor.table {
            object = tabulated(object, cursor.definition, table, withColumns: !cursor.hasSentColumns)
            cursor.hasSentColumns = true
        }
        return Self.line(["type": .string(type), "object": object])
    }

    /// Chunks are closed when they are longer than this, so that a reader gets the first events of a long list early.
    private static let chunkBytes = 64 << 10
}

extension WatchCursor {
    /// Bookmarks come each minute, and a last one shortly before the watch times out, as from the real server.
    fileprivate mutating func scheduleBookmark(after now: Timestamp) {
        let last = deadline.advanced(by: .seconds(-2))
        nextBookmark = now < last ? min(now.advanced(by: .seconds(60)), last) : nil
    }
}
