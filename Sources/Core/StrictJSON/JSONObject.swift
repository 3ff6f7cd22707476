/// The members of a JSON object, in the order in which they were written or added.
///
/// Two objects are equal if they have the same members in any order. Keys are compared byte by byte, as JSON does;
/// Swift's own comparison of strings would take canonically equivalent spellings for one key.
public struct JSONObject: Sendable, Sequence, ExpressibleByDictionaryLiteral {
    /// One member.
    public typealias Element = (key: String, value: JSONValue)

    private(set) var members: [Member]
    /// Position of each key, kept for objects with more members than a linear search likes.
    private var positions: [ByteKey: Int]?

    /// Up to here comparing keys one after another beats hashing.
    private static let linearSearchLimit = 16

    /// No members.
    public init() { members = [] }

    /// The given members in this order; of equal keys the last value counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        members = []
        members.reserveCapacity(elements.count)
        for (key, value) in elements { self[key] = value }
    }

    /// The given members in this order; of equal keys the last value counts.
    public init(_ elements: some Sequence<(key: String, value: JSONValue)>) {
        members = []
        for (key, value) in elements { self[key] = value }
    }

    /// One member as it is stored. A structure, because arrays of tuples are not specialized by the compiler.
    struct Member {
        var key: String
        var value: JSONValue
    }

    /// Members of which the caller knows that no key occurs twice.
    init(uncheckedUnique members: [Member]) {
        self.members = members
        if members.count > Self.linearSearchLimit { buildIndex() }
    }

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there are none.
    public var isEmpty: Bool { members.isEmpty }

    /// All keys in order.
    public var keys: [String] { members.map(\.key) }

    /// All values in order.
    public var values: [JSONValue] { members.map(\.value) }

    /// The value of `key`. Setting a new key adds it at the end; setting nil removes the member.
    public subscript(key: String) -> JSONValue? {
        get {
            guard let position = position(of: key) else { return nil }
            return members[position].value
        }
        set {
            guard let newValue else {
                removeValue(forKey: key)
                return
            }
            if let position = position(of: key) {
                members[position].value = newValue
            } else {
                append(key, newValue)
            }
        }
    }

    /// Removes the member and hands back its value; nil if there was none.
    @discardableResult
    public mutating func removeValue(forKey key: String) -> JSONValue? {
        guard let position = position(of: key) else { return nil }
        let removed = members.remove(at: position)
        if positions != nil { members.count > Self.linearSearchLimit ? buildIndex() : (positions = nil) }
        return removed.value
    }

    /// Changes the value of `key` in place, without copying it; nil stands for an absent member before and after.
    mutating func update<Failure: Error, Result>(
        _ key: String, _ change: (inout JSONValue?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let position = position(of: key) else {
            var value: JSONValue?
            let result = try change(&value)
            if let value { append(key, value) }
            return result
        }
        var value: JSONValue? = members[position].value
        members[position].value = .null  // keeps the storage unshared while it is being changed
        do throws(Failure) {
            let result = try change(&value)
            if let value { members[position].value = value } else { removeValue(forKey: key) }
            return result
        } catch {
            if let value { members[position].value = value }
            throw error
        }
    }

    /// The object with its members sorted by the bytes of their keys.
    public func sortedByKey() -> JSONObject {
        JSONObject(uncheckedUnique: members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    }

    /// Iterates in insertion order.
    public func makeIterator() -> Iterator { Iterator(members: members.makeIterator()) }

    /// Iterates in insertion order.
    public struct Iterator: IteratorProtocol {
        var members: IndexingIterator<[Member]>

        /// The next member, nil after the last.
        public mutating func next() -> Element? {
            guard let member = members.next() else { return nil }
            return (member.key, member.value)
        }
    }

    /// The exact number of members.
    public var underestimatedCount: Int { members.count }

    func position(of key: String) -> Int? {
        if let positions { return positions[ByteKey(key)] }
        for index in members.indices where members[index].key.hasSameBytes(as: key) { return index }
        return nil
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        members.append(Member(key: key, value: value))
        if positions != nil {
            positions?[ByteKey(key)] = members.count - 1
        } else if members.count > Self.linearSearchLimit {
            buildIndex()
        }
    }

    private mutating func buildIndex() {
        var index: [ByteKey: Int] = [:]
        index.reserveCapacity(members.count)
        for position in members.indices { index[ByteKey(members[position].key)] = position }
        positions = index
    }
}

extension JSONObject: Hashable {
    /// Whether both have the same members, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        for (offset, member) in left.members.enumerated() {
            // Most often the order is the same, too.
            let same = right.members[offset]
            if same.key.hasSameBytes(as: member.key) {
                if same.value != member.value { return false }
                continue
            }
            guard let position = right.position(of: member.key), right.members[position].value == member.value else { return false }
        }
        return true
    }

    /// Hashes the members independently of their order.
    public func hash(into hasher: inout Hasher) {
        var sum: UInt64 = 0
        for member in members {
            var hash = Hasher()
            hash.combine(ByteKey(member.key))
            hash.combine(member.value)
            sum &+= UInt64(bitPattern: Int64(hash.finalize()))
        }
        hasher.combine(members.count)
        hasher.combine(sum)
    }
}

/// A string that equals only a string of the same bytes.
struct ByteKey: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ByteKey, right: ByteKey) -> Bool { left.text.hasSameBytes(as: right.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both are the same sequence of bytes; `==` is wider, it takes canonically equivalent strings for equal.
    @inline(__always)
    func hasSameBytes(as other: String) -> Bool {
        // Unequal is quick and certain. Equal is almost always identical, but must be proven.
        guard utf8.count == other.utf8.count, self == other else { return false }
        return utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable { $0.hasSameBytes(as: bytes) } ?? false
        } ?? utf8.elementsEqual(other.utf8)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether both hold the same bytes; eight at a time.
    @inline(__always)
    func hasSameBytes(as other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count else { return false }
        guard let left = baseAddress.map({ UnsafeRawPointer($0) }), let right = other.baseAddress.map({ UnsafeRawPointer($0) }) else { return count == 0 }
        var index = 0
        while index &+ 8 <= count {
            guard left.loadUnaligned(fromByteOffset: index, as: UInt64.self) == right.loadUnaligned(fromByteOffset: index, as: UInt64.self) else { return false }
            index &+= 8
        }
        while index < count {
            guard self[index] == other[index] else { return false }
            index &+= 1
        }
        return true
    }
}
