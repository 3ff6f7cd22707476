import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import StrictJSON
import Synchronization
import Testing

@Suite("A token file") struct CredentialTests {
    /// A file that is rotated while the client runs.
    final class RotatingFile: Sendable {
        private let state = Mutex<(token: String?, reads: Int)>(("first\n", 0))
        var source: FileSource {
            FileSource { [self] _ throws(FileSource.Failure) in
                let token: String? = state.withLock { state in
                    state.reads += 1
                    return state.token
                }
                guard let token else { throw FileSource.Failure(cause: "there is no such file", isMissing: true) }
                return Array(token.utf8)
            }
        }
        var reads: Int { state.withLock { $0.reads } }
        func rotate(to token: String?) { state.withLock { $0.token = token } }
    }

    let connection = ClusterConnection(server: "https://api", credential: .tokenFile(path: "/token"))

    @Test func isReadOnceAMinute() async throws {
        let file = RotatingFile()
        let clock = StandingClock()
        let transport = ScriptedTransport(.response(200, "{}"), .response(200, "{}"), .response(200, "{}"), .response(200, "{}"))
        let kube = client(transport, connection: connection, clock: clock, files: file.source)
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        file.rotate(to: "second")
        clock.advance(by: .seconds(59))
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        clock.advance(by: .seconds(1))
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        file.rotate(to: nil)
        clock.advance(by: .seconds(60))
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        #expect(transport.requests.map { $0.headers[.authorization] } == ["Bearer first", "Bearer first", "Bearer second", "Bearer second"])
        #expect(file.reads == 3)
    }

    @Test func isReadAgainWhenTheServerRefuses() async throws {
        let file = RotatingFile()
        let transport = ScriptedTransport(.response(200, "{}"), .response(401, "{}"), .response(200, "{}"), .response(401, "{}"))
        let kube = client(transport, connection: connection, files: file.source)
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        file.rotate(to: "second")
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        // The same token again: asking again would not help.
        let error = await #expect(throws: KubeError.self) { try await kube.get(.pods, namespace: "n", name: "p") }
        #expect(error?.label == "unauthorized")
        #expect(transport.requests.map { $0.headers[.authorization] } == ["Bearer first", "Bearer first", "Bearer second", "Bearer second"])
        #expect(!"\(String(describing: error))".contains("second"))
    }

    @Test(arguments: [nil, " \n"]) func hasToHoldSomething(content: String?) async {
        let file = RotatingFile()
        file.rotate(to: content)
        let error = await #expect(throws: KubeError.self) {
            try await client(ScriptedTransport(), connection: connection, files: file.source).get(.pods, namespace: "n", name: "p")
        }
        #expect(error?.label == "misconfigured")
        #expect(error?.description.contains("/token") == true)
    }
}

@Suite("A pod of a cluster") struct InClusterTests {
    static let folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    static let files: [String: [UInt8]] = [
        folder + "/ca.crt": Array("CA".utf8), folder + "/token": Array("t".utf8), folder + "/namespace": Array("argo\n".utf8),
    ]

    @Test func findsItsServer() throws {
        let connection = try InCluster.connection(
            environment: ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"], files: .memory(Self.files))
        #expect(connection.server == "https://10.0.0.1:443")
        #expect(connection.tls.certificateAuthorities == Array("CA".utf8))
        #expect(connection.tlsFiles == TLSFiles(certificateAuthority: Self.folder + "/ca.crt"))
        #expect(connection.credential == .tokenFile(path: Self.folder + "/token"))
        #expect(connection.namespace == "argo")
        let six = try InCluster.connection(
            environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"], files: .memory(Self.files))
        #expect(six.server == "https://[fd00::1]:443")
    }

    @Test func saysWhatIsMissing() {
        let outside = #expect(throws: KubeError.self) { try InCluster.connection(environment: [:], files: .memory(Self.files)) }
        #expect(outside?.description.contains("KUBECONFIG") == true)
        let bare = #expect(throws: KubeError.self) {
            try InCluster.connection(environment: ["KUBERNETES_SERVICE_HOST": "a", "KUBERNETES_SERVICE_PORT": "1"], files: .memory([:]))
        }
        #expect(bare?.description.contains("automountServiceAccountToken") == true)
    }
}

@Suite("The files of this machine") struct FileSourceTests {
    @Test func areRead() throws {
        let own = try FileSource.system.read(#filePath)
        #expect(String(decoding: own, as: UTF8.self).hasPrefix("import HTTPTransport"))
    }

    @Test func mayBeMissing() {
        let error = #expect(throws: FileSource.Failure.self) { try FileSource.system.read("/nowhere/at/all") }
        #expect(error == FileSource.Failure(cause: "there is no such file", isMissing: true))
        let folder = #expect(throws: FileSource.Failure.self) { try FileSource.system.read("/") }
        #expect(folder?.isMissing == false)
    }
}
