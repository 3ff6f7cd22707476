import Clockwork
import CurlTransport
import ExecCredentials
import Glibc
import HTTPTransport
import KubeClient
import KubeYAML
import StrictJSON
import Synchronization
import Testing

/// Something like an API server behind TLS, and a proxy in front of it, in another process: it answers every request with
/// what it saw of it, and a token that begins with `refused` with 401.
final class KubePeer: Sendable {
    let port: Int
    let proxyPort: Int
    private let child: Child

    init(_ certificates: TestCertificates, server: String = "server", requiresClient: Bool = false) throws {
        child = try Child("python3", ["-c", Self.program, certificates.folder, server, "\(requiresClient)"])
        let line: String = child.readLine()
        let ports: [Int] = line.split(separator: " ").compactMap { Int($0) }
        try #require(ports.count == 2, "python3 printed \(line) in place of two ports")
        (port, proxyPort) = (ports[0], ports[1])
    }

    var address: String { "https://127.0.0.1:\(port)" }

    /// The next request that the proxy has had: method, target and credentials.
    func nextProxied() -> String { child.readLine() }

    /// TLS 1.2, where a client certificate is refused within the handshake and the client always learns why.
    private static let program: String = """
        import base64, json, os, socket, ssl, sys, threading
        os.closerange(3, 4096)
        folder, name, demands = sys.argv[1], sys.argv[2], sys.argv[3] == "true"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
        context.verify_mode = ssl.CERT_REQUIRED if demands else ssl.CERT_OPTIONAL
        context.load_verify_locations(f"{folder}/ca.pem")
        listener, proxy = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], proxy.getsockname()[1], flush=True)
        def head(s):
            read = b""
            while not read.endswith(b"\\r\\n\\r\\n"):
                byte = s.recv(1)
                if not byte: return None
                read += byte
            lines = read.decode("latin1").split("\\r\\n")
            return lines[0], [l.split(": ", 1) for l in lines[1:] if l]
        def serve(raw, number):
            try:
                with context.wrap_socket(raw, server_side=True) as s:
                    subject = dict(x[0] for x in (s.getpeercert() or {}).get("subject", ()))
                    while True:
                        request = head(s)
                        if not request: return
                        shown = {"connection": number, "subject": subject.get("commonName", ""), "name": s.version()}
                        shown["headers"] = [f"{k.lower()}: {v}" for k, v in request[1] if k.lower().startswith(("authorization", "impersonate"))]
                        refused = any(h.startswith("authorization: Bearer refused") for h in shown["headers"])
                        body = json.dumps(shown).encode()
                        status = b"401 Unauthorized" if refused else b"200 OK"
                        s.sendall(b"HTTP/1.1 %s\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % (status, len(body)) + body)
            except OSError: pass
        def pump(a, b):
            try:
                while True:
                    data = a.recv(65536)
                    if not data: break
                    b.sendall(data)
            except OSError: pass
            for s in (a, b):
                try: s.shutdown(socket.SHUT_RDWR)
                except OSError: pass
        def tunnel(s, number):
            request = head(s)
            if not request: return
            method, target, _ = request[0].split(" ")
            credentials = "".join(base64.b64decode(v.split(" ")[1]).decode() for k, v in request[1] if k.lower() == "proxy-authorization")
            print(method, target, credentials, flush=True)
            host, port = target.rsplit(":", 1)
            # Whatever name is asked for, the server is the one that there is.
            far = socket.create_connection(("127.0.0.1", int(port)))
            s.sendall(b"HTTP/1.1 200 Connection established\\r\\n\\r\\n")
            threading.Thread(target=pump, args=(s, far), daemon=True).start()
            pump(far, s)
        def accept(listener, handle):
            number = 0
            while True:
                raw, _ = listener.accept()
                threading.Thread(target=handle, args=(raw, number), daemon=True).start()
                number += 1
        threading.Thread(target=accept, args=(listener, serve), daemon=True).start()
        threading.Thread(target=accept, args=(proxy, tunnel), daemon=True).start()
        sys.stdin.read()
        """
}

/// What the peer saw of a request.
struct SeenRequest: Sendable, Equatable {
    var connection: Int
    /// The common name of the client certificate; empty where none was shown.
    var subject: String
    /// Credentials and impersonation, in the order in which they came.
    var headers: [String]
}

/// A client made from kubeconfig files on disk, as the programs make it.
struct KubeconfigClient: Sendable {
    let clock: HandClock
    let client: KubeClient

    /// - Parameter list: the files, as `KUBECONFIG` has them.
    init(_ list: String, clock: HandClock = HandClock()) throws {
        let parser: Kubeconfig.Parser = { try YAMLStream.parse($0, fileName: "kubeconfig").first?.json ?? [:] }
        let config: Kubeconfig = try #require(try Kubeconfig.load(path: nil, environment: ["KUBECONFIG": list], parser: parser))
        self.clock = clock
        client = KubeClient(
            connection: try config.connection(), transport: CurlTransport(environment: [:]), clock: clock, version: "1", budget: .unlimited,
            plugins: ExecProcesses(
                variables: ["PATH": "/usr/bin:/bin"], standardError: .lines { _ in }, timeLimit: .seconds(30), hasTerminal: false))
    }

    func ask() async throws(KubeError) -> SeenRequest {
        let seen: JSONValue = try await client.get(.pods, namespace: "web", name: "shop")
        return SeenRequest(
            connection: seen["connection"]?.intValue ?? -1, subject: seen["subject"]?.stringValue ?? "",
            headers: (seen["headers"]?.arrayValue ?? []).compactMap(\.stringValue))
    }

    /// Why asking fails.
    func complaint() async -> String {
        do throws(KubeError) {
            return "it was answered: \(try await ask())"
        } catch { return "\(error.label): \(error)" }
    }
}

/// A clock that only moves when it is told to; it begins now, since certificates are made now.
final class HandClock: ControlClock {
    typealias Duration = Swift.Duration
    private let time = Mutex(Timestamp(secondsSince1970: Int64(Glibc.time(nil))))

    var now: Timestamp { time.withLock { $0 } }
    var minimumResolution: Duration { .nanoseconds(1) }
    func advance(by duration: Duration) { time.withLock { $0 += duration } }
    func sleep(until deadline: Timestamp, tolerance: Duration?) async throws { advance(by: now.duration(to: deadline)) }
}
