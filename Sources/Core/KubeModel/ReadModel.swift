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
}

extension ReadModel {
    public var key: ObjectKey { metadata.key }
}
