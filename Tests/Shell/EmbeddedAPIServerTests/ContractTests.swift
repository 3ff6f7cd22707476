import APIContract
import Clockwork
import EmbeddedAPIServer
import HTTPTypes
import StrictJSON
import Testing

@Suite("The contract, in process") struct ContractTests {
    @Test("holds", arguments: Array((ContractCase.all + garbageCases).enumerated().map { NumberedCase(number: $0.offset, contract: $0.element) }))
    func holds(_ numbered: NumberedCase) async throws {
        let server = try EmbeddedAPIServer(clock: ManualClock(), random: SeededGenerator(seed: 1), definitions: ContractDefinitions.all)
        _ = try await numbered.contract.run(on: InProcessEndpoint(server: server), number: numbered.number)
    }

    @Test("gives the same answers again under the same seed") func isDeterministic() async throws {
        var transcripts: [[String]] = []
        for _ in 0..<2 {
            let server = try EmbeddedAPIServer(clock: ManualClock(), random: SeededGenerator(seed: 7), definitions: ContractDefinitions.all)
            var transcript: [String] = []
            for (number, contract) in (ContractCase.all + garbageCases).enumerated() {
                transcript += try await contract.run(on: InProcessEndpoint(server: server), number: number)
            }
            transcripts.append(transcript)
        }
        #expect(transcripts[0] == transcripts[1])
        #expect(transcripts[0].count > 200)
    }
}

struct NumberedCase: Sendable, CustomTestStringConvertible {
    var number: Int
    var contract: ContractCase
    var testDescription: String { contract.name }
}

/// Calls the server without any transport.
struct InProcessEndpoint: APIEndpoint {
    let server: EmbeddedAPIServer

    func send(_ method: String, _ target: String, headers: [(name: String, value: String)], body: [UInt8]) async throws -> RawAnswer {
        let response = await server.handle(try request(method, target, headers, body))
        guard case .bytes(let bytes) = response.body else { throw EndpointError.unexpectedStream }
        return RawAnswer(status: response.status, body: bytes)
    }

    func lines(of target: String, headers: [(name: String, value: String)], count: Int) async throws -> [[UInt8]] {
        let response = await server.handle(try request("GET", target, headers, []))
        guard case .stream(let stream) = response.body else { throw EndpointError.noStream(response.status) }
        var lines: [[UInt8]] = []
        for await chunk in stream {
            lines += chunk.split(separator: UInt8(ascii: "\n")).map(Array.init)
            if lines.count >= count { break }
        }
        return Array(lines.prefix(count))
    }

    func forget() async throws { await server.compact(upTo: server.state.resourceVersion) }

    private func request(_ method: String, _ target: String, _ headers: [(name: String, value: String)], _ body: [UInt8]) throws -> APIRequest {
        var fields = HTTPFields()
        for header in headers {
            guard let name = HTTPField.Name(header.name) else { throw EndpointError.badHeader(header.name) }
            fields.append(HTTPField(name: name, value: header.value))
        }
        guard let method = HTTPRequest.Method(method) else { throw EndpointError.badHeader(method) }
        return APIRequest(method, target, headers: fields, body: body)
    }
}

enum EndpointError: Error { case unexpectedStream, noStream(Int), badHeader(String) }
