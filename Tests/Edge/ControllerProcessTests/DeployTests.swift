import ControllerProcess
import EmbeddedAPIServer
import FoundationEssentials
import KubeModel
import KubeYAML
import RolloutModel
import StrictJSON
import Testing

@Suite("What deploy/ grants and asks for") struct DeployTests {
    /// One thing that a role allows or a request needs.
    struct Right: Hashable, CustomStringConvertible {
        var group: String
        /// With the subresource, as roles write it.
        var resource: String
        var verb: String
        var description: String { "\(verb) \(resource)\(group.isEmpty ? "" : ".\(group)")" }
    }

    /// The rights that the roles of these files give, without the roles of people.
    static func rights(_ paths: [String]) throws -> Set<Right> {
        var rights: Set<Right> = []
        for document in try paths.flatMap(Bench.documents) where ["Role", "ClusterRole"].contains(document["kind"]?.stringValue) {
            for rule in document["rules"]?.arrayValue ?? [] {
                for group in texts(rule["apiGroups"]) {
                    for resource in texts(rule["resources"]) {
                        for verb in texts(rule["verbs"]) { rights.insert(Right(group: group, resource: resource, verb: verb)) }
                    }
                }
            }
        }
        return rights
    }

    private static func texts(_ value: JSONValue?) -> [String] { (value?.arrayValue ?? []).compactMap(\.stringValue) }

    /// What three releases made the controller ask for: promoted, aborted by hand, and with a route that was gone.
    private func used(_ arguments: [String], namespace: String) throws -> (rights: Set<Right>, namespaces: Set<String>) {
        try Bench.run { bench in
            let release = Release(bench: bench, namespace: namespace)
            try await release.apply()
            return try await bench.withProcess(arguments) { process in
                try await bench.sleep(.seconds(60))
                for image in ["my-app:v2", "my-app:v3", "my-app:v4"] {
                    try await release.set(image: image)
                    try await bench.sleep(.seconds(300))
                    #expect(await release.phase == "Healthy")
                }
                try await release.set(image: "my-app:v5")
                try await bench.sleep(.seconds(30))
                _ = try await bench.cluster.client(userAgent: "kubectl").patch(
                    .rollouts, namespace: namespace, name: "my-app", subresource: "status", .merge(["status": ["abort": true]]))
                try await bench.sleep(.seconds(60))
                #expect(await release.phase == "Degraded")
                #expect(await process.stopAndWait() == 0)
                let own = await bench.cluster.server.recentRequests.filter { $0.key.userAgent == "sluice-controller/\(SluiceVersion.text)" }
                let rights = own.map { record in
                    Right(
                        group: record.key.resource.group,
                        resource: record.key.resource.resource + (record.key.subresource.isEmpty ? "" : "/\(record.key.subresource)"),
                        verb: record.key.verb)
                }
                return (Set(rights), Set(own.map(\.object.namespace)))
            }
        }
    }

    /// Rights that releases on a good day do not use, and why they are granted.
    private static let forOtherDays: Set<Right> = [
        // Where admission refuses patches of routes.
        Right(group: "gateway.networking.k8s.io", resource: "httproutes", verb: "update"),
        // After a conflict.
        Right(group: "gateway.networking.k8s.io", resource: "httproutes", verb: "get"),
        // Where admission checks who may set an owner.
        Right(group: "argoproj.io", resource: "rollouts/finalizers", verb: "update"),
        // Adoption of a ReplicaSet, and names that are taken.
        Right(group: "argoproj.io", resource: "rollouts", verb: "get"), Right(group: "argoproj.io", resource: "analysisruns", verb: "get"),
        Right(group: "apps", resource: "replicasets", verb: "get"), Right(group: "", resource: "services", verb: "get"),
        // Histories and lives that are over.
        Right(group: "argoproj.io", resource: "analysisruns", verb: "delete"), Right(group: "apps", resource: "replicasets", verb: "delete"),
        // Analyses by Jobs.
        Right(group: "batch", resource: "jobs", verb: "create"), Right(group: "batch", resource: "jobs", verb: "get"),
        Right(group: "batch", resource: "jobs", verb: "delete"), Right(group: "", resource: "pods", verb: "list"),
        Right(group: "argoproj.io", resource: "analysisruns/finalizers", verb: "update"),
        // The same event again.
        Right(group: "", resource: "events", verb: "patch"),
    ]

    @Test("is exactly what the controller does in a cluster") func clusterRole() throws {
        let granted = try Self.rights(["deploy/cluster/role.yaml", "deploy/base/leader-election.yaml"])
        let used = try used([], namespace: "default").rights
        #expect(used.subtracting(granted).map(\.description).sorted() == [])
        #expect(granted.subtracting(used).subtracting(Self.forOtherDays).map(\.description).sorted() == [])
    }

