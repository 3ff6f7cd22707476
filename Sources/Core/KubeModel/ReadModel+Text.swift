import StrictJSON

/// What a cache remembers from one object to the next while it reads them, so that what they have in common is made and stored once.
public struct ReadingMemory: Sendable {
    /// Summaries are remembered of so many templates: ReplicaSets change often while they are scaled, their templates never. One costs
    /// about a hundred bytes, since its labels and containers are shared with the object that is in the cache.
    static let templateLimit = 4096

    var texts: JSONTextPool? = JSONTextPool()
    private var templates: [UInt64: PodTemplateSummary] = [:]

    /// A memory of nothing.
    public init() {}

    /// The summary of a template that is known by the digest of its text.
    mutating func summary(_ digest: UInt64, made: () throws(JSONError) -> PodTemplateSummary) throws(JSONError) -> PodTemplateSummary {
        if let known = templates[digest] { return known }
        let summary = try made()
        if templates.count >= Self.templateLimit { templates = [:] }
        templates[digest] = summary
        return summary
    }
}

/// Why an object could not be read from its text.
public enum ObjectTextError: Error, Sendable {
    /// The text is no JSON value.
    case malformed(JSONError)
    /// The object does not fit its model.
    case unreadable(DecodeError, JSONValue)
}

extension ReadModel {
    /// Kinds that are always read by way of a tree have no other.
    public static func pull(_ reader: inout JSONReader, _ memory: inout ReadingMemory) throws(JSONError) -> Self? { nil }

    /// Reads a whole object from its text, exactly as `init(json:)` reads it from a tree.
    ///
    /// Whatever keeps it from being read straight from the text, the tree has the last word: its errors name the field.
    public init(text: ArraySlice<UInt8>, memory: inout ReadingMemory) throws(ObjectTextError) {
        if let model = Self.pulled(text, &memory) {
            self = model
            return
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: text)
        } catch {
            throw .malformed(error)
        }
        do throws(DecodeError) {
            try self.init(json: json)
        } catch {
            throw .unreadable(error, json)
        }
    }

    private static func pulled(_ text: ArraySlice<UInt8>, _ memory: inout ReadingMemory) -> Self? {
        var reader = JSONReader(text)
        reader.pool = memory.texts.take()
        defer { memory.texts = reader.pool }
        do throws(JSONError) {
            guard let model = try pull(&reader, &memory), !model.metadata.name.isEmpty else { return nil }
            try reader.finish()
            return model
        } catch {
            // The tree says what is wrong, or finds that nothing is.
            return nil
        }
    }
}
