import CurlTransport
import HTTPTransport
import Testing

@Suite("A streamed body over curl", .timeLimit(.minutes(1))) struct StreamTests {
    let transport = CurlTransport(environment: [:])

    /// Sends a head and one line, then waits until the client goes away.
    static func endless() throws -> ScriptedServer {
        try ScriptedServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            _ = connection.writeChunk("line\n")
            connection.waitForClose()
        }
    }

    static func stream(_ url: String) -> TransportRequest {
        TransportRequest(url: url, timeouts: .stream(idle: .seconds(60)), responseLimit: .max)
    }

    @Test func tenThousandSmallChunksArriveInOrder() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for index in 0..<10_000 { guard connection.writeChunk("\(index)\n") else { return } }
            connection.write("0\r\n\r\n")
        }
        let response = try await transport.send(Self.stream(server.url))
        var next = 0
        for try await line in response.body.lines(maxLength: 100) {
            #expect(String(decoding: line, as: UTF8.self) == "\(next)")
            next += 1
        }
        #expect(next == 10_000)
    }

    @Test func aLineArrivesWhileTheResponseIsOpen() async throws {
        let gate = Gate()
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            _ = connection.writeChunk("first\nsec")
            gate.wait()
            _ = connection.writeChunk("ond\n")
            connection.write("0\r\n\r\n")
        }
        let response = try await transport.send(Self.stream(server.url))
        var lines: [String] = []
        for try await line in response.body.lines(maxLength: 100) {
            lines.append(String(decoding: line, as: UTF8.self))
            gate.open()
        }
        #expect(lines == ["first", "second"])
    }

    @Test func aStalledReaderStallsTheServerAndLosesNothing() async throws {
        let total = 48 << 20
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            connection.writeAndTellWhenBlocked(total: total)
            connection.waitForClose()
        }
        let response = try await transport.send(Self.stream(server.url))
        // Nobody reads: the server gets no further than the kernel's buffers and a quarter of a megabyte.
        await server.waitFor { if case .blocked(let written) = $0 { #expect(written < 24 << 20); return true } else { return false } }
        var read = 0
        for try await chunk in response.body {
            #expect(chunk.count <= 64 << 10)
            read += chunk.count
        }
        #expect(read == total)
    }

    @Test func tooLongAResponseEndsAtItsLimit() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n")
            connection.writeAndTellWhenBlocked(total: 1 << 40)
        }
        let request = TransportRequest(url: server.url, responseLimit: 1 << 20)
        await expectFailure(request, over: transport) { $0 == .responseTooLarge(limit: 1 << 20) }
        await server.waitFor(.clientClosed)
    }

    @Test func aBodyOfExactlyTheLimitIsFine() async throws {
        let server = try RequestTests.echo()
        let response = try await transport.send(TransportRequest(url: server.url, responseLimit: 2))
        #expect(try await response.body.collect(upTo: 2).count == 2)
        await expectFailure(TransportRequest(url: server.url, responseLimit: 1), over: transport) { $0 == .responseTooLarge(limit: 1) }
    }

    // MARK: Going away

    @Test func cancellingInMidStreamClosesTheConnection() async throws {
        let server = try Self.endless()
        let (lines, tellLine) = AsyncStream.makeStream(of: Void.self)
        let transport = transport
        await withTaskGroup { group in
            group.addTask {
                await #expect(throws: TransportError.cancelled) {
                    let response = try await transport.send(Self.stream(server.url))
                    for try await _ in response.body.lines(maxLength: 100) { tellLine.yield() }
                }
            }
            for await _ in lines { break }
            group.cancelAll()
        }
        await server.waitFor(.clientClosed)
    }

    @Test func cancellingBeforeTheHeadClosesTheConnection() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.note("request is here")
            connection.waitForClose()
        }
        let transport = transport
        await withTaskGroup { group in
            group.addTask { await #expect(throws: TransportError.cancelled) { try await transport.send(Self.stream(server.url)) } }
            await server.waitFor(.note("request is here"))
            group.cancelAll()
        }
        await server.waitFor(.clientClosed)
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        let server = try Self.endless()
        let transport = transport
        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { await #expect(throws: TransportError.cancelled) { try await transport.send(Self.stream(server.url)) } }
        }
    }

    @Test func leavingTheLoopClosesTheConnection() async throws {
        let server = try Self.endless()
        let response = try await transport.send(Self.stream(server.url))
        for try await _ in response.body { break }
        await server.waitFor(.clientClosed)
        #expect(response.status == 200)
    }

    @Test func droppingTheResponseUnreadClosesTheConnection() async throws {
        let server = try Self.endless()
        #expect(try await transport.send(Self.stream(server.url)).status == 200)
        await server.waitFor(.clientClosed)
    }

    @Test func aPausedStreamDoesNotHoldUpOthers() async throws {
        let server = try ScriptedServer { connection in
            while let request = connection.readRequest() {
                if request.line.contains("/small") {
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsmall")
                } else {
                    connection.write("HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n")
                    return connection.writeAndTellWhenBlocked(total: 1 << 40)
                }
            }
        }
        let paused = try await transport.send(Self.stream(server.url))
        await server.waitFor { if case .blocked = $0 { true } else { false } }
        for lane in TransportLane.allCases {
            let response = try await transport.send(TransportRequest(url: "\(server.url)/small", lane: lane))
            #expect(try await response.body.collect(upTo: 5) == Array("small".utf8))
        }
        #expect(paused.status == 200)
    }

    // MARK: Shutting down

    @Test func shutdownCancelsWhatIsPendingAndRefusesTheRest() async throws {
        let server = try Self.endless()
        let transport = CurlTransport(environment: [:])
        let (lines, tellLine) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup { group in
            for lane in TransportLane.allCases {
                group.addTask {
                    var request = Self.stream(server.url)
                    request.lane = lane
                    do throws(TransportError) {
                        let response = try await transport.send(request)
                        for try await _ in response.body.lines(maxLength: 100) { tellLine.yield() }
                        Issue.record("the stream ended")
                    } catch {
                        #expect(error == .cancelled)
                    }
                }
            }
            var started = 0
            for await _ in lines {
                started += 1
                if started == 3 { break }
            }
            await transport.shutdown()
        }
        for _ in 0..<3 { await server.waitFor(.clientClosed) }
        await #expect(throws: TransportError.cancelled) { try await transport.send(Self.stream(server.url)) }
        await transport.shutdown()
    }

    @Test func droppingTheTransportCancelsWhatIsPending() async throws {
        let server = try Self.endless()
        var transport: CurlTransport? = CurlTransport(environment: [:])
        let body = try #require(try await transport?.send(Self.stream(server.url))).body
        transport = nil
        await #expect(throws: TransportError.cancelled) { try await body.collect(upTo: 100) }
        await server.waitFor(.clientClosed)
    }

    /// Requests and shutdown from many tasks at once: all end, and only in the two ways that are allowed.
    @Test func requestsDuringShutdownAllEnd() async throws {
        let server = try RequestTests.echo()
        for _ in 0..<20 {
            let transport = CurlTransport(environment: [:])
            await withTaskGroup { group in
                for index in 0..<12 {
                    group.addTask {
                        if index == 6 { return await transport.shutdown() }
                        do throws(TransportError) {
                            let response = try await transport.send(TransportRequest(url: server.url, lane: TransportLane.allCases[index % 3]))
                            _ = try await response.body.collect(upTo: 9)
                        } catch {
                            #expect(error == .cancelled)
                        }
                    }
                }
            }
        }
    }
}
