public import Clockwork
public import KubeModel

/// The object that an event is about.
public struct ObjectReference: Sendable, Hashable {
    public var kind: GroupVersionKind
    public var key: ObjectKey
    public var uid: String
    public var resourceVersion: String

    /// A reference to the object `key`.
    public init(kind: GroupVersionKind, key: ObjectKey, uid: String, resourceVersion: String = "") {
        self.kind = kind
        self.key = key
        self.uid = uid
        self.resourceVersion = resourceVersion
    }
}

/// Something to tell the user of an object.
public struct PublishedEvent: Sendable, Hashable {
    /// `Warning` is for what a person should look at.
    public enum Kind: String, Sendable, Hashable { case normal = "Normal", warning = "Warning" }

    public var about: ObjectReference
    public var kind: Kind
    public var reason: String
    public var message: String

    /// A note about an object.
    public init(about: ObjectReference, kind: Kind, reason: String, message: String) {
        self.about = about
        self.kind = kind
        self.reason = reason
        self.message = message
    }
}

/// Decides what becomes of an event: a new object, a higher count on an old one, or nothing.
///
/// The rules are those of client-go's recorder: equal events are counted; more than ten of one reason about one object
/// within ten minutes are combined; beyond 25 per object, one in five minutes gets through.
public struct EventCorrelator: Sendable {
    static let similarLimit = 10
    static let similarInterval: Duration = .seconds(600)
    static let spamBurst = 25
    static let spamInterval: Duration = .seconds(300)
    /// As client-go: more than this many objects or events are not remembered.
    static let memory = 4096

    /// What to do with an event.
    public enum Decision: Sendable, Equatable {
        case create(PublishedEvent, name: String)
        /// Raise the count of the event `name` that stands there since `first`.
        case count(PublishedEvent, name: String, count: Int, first: Timestamp)
        /// Too many about this object.
        case drop
    }

    private struct Group: Hashable { var about: ObjectReference; var kind: PublishedEvent.Kind; var reason: String }
    private struct Similar { var messages: Set<String>; var since: Timestamp }
    private struct Written { var name: String; var count: Int; var first: Timestamp; var last: Timestamp }
    private struct Tokens { var bucketFullAt: Timestamp; var used: Timestamp }

    private var similar: [Group: Similar] = [:]
    private var written: [PublishedEvent: Written] = [:]
    private var spam: [ObjectReference: Tokens] = [:]
    private var sequence: Int64 = 0

    /// Nothing was published yet.
    public init() {}

    /// Decides about one event, and takes the decision as carried out.
    public mutating func decide(_ note: PublishedEvent, now: Timestamp) -> Decision {
        forgetOldest()
        var note = note
        // An object is the same whatever its version.
        note.about.resourceVersion = ""
        let combined = combine(note, now: now)
        guard mayPublish(combined.about, now: now) else { return .drop }
        if var known = written[combined.key] {
            known.count += 1
            known.last = now
            written[combined.key] = known
            return .count(combined.note, name: known.name, count: known.count, first: known.first)
        }
        sequence += 1
        let stamp = String(UInt64(bitPattern: now.nanosecondsSince1970 &+ sequence), radix: 16)
        let name = note.about.key.name + "." + stamp
        written[combined.key] = Written(name: name, count: 1, first: now, last: now)
        return .create(combined.note, name: name)
    }

    /// The event could not be written, or its object is gone: the next one like it is created anew.
    public mutating func forget(name: String) {
        for (key, value) in written where value.name == name { written[key] = nil }
    }

    /// How many objects, kinds of events and events are remembered.
    var remembered: Int { similar.count + written.count + spam.count }

    private struct Combined {
        var note: PublishedEvent
        /// What counts as the same event.
        var key: PublishedEvent
        var about: ObjectReference { key.about }
    }

    private mutating func combine(_ note: PublishedEvent, now: Timestamp) -> Combined {
        let group = Group(about: note.about, kind: note.kind, reason: note.reason)
        var entry = similar[group] ?? Similar(messages: [], since: now)
        if entry.since.duration(to: now) > Self.similarInterval { entry = Similar(messages: [], since: now) }
        entry.messages.insert(note.message)
        let isCombined = entry.messages.count > Self.similarLimit
        // Which messages they were does not matter any more.
        if isCombined, let any = entry.messages.min() { entry.messages.remove(any) }
        similar[group] = entry
        guard isCombined else { return Combined(note: note, key: note) }
        var key = note
        key.message = ""
        var shown = note
        shown.message = "(combined from similar events): " + note.message
        return Combined(note: shown, key: key)
    }

    private mutating func mayPublish(_ about: ObjectReference, now: Timestamp) -> Bool {
        let known = spam[about]
        let base = known.map { max($0.bucketFullAt, now) } ?? now
        let debt = now.duration(to: base)
        guard debt <= Self.spamInterval * (Self.spamBurst - 1) else {
            spam[about]?.used = now
            return false
        }
        spam[about] = Tokens(bucketFullAt: base + Self.spamInterval, used: now)
        return true
    }

    /// Keeps each memory below its limit; it drops the older half, so that this is rare.
    private mutating func forgetOldest() {
        if written.count > Self.memory {
            let bound = written.values.map(\.last).sorted()[written.count / 2]
            written = written.filter { $0.value.last > bound }
        }
        if similar.count > Self.memory {
            let bound = similar.values.map(\.since).sorted()[similar.count / 2]
            similar = similar.filter { $0.value.since > bound }
        }
        if spam.count > Self.memory {
            let bound = spam.values.map(\.used).sorted()[spam.count / 2]
            spam = spam.filter { $0.value.used > bound }
        }
    }
}