    @Test("is exactly what the controller does in a namespace, and it asks about no other") func namespacedRole() throws {
        let granted = try Self.rights(["deploy/namespaced/role.yaml", "deploy/base/leader-election.yaml"])
        let used = try used(["--namespaced", "-n", "shop"], namespace: "shop")
        #expect(used.rights.subtracting(granted).map(\.description).sorted() == [])
        #expect(granted.subtracting(used.rights).subtracting(Self.forOtherDays).map(\.description).sorted() == [])
        #expect(used.namespaces == ["shop", "argo-rollouts"])
    }

    @Test("is the same without Secrets where it is reduced") func reducedRole() throws {
        let overlay = try #require(try Bench.documents("deploy/cluster-reduced/kustomization.yaml").first)
        let text = try #require(overlay["patches"]?[0]?["patch"]?.stringValue)
        let patch = try JSONPatch(json: try #require(try YAMLStream.parse(text, fileName: "patch").first?.json))
        let role = try #require(try Bench.documents("deploy/cluster/role.yaml").first { $0["kind"] == "ClusterRole" })
        let left = try patch.applied(to: role)["rules"]?.arrayValue ?? []
        let removed = (role["rules"]?.arrayValue ?? []).filter { !left.contains($0) }
        #expect(removed == [["apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]]])
    }

    @Test("stands in the table of docs/permissions.md, right by right") func documented() throws {
        let text = String(decoding: try Data(contentsOf: URL(filePath: "\(Bench.root)/docs/permissions.md")), as: UTF8.self)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { $0.split(separator: "|").map(String.init) }
        for right in try Self.rights(["deploy/cluster/role.yaml", "deploy/base/leader-election.yaml"]) {
            let names = ["`\(right.resource)`", "`\(right.resource).\(right.group)`"]
            let isThere = rows.contains { row in
                row.count == 4 && names.contains { row[0].contains($0) } && row[1].contains(right.verb)
            }
            #expect(isThere, "\(right) is not in the tables")
        }
    }

    @Test("has no wildcard", arguments: [
        "deploy/cluster/role.yaml", "deploy/cluster/user-roles.yaml", "deploy/namespaced/role.yaml", "deploy/base/leader-election.yaml",
    ]) func noWildcard(_ path: String) throws {
        let rights = try Self.rights([path])
        #expect(!rights.isEmpty)
        #expect(rights.filter { $0.group == "*" || $0.resource.contains("*") || $0.verb == "*" }.isEmpty)
    }

    @Test("runs as Pod Security's restricted standard wants it, with a limit on memory and none on CPU") func pod() throws {
        let deployment = try #require(try Bench.documents("deploy/base/deployment.yaml").first)
        let pod = try #require(deployment.at("spec", "template", "spec"))
        #expect(pod.at("securityContext", "runAsNonRoot")?.boolValue == true)
        #expect(pod.at("securityContext", "seccompProfile", "type")?.stringValue == "RuntimeDefault")
        for container in pod["containers"]?.arrayValue ?? [] {
            #expect(container.at("securityContext", "allowPrivilegeEscalation")?.boolValue == false)
            #expect(container.at("securityContext", "readOnlyRootFilesystem")?.boolValue == true)
            #expect(container.at("securityContext", "capabilities", "drop") == ["ALL"])
            #expect(container.at("securityContext", "privileged") == nil)
            #expect(container.at("resources", "requests", "cpu") != nil && container.at("resources", "requests", "memory") != nil)
            #expect(container.at("resources", "limits", "memory") != nil && container.at("resources", "limits", "cpu") == nil)
            #expect(container.at("livenessProbe", "httpGet", "path")?.stringValue == "/livez")
            #expect(container.at("readinessProbe", "httpGet", "path")?.stringValue == "/readyz")
        }
        #expect(deployment.at("spec", "selector", "matchLabels") == ["app.kubernetes.io/name": "argo-rollouts"])
    }

    @Test("starts the controller with flags that it knows") func arguments() throws {
        let deployment = try #require(try Bench.documents("deploy/base/deployment.yaml").first)
        let container = try #require(deployment.at("spec", "template", "spec")?["containers"]?[0])
        _ = try ControllerFlags(parsing: (container["args"]?.arrayValue ?? []).compactMap(\.stringValue) + ["--namespaced"])
    }

    @Test("names every file of crds/") func definitions() throws {
        let kustomization = try #require(try Bench.documents("crds/Kustomization").first)
        let files = (kustomization["resources"]?.arrayValue ?? []).compactMap(\.stringValue)
        #expect(files == RolloutDefinitions.all.map(\.fileName).sorted())
    }
}
