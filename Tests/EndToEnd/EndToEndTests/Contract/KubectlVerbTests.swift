import EmbeddedAPIServer
import StrictJSON
import Testing

/// The verbs of kubectl one by one, with what they print.
@Suite("EndToEnd: kubectl's verbs at the embedded server", .serialized) struct KubectlVerbTests {
    @Test("kubectl applies by three ways: what a manifest loses, the object loses", arguments: KubectlAge.allCases)
    func apply(_ age: KubectlAge) async throws {
        try await EmbeddedCluster.serving(age) { cluster in
            let kubectl: Kubectl = cluster.kubectl
            try await kubectl("create", "namespace", "shop")
            try await kubectl("apply", "-f", "-", input: Self.deployment(replicas: 2, environment: "{name: A, value: '1'}, {name: B, value: '2'}"))
            try await kubectl("scale", "deployment", "web", "--replicas=9")
            try await kubectl("set", "image", "deployment/web", "side=side:2")
            let smaller: String = Self.deployment(replicas: 4, environment: "{name: A, value: '1'}")
            #expect(try await kubectl("apply", "-f", "-", input: smaller) == "deployment.apps/web configured\n")
            #expect(try await kubectl("apply", "-f", "-", input: smaller) == "deployment.apps/web unchanged\n")
            let web: JSONValue = try #require(try await kubectl.get("deployment", "web"))
            #expect(web.at("spec", "replicas") == 4)
            #expect(web.at("spec", "template", "spec", "containers")?[0]?["env"] == [["name": "A", "value": "1"]])
            #expect(web.at("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")?.stringValue?.contains("web:1") == true)

            // A strategy that says less keeps nothing of the one that said more.
            try await kubectl("apply", "-f", "-", input: smaller.replacing("spec:\n  replicas", with: "spec:\n  strategy: {type: Recreate}\n  replicas"))
            #expect(try await kubectl.get("deployment", "web")?.at("spec", "strategy") == ["type": "Recreate"])

            // A dry run tells what would be, and `diff` that nothing would.
            let dry: String = try await kubectl("apply", "--dry-run=server", "-f", "-", input: smaller.replacing("replicas: 4", with: "replicas: 5"))
            #expect(dry == "deployment.apps/web configured (server dry run)\n")
            #expect(try await kubectl.get("deployment", "web")?.at("spec", "replicas") == 4)

            // What the types do not allow is told before or by the server.
            let wrong: CommandResult = try await kubectl.command(["apply", "-f", "-"], input: smaller.replacing("replicas: 4", with: "replicas: four")).run()
            #expect(wrong.status == 1 && wrong.errors.contains("replicas"), "\(wrong.errors)")
        }
    }

