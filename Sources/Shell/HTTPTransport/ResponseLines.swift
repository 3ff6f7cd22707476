extension ResponseBody {
    /// The body line by line, without line ends (`\n` or `\r\n`). Bytes after the last line end are a line too.
    ///
    /// - Parameter maxLength: bytes of a line after which reading throws ``TransportError/lineTooLong(limit:)``;
    ///   no more than that and one chunk is ever held.
    public func lines(maxLength: Int) -> ResponseLines {
        ResponseLines(body: self, maxLength: maxLength)
    }
}

/// The lines of a streamed body, such as the events of a watch.
public struct ResponseLines: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = TransportError

    let body: ResponseBody
    let maxLength: Int

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(chunks: body.makeAsyncIterator(), maxLength: maxLength)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private var chunks: ResponseBody.AsyncIterator
        private let maxLength: Int
        /// The chunk being cut, and how far we are in it.
        private var chunk: [UInt8] = []
        private var position = 0
        /// The beginning of a line whose end has not come yet.
        private var partial: [UInt8] = []

        init(chunks: ResponseBody.AsyncIterator, maxLength: Int) {
            self.chunks = chunks
            self.maxLength = maxLength
        }

        public mutating func next() async throws(TransportError) -> [UInt8]? {
            try await next(isolation: nil)
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(TransportError) -> [UInt8]? {
            while true {
                if let end = chunk[position...].firstIndex(of: UInt8(ascii: "\n")) {
                    let line = try takeLine(through: end)
                    position = end + 1
                    return line
                }
                try hold(chunk[position...])
                chunk = []
                position = 0
                guard let next = try await chunks.next(isolation: actor) else {
                    return partial.isEmpty ? nil : try takeLine(through: position)
                }
                chunk = next
            }
        }

        private mutating func takeLine(through end: Int) throws(TransportError) -> [UInt8] {
            var line: [UInt8]
            if partial.isEmpty {
                line = Array(chunk[position..<end])
            } else {
                line = partial
                partial = []
                line.append(contentsOf: chunk[position..<end])
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            guard line.count <= maxLength else { throw .lineTooLong(limit: maxLength) }
            return line
        }

        private mutating func hold(_ bytes: ArraySlice<UInt8>) throws(TransportError) {
            // One more for a carriage return that is not part of the line.
            guard partial.count + bytes.count - 1 <= maxLength else { throw .lineTooLong(limit: maxLength) }
            partial.append(contentsOf: bytes)
        }
    }
}
