public import StrictJSON

/// Everything that a server has stored at one moment, as text that outlives the process: a line that says what it is, then one
/// object a line, definitions first.
public struct ServerSnapshot: Sendable, Equatable {
    /// The first word of the first line.
    public static let format: String = "sluice-cluster-state"
    /// Of the form of the text; raised when older programs could not read it any more.
    public static let formatVersion: Int = 1

    /// The version of the last write.
    public var resourceVersion: Int64
    /// All objects, each with its kind and its metadata.
    public var objects: [JSONValue]

    init(of store: ObjectStore) {
        resourceVersion = store.version
        let storages = [StorageID.definitions] + store.storages.filter { $0 != .definitions }
        objects = storages.flatMap { storage in
            let collection = store.collection(storage)
            return collection.keys.compactMap { collection[$0] }
        }
    }

    /// The text of it.
    public var text: [UInt8] {
        let header: JSONValue = [
            "format": .string(Self.format), "version": JSONValue(Self.formatVersion), "resourceVersion": JSONValue(resourceVersion),
            "objects": JSONValue(objects.count), "digest": .string(digest),
        ]
        var bytes = header.serialized()
        bytes.append(UInt8(ascii: "\n"))
        for object in objects {
            bytes += object.serialized()
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// Reads what `text` has written.
    public init(parsing text: [UInt8]) throws(SnapshotError) {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)[...]
        // Whatever is wrong with the first line, the answer is the same.
        guard let first = lines.popFirst(), let header = try? JSONValue(parsing: Array(first)), header["format"]?.stringValue == Self.format else {
            throw .notASnapshot
        }
        guard let version = header["version"]?.intValue else { throw .damaged(line: 1, cause: "it names no version of the format") }
        guard version <= Self.formatVersion else { throw .newer(version: version) }
        guard let resourceVersion = header["resourceVersion"]?.int64Value, let count = header["objects"]?.intValue else {
            throw .damaged(line: 1, cause: "it names no resourceVersion or no number of objects")
        }
        self.resourceVersion = resourceVersion
        objects = []
        for (index, line) in lines.enumerated() {
            do throws(JSONError) {
                objects.append(try JSONValue(parsing: Array(line)))
            } catch {
                throw .damaged(line: index + 2, cause: "\(error.message)")
            }
        }
        guard objects.count == count else { throw .incomplete(found: objects.count, expected: count) }
        guard header["digest"]?.stringValue == digest else { throw .damaged(line: 1, cause: "its digest is not that of the objects") }
    }

    private var digest: String { String(JSONValue.array(objects).structuralDigest, radix: 16) }
}

/// Why a text is no snapshot that can be gone on from.
public enum SnapshotError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It is something else.
    case notASnapshot
    /// A newer program has written it.
    case newer(version: Int)
    /// It ends too early, or too late.
    case incomplete(found: Int, expected: Int)
    case damaged(line: Int, cause: String)
    /// It holds an object that this server does not serve, or a definition that it refuses.
    case notServed(object: String, cause: String)

    /// What is wrong with the text.
    public var description: String {
        switch self {
        case .notASnapshot: "it is not the state of a cluster"
        case .newer(let version):
            "it was written by a newer version of this program (format \(version), this one reads up to \(ServerSnapshot.formatVersion))"
        case .incomplete(let found, let expected): "it is incomplete: \(found) of \(expected) objects are there"
        case .damaged(let line, let cause): "line \(line) is damaged: \(cause)"
        case .notServed(let object, let cause): "\(object) cannot be taken over: \(cause)"
        }
    }
}

extension ServerState {
    /// What would have to be written down to go on from here later.
    public var snapshot: ServerSnapshot { ServerSnapshot(of: store) }
}

extension APIMachine {
    /// Goes on from a snapshot, in place of an empty store.
    ///
    /// Versions go on in the next million. So they rise even where writes came after the snapshot that were lost with the process:
    /// whoever has read a version from then on is told that it is gone, and lists again.
    mutating func restore(_ snapshot: ServerSnapshot) throws(SnapshotError) {
        let (million, overflow) = (snapshot.resourceVersion / Self.versionGap + 1).multipliedReportingOverflow(by: Self.versionGap)
        guard snapshot.resourceVersion > 0, !overflow else {
            throw .damaged(line: 1, cause: "the resourceVersion \(snapshot.resourceVersion) is out of range")
        }
        store = ObjectStore(historyLimit: settings.historyLimit, version: million)
        for object in snapshot.objects {
            let (apiVersion, kind) = (object["apiVersion"]?.stringValue ?? "", object["kind"]?.stringValue ?? "")
            let name = "\(kind.isEmpty ? "an object without a kind" : kind) \(storeKey(namespace: object.namespace, name: object.name))"
            guard let definition = registry.definition(apiVersion: apiVersion, kind: kind) else {
                throw .notServed(object: name, cause: "nothing is known of \(apiVersion) \(kind)")
            }
            guard !object.name.isEmpty, !object.uid.isEmpty, definition.isNamespaced != object.namespace.isEmpty else {
                throw .notServed(object: name, cause: "it has no name, no uid or not the scope of its kind")
            }
            if definition.storage == .definitions {
                do throws(CustomResources.InvalidDefinition) {
                    _ = try CustomResources.resources(of: object)
                } catch {
                    throw .notServed(object: name, cause: error.errors.map { "\($0.field): \($0.message)" }.joined(separator: "; "))
                }
            }
            let change = store.restore(definition.storage, storeKey(namespace: object.namespace, name: object.name), object)
            garbage.note(change)
            if definition.storage == .definitions { definitionChanged(change) }
        }
        collectGarbageIfImmediate()
    }

    /// More than any process writes between two snapshots.
    private static let versionGap: Int64 = 1_000_000
}
