import CurlTransport
import Glibc
import HTTPTransport

/// A real API server with its etcd and its controllers, and nothing around them that would change what a case has written.
struct ControlPlane: Sendable {
    let folder: String
    /// What `cluster.sh` printed.
    let parts: [String: String]
    let endpoint: RealEndpoint

    /// Starts it in a folder of its own, runs `body`, and leaves nothing behind, whatever happens.
    static func running(_ body: (ControlPlane) async throws -> Void) async throws {
        let folder: String = try temporaryFolder("sluice-contract")
        let pipe = try Pipe()
        let guardian: pid_t = try spawn(
            "\(checkout)/Tests/EndToEnd/guard.sh", [folder], environment: processEnvironment(), descriptors: [pipe.read, 2, 2])
        pipe.closeRead()
        let transport = CurlTransport()
        let outcome: Result<Void, any Error>
        do {
            try await body(try await start(in: folder, transport))
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await transport.shutdown()
        pipe.closeWrite()
        await withCheckedContinuation { continuation in
            startThread {
                _ = reap(guardian)
                continuation.resume()
            }
        }
        try outcome.get()
    }

    private static func start(in folder: String, _ transport: CurlTransport) async throws -> ControlPlane {
        let output: String = try await Command(
            program: "\(checkout)/Tests/EndToEnd/parts/cluster.sh", arguments: ["start", "\(folder)/cluster"],
            environment: processEnvironment(), seconds: 3600
        ).output()
        let parts: [String: String] = output.split(separator: "\n").reduce(into: [:]) { parts, line in
            let sides: [Substring] = line.split(separator: "=", maxSplits: 1)
            if sides.count == 2 { parts[String(sides[0])] = String(sides[1]) }
        }
        guard let server = parts["SERVER"], let authority = parts["CERTIFICATE_AUTHORITY"], let token = parts["ADMIN_TOKEN_FILE"],
            let certificates = readFile(authority), let storage = parts["ETCD_SERVER"]
        else { throw CommandFailure("cluster.sh printed no SERVER, ETCD_SERVER, CERTIFICATE_AUTHORITY or ADMIN_TOKEN_FILE:\n\(output)") }
        let endpoint = RealEndpoint(
            server: server, token: try readText(token).filter { !$0.isWhitespace }, storage: storage,
            tls: TLSSettings(certificateAuthorities: certificates), transport: transport)
        return ControlPlane(folder: folder, parts: parts, endpoint: endpoint)
    }

    /// Ends the controllers, so that nobody but the cases writes from now on.
    func endControllers() throws {
        let record: String = try readText("\(folder)/cluster/pids/kube-controller-manager")
        guard let pid = record.split(whereSeparator: { $0.isWhitespace }).first.flatMap({ pid_t($0) }), kill(pid, SIGKILL) == 0 else {
            throw CommandFailure("the controller manager cannot be ended: \(record)")
        }
    }
}

/// A folder of this process alone.
func temporaryFolder(_ name: String) throws -> String {
    let base: String = processEnvironment()["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template: [CChar] = Array("\(base)/\(name).XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CommandFailure("no folder below \(base): \(String(cString: strerror(errno)))") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for part in ["processes", "home"] { try makeFolder("\(path)/\(part)") }
    return path
}
