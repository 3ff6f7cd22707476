import HTTPTransport
import HTTPTypes
import Testing

@Suite("Redaction") struct RedactionTests {
    static let request = TransportRequest(
        url: "https://robot:hunter%212@h/p?token=q-marker&watch=1",
        headers: [.authorization: "Bearer bearer-marker", .accept: "application/json", .cookie: "sid=cookie-marker"],
        tls: TLSSettings(clientKey: Array("key-marker".utf8)),
        proxy: .url("http://proxyuser:proxy-marker@proxy:3128")
    )

    static let cases: [(String, String)] = [
        ("header bearer-marker in text", "header <redacted> in text"),
        ("whole Bearer bearer-marker", "whole <redacted>"),
        ("cookie cookie-marker;", "cookie <redacted>;"),
        ("login robot:hunter%212 end", "login <redacted> end"),
        ("decoded hunter!2 end", "decoded <redacted> end"),
        ("query token=q-marker&watch=1 end", "query <redacted> end"),
        ("value q-marker", "value <redacted>"),
        ("http://proxyuser:proxy-marker@proxy:3128", "http://<redacted>@proxy:3128"),
        ("password proxy-marker", "password <redacted>"),
        ("key key-marker", "key <redacted>"),
        ("port 1 of application/json stays", "port 1 of application/json stays"),
    ]

    @Test(arguments: cases) func hides(_ text: String, _ safe: String) {
        #expect(Self.request.redacting(text) == safe)
    }

    @Test func hidesProxiesOfTheEnvironment() {
        let request = TransportRequest(url: "http://h/")
        #expect(request.redacting("bad proxy 'a:planted@p:1'", proxies: ["a:planted@p:1"]) == "bad proxy '<redacted>@p:1'")
    }

    @Test func showsTheQueryWhenAskedTo() {
        var request = Self.request
        request.redactedQuery = false
        #expect(request.redacting("q-marker") == "q-marker")
        #expect(request.description.contains("q-marker"))
        #expect(!request.description.contains("hunter"))
    }

    @Test func describesARequestWithoutSecrets() {
        let text = "\(Self.request) \(String(reflecting: Self.request)) \(Self.request.tls)"
        #expect(text.hasPrefix("GET https://h/p?<redacted> [Authorization: <redacted>, Accept: application/json, Cookie: <redacted>]"))
        for marker in ["marker", "hunter", "robot", "proxyuser"] { #expect(!text.contains(marker), "\(marker) in \(text)") }
    }
}
