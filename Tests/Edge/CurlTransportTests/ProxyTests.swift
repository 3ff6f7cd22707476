@testable import CurlTransport
import Glibc
import HTTPTransport
import Testing

@Suite("A proxy", .timeLimit(.minutes(1))) struct ProxyTests {
    /// Answers as a proxy for plain HTTP would; refuses to tunnel.
    static func proxy() throws -> ScriptedServer {
        try ScriptedServer { connection in
            while let request = connection.readRequest() {
                connection.note(request.head)
                if request.line.hasPrefix("CONNECT") {
                    connection.write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                    return
                }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied")
            }
        }
    }

    @Test func carriesPlainRequestsWithItsOwnCredentials() async throws {
        let proxy = try Self.proxy()
        let transport = CurlTransport(environment: ["http_proxy": "http://robot:secret@127.0.0.1:\(proxy.port)"])
        let response = try await transport.send(TransportRequest(url: "http://example.invalid/x"))
        #expect(try await response.body.collect(upTo: 7) == Array("proxied".utf8))
        let head = await RequestTests.received(by: proxy)
        #expect(head.hasPrefix("GET http://example.invalid/x HTTP/1.1\r\nHost: example.invalid\r\nProxy-Authorization: Basic cm9ib3Q6c2VjcmV0\r\n"))
    }

    @Test func isLeftOutForHostsThatNoProxyNames() async throws {
        let server = try RequestTests.echo()
        let transport = CurlTransport(environment: ["http_proxy": "http://127.0.0.1:1", "no_proxy": "example.com,127.0.0.0/8"])
        #expect(try await transport.send(TransportRequest(url: server.url)).status == 200)
        #expect(try await CurlTransport(environment: ["HTTP_PROXY": "http://127.0.0.1:1"]).send(
            TransportRequest(url: server.url, proxy: .none)).status == 200)
    }

    @Test func ofARequestIsTakenWhateverTheEnvironmentSays() async throws {
        let proxy = try Self.proxy()
        let transport = CurlTransport(environment: ["http_proxy": "http://127.0.0.1:1", "no_proxy": "*"])
        let response = try await transport.send(
            TransportRequest(url: "http://example.invalid/", proxy: .url("http://127.0.0.1:\(proxy.port)")))
        #expect(try await response.body.collect(upTo: 7) == Array("proxied".utf8))
    }

    @Test func thatRefusesATunnelIsToBlame() async throws {
        let proxy = try Self.proxy()
        let transport = CurlTransport(environment: ["HTTPS_PROXY": "http://planted-user:planted-pass@127.0.0.1:\(proxy.port)"])
        let error = await expectFailure(TransportRequest(url: "https://example.invalid/?planted-query"), over: transport) {
            $0 == .proxy(cause: "it answers CONNECT with status 407")
        }
        #expect(error?.isBeforeSending == true)
        #expect(await RequestTests.received(by: proxy).hasPrefix("CONNECT example.invalid:443 HTTP/1.1\r\n"))
    }

    static let unusable: [(String, String)] = [
        ("http://planted-user:planted-pass@127.0.0.1:", "a port where nothing listens"),
        ("http://planted-user:planted-pass@no-such-proxy.invalid:3128", "an unknown name"),
        ("nonsense://planted-user:planted-pass@127.0.0.1:3128", "an unknown scheme"),
        ("planted-user:planted-pass@[::1", "a malformed address"),
    ]

    @Test(arguments: unusable) func thatCanNotBeUsedIsToBlameWithoutItsPassword(_ url: String, _ what: String) async throws {
        let (fd, port) = try ScriptedServer.listen(backlog: 1)
        close(fd)
        let proxy = url.hasSuffix("127.0.0.1:") ? "\(url)\(port)" : url
        for request in [
            TransportRequest(url: "http://127.0.0.1:9/", proxy: .url(proxy)),
            TransportRequest(url: "http://127.0.0.1:9/", proxy: .environment),
        ] {
            let error = await expectFailure(request, over: CurlTransport(environment: ["http_proxy": proxy])) {
                if case .proxy = $0 { true } else { false }
            }
            #expect(!"\(error as Any) \(String(reflecting: error))".contains("planted"), "\(error as Any)")
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var variables: [String: String]
        var url = "http://h/"
        var proxy: String
        var noProxy = ""
    }

    static let cases: [Case] = [
        Case(testDescription: "none", variables: [:], proxy: ""),
        Case(testDescription: "lower case before upper case", variables: ["http_proxy": "a", "HTTP_PROXY": "b"], proxy: "a"),
        Case(testDescription: "upper case", variables: ["HTTP_PROXY": "b", "NO_PROXY": "n"], proxy: "b", noProxy: "n"),
        Case(testDescription: "upper case in a CGI script", variables: ["HTTP_PROXY": "b", "REQUEST_METHOD": "GET"], proxy: ""),
        Case(testDescription: "of the scheme", variables: ["http_proxy": "a", "https_proxy": "s"], url: "https://h/", proxy: "s"),
        Case(testDescription: "of the other scheme", variables: ["https_proxy": "s"], proxy: ""),
        Case(testDescription: "for all", variables: ["ALL_PROXY": "all"], proxy: "all"),
        Case(testDescription: "empty counts as absent", variables: ["https_proxy": "", "HTTPS_PROXY": "s"], url: "https://h/", proxy: "s"),
    ]

    @Test(arguments: cases) func isFoundInTheEnvironment(_ given: Case) throws {
        let route = ProxyEnvironment(variables: given.variables).route(for: TransportRequest(url: given.url), to: try TransportURL(given.url))
        #expect(route == ProxyRoute(proxy: given.proxy, noProxy: given.noProxy))
    }
}
