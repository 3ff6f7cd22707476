import CurlTransport
import HTTPTransport
import HTTPTypes
import Testing

@Suite("TLS over curl", .timeLimit(.minutes(1))) struct TLSTests {
    let certificates: TestCertificates
    let transport = CurlTransport(environment: [:])

    init() throws { certificates = try TestCertificates() }

    private func request(_ peer: PeerProcess, _ path: String = "/", host: String = "127.0.0.1", tls: TLSSettings, lane: TransportLane = .reads) -> TransportRequest {
        TransportRequest(
            url: "https://\(host):\(peer.port)\(path)?token=planted-query", headers: [.authorization: "Bearer planted-token"],
            lane: lane, tls: tls)
    }

    private func text(_ request: TransportRequest) async throws(TransportError) -> String {
        let response = try await transport.send(request)
        return String(decoding: try await response.body.collect(upTo: 1000), as: UTF8.self)
    }

    private func expectTLSFailure(_ request: TransportRequest, sourceLocation: SourceLocation = #_sourceLocation) async {
        let error = await expectFailure(request, over: transport, sourceLocation: sourceLocation) {
            if case .tls(let cause) = $0 { !cause.isEmpty } else { false }
        }
        #expect(!"\(error as Any)".contains("planted"), sourceLocation: sourceLocation)
    }

    @Test func trustsTheGivenAuthoritiesAndNoOthers() async throws {
        let peer = try PeerProcess.python(certificates)
        let authority = try certificates.bytes("ca.pem")
        let other = try certificates.bytes("other.pem")
        #expect(try await text(request(peer, tls: TLSSettings(certificateAuthorities: authority))).hasSuffix(" -"))
        #expect(try await text(request(peer, tls: TLSSettings(certificateAuthorities: other + authority))).hasSuffix(" -"))
        // The good connection is still open: other settings must not get it.
        await expectTLSFailure(request(peer, tls: TLSSettings(certificateAuthorities: other)))
        await expectTLSFailure(request(peer, tls: TLSSettings()))
        await expectTLSFailure(request(peer, tls: TLSSettings(certificateAuthorities: Array("nonsense".utf8))))
        #expect(try await text(request(peer, tls: TLSSettings(insecureSkipVerify: true))).hasSuffix(" -"))
        await expectTLSFailure(request(peer, tls: TLSSettings()))
    }

    @Test func verifiesTheNameUnlessAnotherIsGiven() async throws {
        let peer = try PeerProcess.python(certificates, server: "elsewhere")
        let authority = try certificates.bytes("ca.pem")
        await expectTLSFailure(request(peer, tls: TLSSettings(certificateAuthorities: authority)))
        await expectTLSFailure(request(peer, tls: TLSSettings(certificateAuthorities: authority, serverName: "sluice.test")))
        #expect(try await text(request(peer, tls: TLSSettings(certificateAuthorities: authority, serverName: "elsewhere.test"))).hasSuffix(" -"))
        await expectTLSFailure(request(peer, tls: TLSSettings(certificateAuthorities: authority)))
    }

    @Test func showsAClientCertificateFromMemory() async throws {
        // With TLS 1.2, where the server refuses within the handshake and the client always learns why.
        let peer = try PeerProcess.python(certificates, requiresClient: true, newest: "TLSv1_2")
        let authority = try certificates.bytes("ca.pem")
        var tls = TLSSettings(
            certificateAuthorities: authority, clientCertificate: try certificates.bytes("client.pem"), clientKey: try certificates.bytes("client.key"))
        #expect(try await text(request(peer, tls: tls)).hasSuffix(" client"))
        await expectTLSFailure(request(peer, tls: TLSSettings(certificateAuthorities: authority)))
        tls.clientCertificate = try certificates.bytes("stranger.pem")
        await expectTLSFailure(request(peer, tls: tls))                  // a key that isn't the certificate's
        tls.clientKey = try certificates.bytes("stranger.key")
        await expectTLSFailure(request(peer, tls: tls))                  // an authority that the server doesn't know
        tls.clientKey = Array("nonsense".utf8)
        await expectTLSFailure(request(peer, tls: tls))
        tls.clientKey = nil
        await expectTLSFailure(request(peer, tls: tls))
        tls = TLSSettings(certificateAuthorities: authority, clientKey: try certificates.bytes("client.key"))
        await expectTLSFailure(request(peer, tls: tls))
    }

    @Test func aServerWithTLS13RefusesAfterTheHandshake() async throws {
        let peer = try PeerProcess.python(certificates, requiresClient: true)
        let authority = try certificates.bytes("ca.pem")
        let tls = TLSSettings(
            certificateAuthorities: authority, clientCertificate: try certificates.bytes("client.pem"), clientKey: try certificates.bytes("client.key"))
        #expect(try await text(request(peer, tls: tls)).hasSuffix(" client"))
        // Its alert and the reset of the connection are on their way together; which comes first is chance.
        await expectFailure(request(peer, tls: TLSSettings(certificateAuthorities: authority)), over: transport) {
            switch $0 {
            case .tls, .connectionLost: true
            default: false
            }
        }
    }

    @Test func aPortThatSpeaksNoTLSIsAnError() async throws {
        let server = try ScriptedServer { $0.write("HTTP/1.1 400 Bad Request\r\n\r\n") }
        await expectFailure(TransportRequest(url: "https://127.0.0.1:\(server.port)/"), over: transport) {
            if case .tls = $0 { true } else { false }
        }
    }

    @Test func aPortThatClosesAtOnceIsNoConnection() async throws {
        let server = try ScriptedServer { _ in }
        await expectFailure(TransportRequest(url: "https://127.0.0.1:\(server.port)/"), over: transport) {
            if case .couldNotConnect = $0 { true } else { false }
        }
    }

    /// The server offers no HTTP/2, so a watch that says nothing occupies its connection and the next needs another.
    @Test func aSilentRequestDoesNotHoldUpOthersWithoutHTTP2() async throws {
        let peer = try PeerProcess.python(certificates)
        let tls = TLSSettings(certificateAuthorities: try certificates.bytes("ca.pem"))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                let silent = request(peer, "/hang", tls: tls)
                group.addTask { [transport] in await expectFailure(silent, over: transport) { $0 == .cancelled } }
            }
            do {
                for _ in 0..<3 { #expect(try await text(request(peer, tls: tls)).hasSuffix(" -")) }
            } catch {
                Issue.record(error)
            }
            group.cancelAll()
        }
    }

    // MARK: HTTP/2

    @Test(.enabled(if: PeerProcess.hasNode, "Node.js is the HTTP/2 server of this test"))
    func http2SharesAConnectionWithinALaneAndNeverAcross() async throws {
        let peer = try PeerProcess.node(certificates)
        let tls = TLSSettings(certificateAuthorities: try certificates.bytes("ca.pem"))
        var seen: [TransportLane: Set<String>] = [:]
        for lane in TransportLane.allCases {
            let request = request(peer, tls: tls, lane: lane)
            seen[lane] = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await text(request) } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
        }
        #expect(seen == [.reads: ["2.0 0"], .writes: ["2.0 1"], .lease: ["2.0 2"]])
    }

    @Test(.enabled(if: PeerProcess.hasNode, "Node.js is the HTTP/2 server of this test"))
    func http2StreamsAreGivenUpWithoutTheirConnection() async throws {
        let peer = try PeerProcess.node(certificates)
        let tls = TLSSettings(certificateAuthorities: try certificates.bytes("ca.pem"))
        let endless = try await transport.send(request(peer, "/endless", tls: tls))
        #expect(endless.status == 200)
        var read = 0
        for try await chunk in endless.body {
            read += chunk.count
            if read > 1 << 20 { break }
        }
        #expect(try await text(request(peer, "/closed", tls: tls)) == "2.0 0")
    }
}
