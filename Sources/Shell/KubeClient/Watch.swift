import HTTPTransport
public import KubeModel
public import StrictJSON

/// One line of a watch.
public enum WatchEvent: Sendable, Equatable {
    case added(JSONValue)
    case modified(JSONValue)
    /// The object as it was last.
    case deleted(JSONValue)
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
            return WatchStream(lines: response.body.lines(maxLength: Self.longestWatchLine))
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

    let lines: ResponseLines

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(lines: lines.makeAsyncIterator()) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        var lines: ResponseLines.AsyncIterator

        public mutating func next() async throws(KubeError) -> WatchEvent? { try await next(isolation: nil) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(KubeError) -> WatchEvent? {
            while true {
                let line: [UInt8]
                do throws(TransportError) {
                    guard let next = try await lines.next(isolation: actor) else { return nil }
                    line = next
                } catch {
                    throw KubeError(error)
                }
                if line.isEmpty { continue }
                return try WatchEvent(line: line)
            }
        }
    }
}

extension WatchEvent {
    init(line: [UInt8]) throws(KubeError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: line)
        } catch {
            throw .badResponse("a line of the watch is not valid JSON: \(error)")
        }
        guard let object = json["object"], case .object = object else { throw .badResponse("a line of the watch has no object") }
        switch json["type"]?.stringValue {
        case "ADDED": self = .added(object)
        case "MODIFIED": self = .modified(object)
        case "DELETED": self = .deleted(object)
        case "BOOKMARK":
            guard let version = object.at("metadata", "resourceVersion")?.stringValue else {
                throw .badResponse("a bookmark of the watch has no resourceVersion")
            }
            self = .bookmark(resourceVersion: version)
        case "ERROR": self = .failed(APIStatus(json: object))
        case let other: throw .badResponse("a line of the watch has the type \(other.map { "\"\($0)\"" } ?? "nothing")")
        }
    }
}
