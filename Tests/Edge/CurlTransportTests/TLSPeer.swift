import Glibc
import Testing

/// Certificates made for this run by the openssl command, in a folder that goes away with the value.
final class TestCertificates: Sendable {
    let folder: String

    init() throws {
        var template = Array("/tmp/curl-transport-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!).map { String(cString: $0) } }
        folder = try #require(made, "no temporary folder")
        try Child.run("sh", ["-ec", Self.script, "sh", folder])
    }

    deinit {
        do { try Child.run("rm", ["-r", folder]) } catch { Issue.record(error) }
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func bytes(_ name: String) throws -> [UInt8] {
        let file = try #require(fopen(path(name), "r"), "no \(name)")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }

    private static let script = """
        cd "$1"
        authority() {
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" -keyout $1.key -out $1.pem
        }
        leaf() {
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout $1.key -out $1.csr
            printf 'subjectAltName=%s' "$3" > $1.ext
            openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 2 -extfile $1.ext -out $1.pem
        }
        { authority ca; authority other
          leaf server ca IP:127.0.0.1,DNS:sluice.test
          leaf elsewhere ca DNS:elsewhere.test
          leaf client ca DNS:client.test; leaf renewed ca DNS:client.test; leaf stranger other DNS:stranger.test; } 2>/dev/null
        """
}

/// A server in another process that prints its port and then serves until its standard input ends.
final class PeerProcess: Sendable {
    let port: Int
    private let child: Child

    init(_ program: String, _ arguments: [String]) throws {
        child = try Child(program, arguments)
        let line = child.readLine()
        port = try #require(Int(line), "\(program) printed \(line) in place of a port")
    }

    /// TLS 1.2 or 1.3 without ALPN, one thread per connection. Answers "NUMBER CN": which connection it is, and
    /// whose certificate was shown; the path /hang is never answered.
    static func python(_ certificates: TestCertificates, server: String = "server", requiresClient: Bool = false, newest: String = "TLSv1_3") throws -> PeerProcess {
        try PeerProcess("python3", ["-c", """
            import os, socket, ssl, sys, threading
            os.closerange(3, 4096)
            folder, name, demands, newest = sys.argv[1], sys.argv[2], sys.argv[3] == "true", sys.argv[4]
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.maximum_version = ssl.TLSVersion[newest]
            context.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
            if demands:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(f"{folder}/ca.pem")
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            def serve(raw, number):
                try:
                    with context.wrap_socket(raw, server_side=True) as s:
                        subject = dict(x[0] for x in (s.getpeercert() or {}).get("subject", ()))
                        while True:
                            head = b""
                            while not head.endswith(b"\\r\\n\\r\\n"):
                                byte = s.recv(1)
                                if not byte: return
                                head += byte
                            if head.startswith(b"GET /hang"): continue
                            body = f"{number} {subject.get('commonName', '-')}".encode()
                            s.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
                except OSError: pass
            def accept():
                number = 0
                while True:
                    raw, _ = listener.accept()
                    threading.Thread(target=serve, args=(raw, number), daemon=True).start()
                    number += 1
            threading.Thread(target=accept, daemon=True).start()
            sys.stdin.read()
            """, certificates.folder, server, "\(requiresClient)", newest])
    }

    /// HTTP/2 by Node.js. Answers "VERSION SESSION": /hang is never answered, /endless never ends, /closed answers
    /// once an earlier /hang or /endless of the same session was given up by the client.
    static func node(_ certificates: TestCertificates) throws -> PeerProcess {
        try PeerProcess("node", ["-e", """
            const fs = require("fs"), http2 = require("http2"), folder = process.argv[1];
            const server = http2.createSecureServer({
              key: fs.readFileSync(folder + "/server.key"), cert: fs.readFileSync(folder + "/server.pem"), allowHTTP1: true });
            let sessions = 0, givenUp = 0, waiting = [];
            server.on("session", s => { s.number = sessions++; });
            server.on("request", (request, response) => {
              const gone = () => { givenUp++; waiting.forEach(f => f()); waiting = []; };
              response.on("error", () => {});
              if (request.url == "/hang") { response.stream.on("close", gone); return; }
              if (request.url == "/endless") {
                response.stream.on("close", gone);
                const block = Buffer.alloc(65536, 97);
                const more = () => { while (!response.stream.destroyed && response.write(block)); };
                response.on("drain", more); more(); return;
              }
              const answer = () => response.end(request.httpVersion + " " + (request.stream ? request.stream.session.number : "-"));
              if (request.url == "/closed" && givenUp == 0) waiting.push(answer); else answer();
            });
            server.listen(0, "127.0.0.1", () => console.log(server.address().port));
            process.stdin.on("end", () => process.exit(0)).resume();
            """, certificates.folder])
    }

    static let hasNode: Bool = {
        do { try Child.run("node", ["-e", ""]); return true } catch { return false }
    }()
}

/// A child process with pipes to its standard input and output.
final class Child: Sendable {
    struct Failure: Error { var program: String; var status: Int32 }

    private let process: pid_t
    private let input: Int32
    private let output: Int32

    init(_ program: String, _ arguments: [String]) throws {
        var toChild: [Int32] = [0, 0], fromChild: [Int32] = [0, 0]
        precondition(pipe(&toChild) == 0 && pipe(&fromChild) == 0, "no pipes")
        for fd in toChild + fromChild { _ = fcntl(fd, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, program, &actions, nil, &words, environ)
        close(toChild[0])
        close(fromChild[1])
        (self.process, input, output) = (process, toChild[1], fromChild[0])
        guard code == 0 else {
            close(input)
            close(output)
            throw Failure(program: program, status: code)
        }
    }

    /// The end of its input tells the child to go.
    deinit {
        if input >= 0 { close(input); close(output) }
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    func readLine() -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    static func run(_ program: String, _ arguments: [String]) throws {
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, program, nil, nil, &words, environ)
        guard code == 0 else { throw Failure(program: program, status: code) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw Failure(program: program, status: status) }
    }
}
