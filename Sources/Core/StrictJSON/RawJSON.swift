/// A value that is kept to be passed on, not to be read: as its text, which takes about a quarter of the memory of a tree.
public struct RawJSON: Sendable {
    /// The value's own compact text.
    public let text: [UInt8]

    /// Writes the value down.
    public init(_ value: JSONValue) {
        // A copy of exactly its length: what is written has room to grow.
        let written = value.serialized()
        text = Array(unsafeUninitializedCapacity: written.count) { buffer, count in
            _ = buffer.initialize(from: written)
            count = written.count
        }
    }

    /// The value, parsed anew each time.
    public var value: JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: text)
        } catch {
            // It was written by the writer of this module, which writes nothing that its parser refuses.
            preconditionFailure("a value that was written down cannot be read again: \(error)")
        }
    }
}

extension RawJSON: Hashable {
    /// Whether both say the same, in whatever order and spelling.
    public static func == (left: RawJSON, right: RawJSON) -> Bool { left.text == right.text || left.value == right.value }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) { hasher.combine(value.structuralDigest) }
}
