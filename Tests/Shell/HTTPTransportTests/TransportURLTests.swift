import HTTPTransport
import Testing

@Suite("A transport URL") struct TransportURLTests {
    struct Parts: Sendable, CustomTestStringConvertible {
        var text: String
        var host: String
        var port: Int
        var path: String = ""
        var query: String?
        var userinfo: String?
        var testDescription: String { text }
    }

    static let good: [Parts] = [
        Parts(text: "http://prometheus:9090", host: "prometheus", port: 9090),
        Parts(text: "https://api.example.com/apis/x?watch=1&a=b", host: "api.example.com", port: 443, path: "/apis/x", query: "watch=1&a=b"),
        Parts(text: "HTTP://A_b-c.d/#fragment", host: "A_b-c.d", port: 80, path: "/"),
        Parts(text: "http://user:p@ss@h:1/", host: "h", port: 1, path: "/", userinfo: "user:p@ss"),
        Parts(text: "https://[2001:db8::1]:6443/", host: "[2001:db8::1]", port: 6443, path: "/"),
        Parts(text: "http://[::1]", host: "[::1]", port: 80),
        Parts(text: "http://h?q=http://other@x/", host: "h", port: 80, query: "q=http://other@x/"),
    ]

    @Test(arguments: good) func isTakenApart(_ parts: Parts) throws {
        let url = try TransportURL(parts.text)
        #expect(url.host == parts.host)
        #expect(url.effectivePort == parts.port)
        #expect(url.path == parts.path)
        #expect(url.query == parts.query)
        #expect(url.userinfo == parts.userinfo)
    }

    static let bad: [(String, String)] = [
        ("", "it does not begin with http:// or https://"),
        ("prometheus:9090", "it does not begin with http:// or https://"),
        ("file:///etc/passwd", "its scheme is not http or https"),
        ("http://", "it has no host"),
        ("http://:80/", "it has no host"),
        ("http://h:/", "its port is not a number from 1 to 65535"),
        ("http://h:65536/", "its port is not a number from 1 to 65535"),
        ("http://h:-1/", "its port is not a number from 1 to 65535"),
        ("http://h:0/", "its port is not a number from 1 to 65535"),
        ("http://user:hunter2/secret@h/", "its port is not a number from 1 to 65535"),
        ("http://h /", "it has white space, a backslash or characters outside ASCII; percent-encode them"),
        ("http://h\r\nX: y/", "it has white space, a backslash or characters outside ASCII; percent-encode them"),
        ("http://h\\@x/", "it has white space, a backslash or characters outside ASCII; percent-encode them"),
        ("http://bücher/", "it has white space, a backslash or characters outside ASCII; percent-encode them"),
        ("http://[::1", "its IPv6 address has no closing bracket"),
        ("http://[::1]x/", "text follows its IPv6 address"),
        ("http://[]/", "its IPv6 address is malformed"),
        ("http://[::1%25eth0]/", "its IPv6 address is malformed"),
        ("http://h%00/", "its host has characters that no host name has"),
    ]

    @Test(arguments: bad) func isRefused(_ text: String, _ cause: String) {
        #expect(throws: TransportError.invalidURL(cause: cause)) { try TransportURL(text) }
    }

    @Test func isShownWithoutSecrets() throws {
        let url = try TransportURL("https://me:secret@h:1/p?token=secret#secret")
        #expect(url.displayed(withQuery: false) == "https://h:1/p?<redacted>")
        #expect(url.displayed(withQuery: true) == "https://h:1/p?token=secret")
    }
}
