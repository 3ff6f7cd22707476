import HTTPTransport
import Testing

@Suite("Lines of a body") struct ResponseLinesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var chunks: [String]
        var limit = 8
        var lines: [String]
        var tooLong = false
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing", chunks: [], lines: []),
        Case(testDescription: "one chunk, several lines", chunks: ["a\nb\nc\n"], lines: ["a", "b", "c"]),
        Case(testDescription: "a line over several chunks", chunks: ["ab", "c", "d\ne"], lines: ["abcd", "e"]),
        Case(testDescription: "a line end alone", chunks: ["ab", "\n", "\n"], lines: ["ab", ""]),
        Case(testDescription: "carriage returns, also between chunks", chunks: ["a\r\nb\r", "\nc"], lines: ["a", "b", "c"]),
        Case(testDescription: "a line of the greatest length", chunks: ["12345678\n12345678\r", "\n"], lines: ["12345678", "12345678"]),
        Case(testDescription: "a line one longer", chunks: ["ok\n123456789\n"], lines: ["ok"], tooLong: true),
        Case(testDescription: "a line that never ends", chunks: ["12345", "67890", "12345"], lines: [], tooLong: true),
        Case(testDescription: "a last line one longer, without an end", chunks: ["ok\n", "123456789"], lines: ["ok"], tooLong: true),
        Case(testDescription: "a last line whose line feed is missing", chunks: ["12345678", "\r"], lines: ["12345678"]),
        Case(testDescription: "no limit", chunks: ["123456789012\n"], limit: .max, lines: ["123456789012"]),
    ]

    @Test(arguments: cases) func areCut(_ given: Case) async {
        let chunks = given.chunks.map { Array($0.utf8) }
        let body = ResponseBody(stream: AsyncStream { continuation in
            chunks.forEach { continuation.yield($0) }
            continuation.finish()
        })
        var lines: [String] = []
        do throws(TransportError) {
            for try await line in body.lines(maxLength: given.limit) { lines.append(String(decoding: line, as: UTF8.self)) }
            #expect(!given.tooLong)
        } catch {
            #expect(error == .lineTooLong(limit: given.limit))
            #expect(given.tooLong)
        }
        #expect(lines == given.lines)
    }
}
