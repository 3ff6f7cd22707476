public import HTTPTypes

/// Answers requests of a Kubernetes API, whatever carries them: the in-process transport, an HTTP listener, a test.
public protocol APIHandler: Sendable {
    /// Answers one request. It never throws: what goes wrong is an answer too.
    func handle(_ request: APIRequest) async -> APIResponse
}

/// One request, without the connection that it came by.
public struct APIRequest: Sendable {
    public var method: HTTPRequest.Method
    /// The path as it stands in the request line, percent-encoded, without the query.
    public var path: String
    /// The query parameters in their order, decoded.
    public var query: APIQuery
    public var headers: HTTPFields
    public var body: [UInt8]

    /// A request for `target`, which is a path and, behind a question mark, a query.
    public init(_ method: HTTPRequest.Method, _ target: String, headers: HTTPFields = [:], body: [UInt8] = []) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.method = method
        self.path = String(parts.first ?? "")
        self.query = APIQuery(parsing: parts.count == 2 ? String(parts[1]) : "")
        self.headers = headers
        self.body = body
    }
}

/// The parameters of a query, in their order.
public struct APIQuery: Sendable, Hashable {
    /// Names and values, decoded.
    public var items: [Item]

    /// One parameter.
    public struct Item: Sendable, Hashable {
        public var name: String
        public var value: String
    }

    /// Reads what stands behind the question mark: `a=1&b=x%20y`.
    public init(parsing text: String) {
        items = text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Item(
                name: percentDecoded(parts[0], plusIsSpace: true),
                value: parts.count == 2 ? percentDecoded(parts[1], plusIsSpace: true) : "")
        }
    }

    /// Whether a parameter says yes: as Go reads it, with any value but `0` and `false`, also with none.
    public func isTrue(_ name: String) -> Bool { self[name].map { !["0", "false"].contains($0.lowercased()) } ?? false }

    /// The first value of a parameter; nil where it does not occur.
    public subscript(name: String) -> String? { items.first { $0.name == name }?.value }
}

/// An answer: a status, headers, and a body that is either complete or a stream.
public struct APIResponse: Sendable {
    public var status: Int
    public var headers: HTTPFields
    public var body: APIBody

    /// An answer with the given parts.
    public init(status: Int, headers: HTTPFields = [:], body: APIBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer with a complete body of the given media type.
    public init(status: Int, contentType: String, bytes: [UInt8]) {
        self.init(status: status, headers: [.contentType: contentType], body: .bytes(bytes))
    }
}

/// What an answer carries.
public enum APIBody: Sendable {
    case bytes([UInt8])
    /// A watch: chunks of whole lines, each line one event.
    case stream(APIStream)
}

/// Chunks of bytes that are produced while they are asked for, in the task that asks.
///
/// Nothing runs between two calls of `next`, so a stream that nobody reads costs nothing and needs no closing.
public struct APIStream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = Never

    /// Produces the next chunk; nil at the end, and when the reading task is cancelled.
    public typealias Producer = @Sendable () async -> [UInt8]?

    private let makeProducer: @Sendable () -> Producer

    /// A stream whose iterators each read from a producer of their own.
    public init(_ makeProducer: @escaping @Sendable () -> Producer) { self.makeProducer = makeProducer }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(produce: makeProducer()) }

    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let produce: Producer

        public mutating func next() async -> [UInt8]? { await produce() }
    }
}

/// Undoes percent-encoding; what is not valid UTF-8 afterwards becomes replacement characters, which match no name.
func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let high = rest.first?.hexDigit, let low = rest.dropFirst().first?.hexDigit {
            bytes.append(high << 4 | low)
            rest.removeFirst(2)
        } else {
            bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

extension UInt8 {
    fileprivate var hexDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
