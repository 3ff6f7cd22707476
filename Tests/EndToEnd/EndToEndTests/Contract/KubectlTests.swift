import Clockwork
import ControllerKit
import EmbeddedAPIServer
import HTTPServing
import KubeModel
import KubeYAML
import Logging
import StrictJSON
import Testing

/// The embedded server as people meet it: through kubectl, an old one and the machine's.
@Suite("EndToEnd: kubectl at the embedded server", .serialized) struct KubectlTests {
    @Test("kubectl creates, reads, changes, waits and deletes", arguments: KubectlAge.allCases)
    func daily(_ age: KubectlAge) async throws {
        try await EmbeddedCluster.serving(age) { cluster in
            let kubectl: Kubectl = cluster.kubectl
            #expect(try await kubectl("version", "--output", "json").contains("v1.30.0"))
            #expect(try await kubectl("api-resources").contains("rollouts"))
            try await kubectl("create", "namespace", "shop")
            let applied: String = try await kubectl.apply(Self.manifests(image: "web:1"))
            #expect(applied == "deployment.apps/web created\nservice/web created\nconfigmap/settings created\nrollout.argoproj.io/web created\n")
            let unchanged: String = try await kubectl.apply(Self.manifests(image: "web:1"))
            #expect(unchanged.split(separator: "\n").allSatisfy { $0.hasSuffix("unchanged") }, "\(unchanged)")
            let again: String = try await kubectl.apply(Self.manifests(image: "web:2"))
            #expect(again.hasPrefix("deployment.apps/web configured\nservice/web unchanged\n"), "\(again)")

            // Tables.
            let wide: String = try await kubectl("get", "deployments", "-o", "wide")
            #expect(wide.split(separator: "\n").count == 2 && wide.contains("SELECTOR") && wide.contains("web:2"), "\(wide)")
            let rollouts: String = try await kubectl("get", "rollouts")
            #expect(rollouts.hasPrefix("NAME   DESIRED") && rollouts.contains("\nweb "), "\(rollouts)")
            #expect(try await kubectl("get", "services").contains("80/TCP"))
            #expect(try await kubectl("get", "all").contains("deployment.apps/web"))
            let yaml: String = try await kubectl("get", "deployment", "web", "-o", "yaml")
            #expect(try YAMLStream.parse(yaml, fileName: "answer").first?.json["kind"] == "Deployment")
            #expect(yaml.contains("image: web:2"))

            // Changes.
            try await kubectl("patch", "deployment", "web", "-p", #"{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:3"}]}}}}"#)
            try await kubectl("patch", "rollout", "web", "--type", "merge", "-p", #"{"spec":{"replicas":4}}"#)
            try await kubectl("patch", "configmap", "settings", "--type", "json", "-p", #"[{"op":"replace","path":"/data/mode","value":"slow"}]"#)
            try await kubectl("scale", "deployment", "web", "--replicas=5")
            try await kubectl("scale", "rollout", "web", "--replicas=6")
            try await kubectl("set", "image", "deployment/web", "web=web:4")
            try await kubectl("label", "configmap", "settings", "tier=web")
            try await kubectl("annotate", "rollout", "web", "note=hello")
            let deployment: JSONValue = try #require(try await kubectl.get("deployment", "web"))
            #expect(deployment.at("spec", "replicas") == 5)
            #expect(Self.containers(of: deployment).map { $0["image"] } == ["web:4", "side:1"])
            #expect(Self.containers(of: deployment).first?["env"] == [["name": "A", "value": "1"]])
            #expect(try await kubectl.get("rollout", "web")?.at("spec", "replicas") == 6)
            #expect(try await kubectl.get("configmap", "settings")?.at("data", "mode") == "slow")
            #expect(try await kubectl("get", "configmaps", "-l", "tier=web", "-o", "name") == "configmap/settings\n")

            // Descriptions.
            #expect(try await kubectl("describe", "deployment", "web").contains("Image:"))
            #expect(try await kubectl("describe", "rollout", "web").contains("Kind:         Rollout"))
            #expect(try await kubectl("describe", "service", "web").contains("Selector:"))

            // A dry run is one.
            do {
                let dry: String = try await kubectl("patch", "configmap", "settings", "--dry-run=server", "-p", #"{"data":{"mode":"fast"}}"#)
                #expect(dry.contains("configmap/settings patched"))
                let strict: CommandResult = try await kubectl.command(
                    ["apply", "--dry-run=server", "-f", "-"], input: Self.manifests(image: "web:5").replacing("strategy:", with: "strategie:")
                ).run()
                #expect(strict.errors.contains(age == .machine ? "unknown field \"spec.strategie\"" : "unknown field \"strategie\""), "\(strict.errors)")
                #expect(try await kubectl.get("configmap", "settings")?.at("data", "mode") == "slow")
            }

            #expect(try await kubectl("auth", "can-i", "create", "rollouts.argoproj.io") == "yes\n")

            // Refusals reach people as the server words them.
            let refused: CommandResult = try await kubectl.command(["get", "configmap", "nothing"]).run()
            #expect(refused.status == 1 && refused.errors.contains("configmaps \"nothing\" not found"), "\(refused.errors)")
            let wrong: CommandResult = try await kubectl.command(["scale", "rollout", "web", "--replicas=3", "--current-replicas=77"]).run()
            #expect(wrong.status == 1, "\(wrong.errors)")

            try await kubectl("delete", "-f", "-", input: Self.manifests(image: "web:1"))
            #expect(try await kubectl.list("deployments,services,rollouts").isEmpty)
            try await kubectl("delete", "namespace", "shop", "--namespace", "default")
        }
    }

    @Test("kubectl watches and waits", arguments: KubectlAge.allCases)
    func waiting(_ age: KubectlAge) async throws {
        try await EmbeddedCluster.serving(age) { cluster in
            let kubectl: Kubectl = cluster.kubectl
            try await kubectl("create", "namespace", "shop")
            try await kubectl.apply(Self.manifests(image: "web:1"))
            async let watched: CommandResult = kubectl.command(["get", "configmaps", "--watch", "--request-timeout=6s"]).run()
            async let available: String = kubectl("wait", "deployment/web", "--for=condition=Available", "--timeout=60s")
            async let gone: String = kubectl("wait", "configmap/settings", "--for=delete", "--timeout=60s")
            try await eventually("kubectl watches and waits") { await cluster.server.waitingWatches >= 3 ? true : nil }
            try await cluster.write(
                "/apis/apps/v1/namespaces/shop/deployments/web/status", #"{"status":{"conditions":[{"type":"Available","status":"True"}]}}"#)
            try await kubectl("create", "configmap", "late")
            try await kubectl("delete", "configmap", "settings")
            #expect(try await available.contains("condition met"))
            _ = try await gone
            let rows: [Substring] = try await watched.output.split(separator: "\n")
            #expect(rows.first?.hasPrefix("NAME") == true, "\(rows)")
            #expect(rows.contains { $0.hasPrefix("settings") } && rows.contains { $0.hasPrefix("late") }, "\(rows)")
        }
    }

    @Test("kubectl explains our kinds, and the built-in ones by their members", arguments: KubectlAge.allCases)
    func explanation(_ age: KubectlAge) async throws {
        try await EmbeddedCluster.serving(age) { cluster in
            let text: String = try await cluster.kubectl("explain", "rollout.spec.strategy.canary")
            #expect(text.contains(age == .machine ? "KIND:       Rollout" : "KIND:     Rollout") && text.contains("steps"), "\(text)")
            #expect(try await cluster.kubectl("explain", "analysistemplate.spec").contains("metrics"))
            #expect(try await cluster.kubectl("explain", "deployment.spec.strategy").contains("rollingUpdate"))
            #expect(try await cluster.kubectl("explain", "job.spec").contains("backoffLimit"))
        }
    }

    private static func containers(of object: JSONValue) -> [JSONValue] {
        object.at("spec", "template", "spec", "containers")?.arrayValue ?? []
    }

    private static func manifests(image: String) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - {name: web, image: "\(image)", env: [{name: A, value: "1"}]}
              - {name: side, image: "side:1"}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {mode: quick}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: ro}}
          strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}
          template:
            metadata: {labels: {app: ro}}
            spec: {containers: [{name: web, image: "\(image)"}]}
        """
    }
}

/// Whose kubectl it is.
enum KubectlAge: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case machine = "KUBECTL", v120 = "KUBECTL_120"

    var testDescription: String { self == .machine ? "the machine's kubectl" : "kubectl 1.20" }
}

/// The embedded server behind a port, with our definitions, and a kubectl that finds it.
struct EmbeddedCluster: Sendable {
    let server: EmbeddedAPIServer
    let kubectl: Kubectl

    static func serving(_ age: KubectlAge, _ body: (EmbeddedCluster) async throws -> Void) async throws {
        let parts: String = try await Command(
            program: "\(checkout)/Tests/EndToEnd/parts/provide.sh", arguments: [], environment: processEnvironment(), seconds: 3600
        ).output()
        let prefix: String = "\(age.rawValue)="
        let program: Substring = try #require(parts.split(separator: "\n").first { $0.hasPrefix(prefix) }, "provide.sh did not print \(prefix)")
        let folder: String = try temporaryFolder("sluice-kubectl")
        do {
            try await serve(String(program.dropFirst(prefix.count)), folder, body)
        } catch {
            try await remove(folder)
            throw error
        }
        try await remove(folder)
    }

    private static func serve(_ program: String, _ folder: String, _ body: (EmbeddedCluster) async throws -> Void) async throws {
        var definitions: [JSONValue] = []
        for name in ["rollouts", "analysisruns", "analysistemplates", "clusteranalysistemplates", "experiments"] {
            let path: String = "\(checkout)/crds/\(name).yaml"
            definitions += try YAMLStream.parse(try readText(path), fileName: path).map(\.json)
        }
        let server = try EmbeddedAPIServer(clock: SystemClock(), random: SeededGenerator(seed: 1), definitions: definitions)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (ports, continuation) = AsyncStream<Int>.makeStream()
            let listener = HTTPListener(handler: server, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            group.addTask {
                defer { continuation.finish() }
                try await listener.run { continuation.yield($0) }
            }
            var port: Int?
            for await found in ports {
                port = found
                break
            }
            defer { group.cancelAll() }
            let kubeconfig: String = "\(folder)/kubeconfig"
            try writeFile(kubeconfig, Self.kubeconfig(port: try #require(port, "the listener has no port")))
            try await body(
                EmbeddedCluster(
                    server: server,
                    kubectl: Kubectl(program: program, kubeconfig: kubeconfig, home: "\(folder)/home", namespace: "shop")))
        }
    }

    /// A write that no kubectl of both ages has a word for.
    func write(_ target: String, _ body: String) async throws {
        let answer: APIResponse = await server.handle(
            APIRequest(.patch, target, headers: [.contentType: "application/merge-patch+json"], body: Array(body.utf8)))
        guard answer.status == 200 else { throw CommandFailure("PATCH \(target) answers \(answer.status)") }
    }

    private static func remove(_ folder: String) async throws {
        try await Command(program: "/bin/rm", arguments: ["-rf", folder], environment: processEnvironment()).output()
    }

    private static func kubeconfig(port: Int) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: embedded
        clusters: [{name: embedded, cluster: {server: "http://127.0.0.1:\(port)"}}]
        contexts: [{name: embedded, context: {cluster: embedded, user: nobody}}]
        users: [{name: nobody, user: {}}]

        """
    }
}