    @Test("kubectl creates, replaces, edits, scales and rolls", arguments: KubectlAge.allCases)
    func changes(_ age: KubectlAge) async throws {
        try await EmbeddedCluster.serving(age) { cluster in
            let kubectl: Kubectl = cluster.kubectl
            #expect(try await kubectl("create", "namespace", "shop") == "namespace/shop created\n")
            #expect(try await kubectl("create", "deployment", "web", "--image=web:1") == "deployment.apps/web created\n")
            #expect(try await kubectl("create", "job", "work", "--image=work:1") == "job.batch/work created\n")
            #expect(try await kubectl("create", "configmap", "settings", "--from-literal=a=b") == "configmap/settings created\n")
            #expect(try await kubectl("create", "secret", "generic", "key", "--from-literal=a=b") == "secret/key created\n")
            #expect(try await kubectl("expose", "deployment", "web", "--port=80") == "service/web exposed\n")
            #expect(try await kubectl("run", "one", "--image=web:1", "--restart=Never") == "pod/one created\n")
            #expect(try await kubectl("scale", "deployment/web", "--replicas=5") == "deployment.apps/web scaled\n")
            #expect(try await kubectl("set", "image", "deployment/web", "web=web:2") == "deployment.apps/web image updated\n")
            #expect(try await kubectl("label", "pod", "one", "x=y") == "pod/one labeled\n")
            #expect(try await kubectl("annotate", "service", "web", "a=b") == "service/web annotated\n")
            #expect(try await kubectl("rollout", "pause", "deployment/web") == "deployment.apps/web paused\n")
            #expect(try await kubectl("rollout", "resume", "deployment/web") == "deployment.apps/web resumed\n")
            #expect(try await kubectl("rollout", "restart", "deployment/web") == "deployment.apps/web restarted\n")
            #expect(try await kubectl("rollout", "history", "deployment/web").contains("No rollout history found."))

            var settings: JSONValue = try #require(try await kubectl.get("configmap", "settings"))
            settings.set(["a": "c"], at: ["data"])
            #expect(try await kubectl("replace", "-f", "-", input: settings.text()) == "configmap/settings replaced\n")
            let stale: CommandResult = try await kubectl.command(["replace", "-f", "-"], input: settings.text()).run()
            #expect(stale.status == 1 && stale.errors.contains("Conflict"), "\(stale.errors)")
            var edited: Command = kubectl.command(["edit", "configmap", "settings"])
            edited.environment["KUBE_EDITOR"] = "sed -i s/a:.c/a:\\ d/"
            #expect(try await edited.output() == "configmap/settings edited\n")
            #expect(try await kubectl.get("configmap", "settings")?["data"] == ["a": "d"])

            // Of other people's kinds kubectl itself says that it cannot; the server's answers are kubectl's own words.
            try await kubectl("apply", "-f", "-", input: Self.rollout)
            #expect(try await kubectl("scale", "rollout/web", "--replicas=4") == "rollout.argoproj.io/web scaled\n")
            for arguments in [["set", "image", "rollout/web", "web=web:2"], ["rollout", "status", "rollout/web", "--timeout=2s"]] {
                let refused: CommandResult = try await kubectl.command(arguments).run()
                #expect(refused.status == 1 && refused.errors.contains("no kind \"Rollout\" is registered"), "\(refused.errors)")
            }
            let strategic: CommandResult = try await kubectl.command(["patch", "rollout", "web", "--type=strategic", "-p", #"{"spec":{"replicas":1}}"#]).run()
            #expect(strategic.status == 1 && strategic.errors.contains(age == .machine ? "is not supported by argoproj.io/v1alpha1" : "the body of the request was in an unknown format"), "\(strategic.errors)")
            let unscalable: CommandResult = try await kubectl.command(["scale", "job/work", "--replicas=2"]).run()
            #expect(unscalable.status == 1 && unscalable.errors.contains("could not find the requested resource"), "\(unscalable.errors)")
        }
    }

    @Test("kubectl shows tables, documents, descriptions and what is served", arguments: KubectlAge.allCases)
    func reads(_ age: KubectlAge) async throws {
        try await EmbeddedCluster.serving(age) { cluster in
            let kubectl: Kubectl = cluster.kubectl
            try await kubectl("create", "namespace", "shop")
            try await kubectl("apply", "-f", "-", input: Self.deployment(replicas: 2, environment: ""))
            try await kubectl("apply", "-f", "-", input: Self.rollout)
            try await kubectl("create", "job", "work", "--image=work:1")
            try await kubectl("run", "one", "--image=web:1", "--restart=Never", "--labels=tier=web")
            func words(_ arguments: String...) async throws -> [[Substring]] {
                try await kubectl.command(arguments).output().split(separator: "\n").map { $0.split(separator: " ") }
            }
            #expect(try await words("get", "deployments", "-o", "wide")[0] == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"])
            #expect(try await words("get", "deployments")[1].prefix(4) == ["web", "0/2", "0", "0"])
            #expect(try await words("get", "jobs")[1].prefix(2) == ["work", "0/1"])
            #expect(try await words("get", "pods", "-A")[1].prefix(4) == ["shop", "one", "0/1", "Pending"])
            #expect(try await words("get", "pods", "-l", "tier in (web)", "--field-selector", "status.phase=Pending", "-o", "name") == [["pod/one"]])
            #expect(try await words("get", "pods", "-l", "tier=db", "-o", "name").isEmpty)
            #expect(try await kubectl("describe", "deployment", "web").contains("RollingUpdateStrategy:  25% max unavailable, 25% max surge"))
            #expect(try await kubectl("describe", "pod", "one").contains("QoS Class:        BestEffort") || age == .v120)
            #expect(try await kubectl("describe", "job", "work").contains("Completions:"))
            #expect(try await kubectl("describe", "rollout", "web").contains("Kind:         Rollout"))
            let allowed: String = try await kubectl("auth", "can-i", "--list")
            #expect(allowed.contains("*.*"), "\(allowed)")
            #expect(try await kubectl("api-versions").split(separator: "\n").contains("argoproj.io/v1alpha1"))
            #expect(try await kubectl("api-resources", "--api-group=apps", "-o", "name") == "deployments.apps\nreplicasets.apps\n")
            #expect(try await kubectl("cluster-info").contains("is running at"))
            if age == .machine {
                #expect(try await kubectl("wait", "deployment/web", "--for=jsonpath={.spec.replicas}=2", "--timeout=5s") == "deployment.apps/web condition met\n")
            }
        }
    }

    @Test("kubectl deletes in the background, in the foreground, and without what hangs on it", arguments: KubectlAge.allCases)
    func deletions(_ age: KubectlAge) async throws {
        try await EmbeddedCluster.serving(age) { cluster in
            let kubectl: Kubectl = cluster.kubectl
            try await kubectl("create", "namespace", "shop")
            for cascade in ["background", "foreground", "orphan"] {
                try await kubectl("create", "configmap", "owner", "--from-literal=a=b")
                let owner: JSONValue = try #require(try await kubectl.get("configmap", "owner"))
                let uid: String = owner.at("metadata", "uid")?.stringValue ?? ""
                let reference: String = "{apiVersion: v1, kind: ConfigMap, name: owner, uid: \(uid), blockOwnerDeletion: true}"
                try await kubectl(
                    "create", "-f", "-",
                    input: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(cascade), ownerReferences: [\(reference)]}\n")
                #expect(try await kubectl("delete", "configmap", "owner", "--cascade=\(cascade)", "--wait") == "configmap \"owner\" deleted\n")
                let left: String = try await kubectl("get", "configmap", cascade, "--ignore-not-found", "-o", "name")
                #expect(left == (cascade == "orphan" ? "configmap/orphan\n" : ""), "\(cascade)")
            }
            #expect(try await kubectl("delete", "configmaps", "--all").contains("configmap \"orphan\" deleted"))
            #expect(try await kubectl("delete", "namespace", "shop", "--wait") == "namespace \"shop\" deleted\n")
            let gone: CommandResult = try await kubectl.command(["create", "configmap", "late"]).run()
            #expect(gone.status == 1 && gone.errors.contains("namespaces \"shop\" not found"), "\(gone.errors)")
        }
    }

    private static func deployment(replicas: Int, environment: String) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: \(replicas)
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - {name: web, image: "web:1", env: [\(environment)]}
              - {name: side, image: "side:1"}
        """
    }

    private static let rollout: String = """
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: {name: web}
        spec:
          replicas: 1
          selector: {matchLabels: {app: ro}}
          strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}
          template:
            metadata: {labels: {app: ro}}
            spec: {containers: [{name: web, image: "web:1"}]}
        """
}
