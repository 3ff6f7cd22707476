public import Logging

/// Writes log events as lines: the message, then the metadata as fields, sorted by key.
public struct LineLogHandler: LogHandler {
    private let sink: LogSink
    private var ownLevel: Logger.Level?
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    /// A handler that writes to `sink`, at the sink's level until it is given one of its own.
    public init(sink: LogSink) { self.sink = sink }

    public var logLevel: Logger.Level {
        get { ownLevel ?? sink.level }
        set { ownLevel = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { $1 } }
        if let own = event.metadata { merged.merge(own) { $1 } }
        if let error = event.error, merged["error"] == nil { merged["error"] = "\(error)" }
        let fields = merged.sorted { $0.key < $1.key }.map { (key: $0.key, value: Self.text($0.value)) }
        sink.write(event.level, "\(event.message)", fields)
    }

    private static func text(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): value.description
        case .array(let elements): "[" + elements.map(text).joined(separator: ", ") + "]"
        // In the order of the keys, since a dictionary has none.
        case .dictionary(let members):
            "{" + members.sorted { $0.key < $1.key }.map { "\($0.key): \(text($0.value))" }.joined(separator: ", ") + "}"
        }
    }
}
