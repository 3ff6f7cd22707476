import HTTPTransport
public import KubeModel
public import StrictJSON

/// One line of a watch, with its object as a tree.
public typealias WatchEvent = WatchLine<JSONValue>

/// One line of a watch.
public enum WatchLine<Object: Sendable & Equatable>: Sendable, Equatable {
    case added(Object)
    case modified(Object)
    /// The object as it was last.
    case deleted(Object)
    /// Everything up to this version has been sent.
    case bookmark(resourceVersion: String)
    /// The watch ends because of this; code 410 means that its version is too old.
    case failed(APIStatus)
}

extension KubeClient {
    /// Longest line of a watch: etcd refuses objects above 1.5 MB by default, and JSON is at most a few times longer than what it stores.
    static let longestWatchLine = 16 << 20

    /// How much longer than the server was asked for a silent watch may last, before it counts as lost.
    static let watchGrace: Duration = .seconds(15)

    /// Follows changes from `version` on. Returns when the server has accepted; the server ends it after `timeout`.
    ///
    /// - Throws: `.gone` when the version is too old; the same may also come later, as `.failed`.
    public func watch(
        _ resource: GroupVersionResource, namespace: String?, selection: Selection = Selection(), from version: String,
        timeout: Duration = .seconds(300)
    ) async throws(KubeError) -> WatchStream {
        var request = KubeRequest(.watch, resource, namespace: namespace)
        request.query = selection.query + [
            ("watch", "true"), ("resourceVersion", version), ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", String(timeout.components.seconds)),
        ]
        let throttled = try await waitForBudget(request)
        let start = clock.now
        var record = RequestRecord(
            verb: request.verb.rawValue, resource: resource, namespace: request.namespace, name: "", throttled: throttled, elapsed: .zero)
        do throws(KubeError) {
            let response = try await exchange(request, timeouts: .stream(idle: timeout + Self.watchGrace), responseLimit: .max)
            record.status = response.status
            guard response.status == 200 else {
                let bytes: [UInt8]
                do throws(TransportError) {
                    bytes = try await response.body.collect(upTo: Self.longestWatchLine)
                } catch {
                    throw KubeError(error)
                }
                throw refusal(response, bytes, of: request)
            }
            record.elapsed = start.duration(to: clock.now)
            observe?(record)
            return WatchStream(texts: WatchTextStream(lines: response.body.lines(maxLength: Self.longestWatchLine)))
        } catch {
            record.errorLabel = error.label
            record.elapsed = start.duration(to: clock.now)
            observe?(record)
            throw error
        }
    }
}

/// The events of a watch, as they come. Dropping it, or cancelling its reader, closes the watch.
public struct WatchStream: AsyncSequence, Sendable {
    public typealias Element = WatchEvent
    public typealias Failure = KubeError

    /// The same events with their objects as text, for readers who need no trees. One of the two is to be read.
    public let texts: WatchTextStream

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(texts: texts.makeAsyncIterator()) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        var texts: WatchTextStream.AsyncIterator

        public mutating func next() async throws(KubeError) -> WatchEvent? { try await next(isolation: nil) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(KubeError) -> WatchEvent? {
            guard let line = try await texts.next(isolation: actor) else { return nil }
            return try WatchEvent(line)
        }
    }
}

/// The events of a watch with their objects as text. A text keeps its whole line alive.
public struct WatchTextStream: AsyncSequence, Sendable {
    public typealias Element = WatchLine<ArraySlice<UInt8>>
    public typealias Failure = KubeError

    let lines: ResponseLines

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(lines: lines.makeAsyncIterator()) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        var lines: ResponseLines.AsyncIterator

        public mutating func next() async throws(KubeError) -> Element? { try await next(isolation: nil) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(KubeError) -> Element? {
            while true {
                let line: [UInt8]
                do throws(TransportError) {
                    guard let next = try await lines.next(isolation: actor) else { return nil }
                    line = next
                } catch {
                    throw KubeError(error)
                }
                if line.isEmpty { continue }
                return try Element(line: line)
            }
        }
    }
}

extension WatchLine where Object == ArraySlice<UInt8> {
    init(line: [UInt8]) throws(KubeError) {
        var type: String?
        var object: ArraySlice<UInt8>?
        do throws(JSONError) {
            var reader = JSONReader(line)
            try reader.readObject { key, reader throws(JSONError) in
                switch key {
                case "type" where reader.nextKind == .string: type = try reader.string()
                case "object" where reader.nextKind == .object: object = try reader.raw()
                default: break
                }
            }
            try reader.finish()
        } catch {
            throw .badResponse("a line of the watch is not valid JSON: \(error)")
        }
        guard let object else { throw .badResponse("a line of the watch has no object") }
        switch type {
        case "ADDED": self = .added(object)
        case "MODIFIED": self = .modified(object)
        case "DELETED": self = .deleted(object)
        case "BOOKMARK":
            guard let version = try Self.tree(object).at("metadata", "resourceVersion")?.stringValue else {
                throw .badResponse("a bookmark of the watch has no resourceVersion")
            }
            self = .bookmark(resourceVersion: version)
        case "ERROR": self = .failed(APIStatus(json: try Self.tree(object)))
        case let other: throw .badResponse("a line of the watch has the type \(other.map { "\"\($0)\"" } ?? "nothing")")
        }
    }

    fileprivate static func tree(_ text: ArraySlice<UInt8>) throws(KubeError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: text)
        } catch {
            throw .badResponse("a line of the watch is not valid JSON: \(error)")
        }
    }
}

extension WatchEvent {
    fileprivate init(_ line: WatchLine<ArraySlice<UInt8>>) throws(KubeError) {
        typealias Text = WatchLine<ArraySlice<UInt8>>
        switch line {
        case .added(let text): self = .added(try Text.tree(text))
        case .modified(let text): self = .modified(try Text.tree(text))
        case .deleted(let text): self = .deleted(try Text.tree(text))
        case .bookmark(let version): self = .bookmark(resourceVersion: version)
        case .failed(let status): self = .failed(status)
        }
    }
}
