import HTTPTransport
import KubeClient
import KubeModel
import Synchronization
import Testing

@Suite("Certificates in files") struct RenewalTests {
    /// Files that are replaced while the client runs.
    final class Folder: Sendable {
        private let files = Mutex<[String: String]>(["/ca": "CA1", "/cert": "C1", "/key": "K1"])
        var source: FileSource {
            FileSource { [self] path throws(FileSource.Failure) in
                guard let text = files.withLock({ $0[path] }) else { throw FileSource.Failure(cause: "there is no such file", isMissing: true) }
                return Array(text.utf8)
            }
        }
        func write(_ changes: [String: String?]) { files.withLock { files in for (path, text) in changes { files[path] = text } } }
    }

    static func settings(_ authority: String, _ certificate: String, _ key: String) -> TLSSettings {
        TLSSettings(certificateAuthorities: Array(authority.utf8), clientCertificate: Array(certificate.utf8), clientKey: Array(key.utf8))
    }

    let connection = ClusterConnection(
        server: "https://api", tls: settings("CA1", "C1", "K1"),
        tlsFiles: TLSFiles(certificateAuthority: "/ca", clientCertificate: "/cert", clientKey: "/key"))
    let fine = ScriptedTransport.Answer.response(200, "{}")

    @Test("are read again once a minute") func minutes() async throws {
        let folder = Folder()
        let clock = StandingClock()
        let transport = ScriptedTransport(fine, fine, fine, fine, fine)
        let kube = client(transport, connection: connection, clock: clock, files: folder.source)
        let renewals: [(seconds: Int, files: [String: String?])] = [
            (0, [:]), (59, ["/cert": "C2", "/key": "K2"]), (1, ["/ca": "CA2"]),
            // Half of a pair is no pair; what is gone or empty was good until now.
            (60, ["/cert": "C3", "/key": nil, "/ca": ""] as [String: String?]), (60, ["/key": "K3"]),
        ]
        for renewal in renewals {
            folder.write(renewal.files)
            clock.advance(by: .seconds(renewal.seconds))
            _ = try await kube.get(.pods, namespace: "n", name: "p")
        }
        #expect(transport.requests.map(\.tls) == [
            Self.settings("CA1", "C1", "K1"), Self.settings("CA1", "C1", "K1"), Self.settings("CA2", "C2", "K2"),
            Self.settings("CA2", "C2", "K2"), Self.settings("CA2", "C3", "K3"),
        ])
    }

    @Test("are read again when the server or the handshake refuses", arguments: [
        ScriptedTransport.Answer.response(401, "{}"), .failure(.tls(cause: "expired")),
    ]) func refusal(answer: ScriptedTransport.Answer) async throws {
        let folder = Folder()
        let transport = ScriptedTransport(fine, answer, fine, answer)
        let kube = client(transport, connection: connection, files: folder.source)
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        folder.write(["/ca": "CA2", "/cert": "C2", "/key": "K2"])
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        // The same files again: asking again would not help.
        await #expect(throws: KubeError.self) { try await kube.get(.pods, namespace: "n", name: "p") }
        #expect(transport.requests.map { $0.tls.clientCertificate.map { String(decoding: $0, as: UTF8.self) } } == ["C1", "C1", "C2", "C2"])
    }

    @Test("a write is not sent twice for another reason") func once() async {
        let folder = Folder()
        let transport = ScriptedTransport(.failure(.connectionLost(cause: "reset")), fine)
        let kube = client(transport, connection: connection, files: folder.source)
        let error = await #expect(throws: KubeError.self) { try await kube.create(.pods, namespace: "n", [:]) }
        #expect(error?.label == "unavailable")
        #expect(transport.requests.count == 1)
    }
}
