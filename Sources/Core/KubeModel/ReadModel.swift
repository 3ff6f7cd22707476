import StrictJSON

/// Someone else's object, as far as we read it.
///
/// It has no way back to JSON on purpose, so it can never be written with the fields missing that we don't know.
public protocol ReadModel: Sendable, Equatable {
    /// Where such objects live.
    static var resource: GroupVersionResource { get }
    var metadata: ObjectMeta { get }
    /// Reads a whole object; unknown members are ignored, members of the wrong type are errors.
    init(json: JSONValue) throws(DecodeError)
    /// Reads the object that comes next straight from its text, as `init(json:)` would read it; nil for kinds that are read by way of a
    /// tree. Any error means that the tree has to be asked. To be called through `init(text:memory:)`.
    static func pull(_ reader: inout JSONReader, _ memory: inout ReadingMemory) throws(JSONError) -> Self?
}

extension ReadModel {
    public var key: ObjectKey { metadata.key }
}
