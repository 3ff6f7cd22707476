import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON

/// A namespace of its own with the guide's application in it, as one user sees it.
struct Scene: Sendable {
    /// Which of the manifests below `examples/` are applied.
    enum Manifests: Sendable {
        /// The guide's, byte for byte.
        case guide
        /// `examples/linked`, with the durations and windows of `examples/fast`, and a Prometheus that is there.
        case linkedAndFast
    }

    static let stableImage: String = "myapp:v2.0"

    let cluster: RealCluster
    let namespace: String
    let kubectl: Kubectl
    private let manifests: String

    /// Makes the namespace, runs `body`, removes the namespace. What explains a failure is printed.
    static func play(
        _ manifests: Manifests, in namespace: String, with kubectl: Kubectl? = nil, _ body: (Scene) async throws -> Void
    ) async throws {
        let cluster: RealCluster = try RealCluster.here
        var user: Kubectl = kubectl ?? cluster.kubectl
        user.namespace = namespace
        let wasBad: Bool = cluster.exporter.errorRatioOfCanary > 0
        cluster.exporter.setErrorRatioOfCanary(0)
        cluster.exporter.route(shareOfCanary: 0)
        // The queries look back for five seconds: what the scene before has counted must not be held against this one.
        if wasBad { try await pause(.seconds(7)) }
        let scene = Scene(cluster: cluster, namespace: namespace, kubectl: user, manifests: try await cluster.text(of: manifests))
        try await cluster.kubectl("create", "namespace", namespace)
        do {
            // Pods need the namespace's default account, with its token where the server makes one.
            try await eventually("the namespace's account has its token") {
                (try await user.get("serviceaccounts", "default"))?["secrets"]?[0] == nil ? nil : true
            }
            let started: Timestamp = SystemClock().now
            try await body(scene)
            print("\(namespace): done in \(Int((SystemClock().now - started).inSeconds)) s")
        } catch {
            print(await scene.explanation())
            await scene.remove()
            throw error
        }
        await scene.remove()
    }

    private func remove() async {
        // The Rollout first: a namespace that is going away refuses the events of what its controllers still do.
        _ = try? await kubectl("delete", "rollouts,httproutes", "--all", "--wait=false")
        _ = try? await cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    }

    // MARK: - What the user does

    /// Applies all manifests, with another image if one is given.
    func apply(image: String = Self.stableImage) async throws {
        try await kubectl.apply(manifests.replacing(Self.stableImage, with: image))
    }

    // MARK: - What is seen

    func rollout() async throws -> JSONValue {
        try await cluster.api.client.get(.rollouts, namespace: namespace, name: "my-app")
    }

    /// Waits until the Rollout is as wanted.
    @discardableResult func waitFor(_ what: String, seconds: Int = 60, _ isAsWanted: (RolloutView) -> Bool) async throws -> RolloutView {
        var last: RolloutView?
        return try await eventually("my-app is \(what)", seconds: seconds, showing: { last?.line ?? "" }) {
            let view = RolloutView(json: try await rollout())
            last = view
            return isAsWanted(view) ? view : nil
        }
    }

    /// Waits until the first version, or the one just released, is all there is.
    @discardableResult func waitUntilHealthy(seconds: Int = 60) async throws -> RolloutView {
        try await waitFor("healthy, and promoted in full", seconds: seconds) { $0.isObserved && $0.phase == "Healthy" && $0.isPromoted }
    }

    func replicaSets() async throws -> [ReplicaSetView] {
        try await cluster.api.client.listAll(.replicaSets, namespace: namespace).map(ReplicaSetView.init)
            .sorted { ($0.revision, $0.name) < ($1.revision, $1.name) }
    }

    func analysisRuns() async throws -> [AnalysisRunView] {
        try await cluster.api.client.listAll(.analysisRuns, namespace: namespace).map(AnalysisRunView.init).sorted { $0.name < $1.name }
    }

    /// Reasons of the events about the Rollout.
    func eventReasons() async throws -> Set<String> {
        let events: [JSONValue] = try await cluster.api.client.listAll(.events, namespace: namespace)
        return Set(events.filter { $0.at("involvedObject", "kind")?.stringValue == "Rollout" }.compactMap { $0["reason"]?.stringValue })
    }

    /// What the route has said so far, one entry per change.
    var routeHistory: [String] {
        cluster.gateway.history(of: ObjectKey(namespace: namespace, name: "my-app-route")).map(\.description)
            .reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// What the route says now, on the server.
    func route() async throws -> JSONValue {
        try await cluster.api.client.get(.httpRoutes, namespace: namespace, name: "my-app-route")
    }

    private func explanation() async -> String {
        let rollout: String = (try? await kubectl("get", "rollouts,analysisruns,httproutes", "-o", "yaml")) ?? ""
        let others: String = (try? await kubectl("get", "replicasets,pods,services", "-o", "wide")) ?? ""
        let events: String = (try? await kubectl("get", "events", "--sort-by=.metadata.creationTimestamp")) ?? ""
        let logs: String = cluster.controllerLogs.map { "--- \($0)\n\(tail($0))" }.joined(separator: "\n")
        return "=== \(namespace) failed\n\(rollout)\n\(others)\n\(events)\n\(logs)\n=== end of \(namespace)"
    }
}

extension RealCluster {
    /// The manifests as kubectl would apply them.
    fileprivate func text(of manifests: Scene.Manifests) async throws -> String {
        switch manifests {
        case .guide: return try readText("\(checkout)/examples/guide/my-app.yaml")
        case .linkedAndFast:
            // kubectl reads no file outside of the folder that it is given, so the patches are put together in one.
            let overlay: String = "\(folder)/overlays/linked-and-fast"
            guard !fileExists(overlay) else { return try await kubectl("kustomize", overlay) }
            try makeFolder("\(folder)/overlays")
            try await Command(
                program: "cp", arguments: ["-r", "\(checkout)/examples/.", "\(folder)/overlays"], environment: processEnvironment()
            ).output()
            try makeFolder(overlay)
            for name in ["pauses.yaml", "measurements.yaml"] {
                try writeFile("\(overlay)/\(name)", try readText("\(checkout)/examples/fast/\(name)"))
            }
            try writeFile("\(overlay)/address.yaml", """
                - op: replace
                  path: /spec/metrics/0/provider/prometheus/address
                  value: \(prometheus.url)

                """)
            try writeFile("\(overlay)/kustomization.yaml", """
                bases:
                - ../linked
                patchesJson6902:
                - target: {group: argoproj.io, version: v1alpha1, kind: Rollout, name: my-app}
                  path: pauses.yaml
                - target: {group: argoproj.io, version: v1alpha1, kind: AnalysisTemplate, name: error-rate-check}
                  path: measurements.yaml
                - target: {group: argoproj.io, version: v1alpha1, kind: AnalysisTemplate, name: error-rate-check}
                  path: address.yaml

                """)
            return try await kubectl("kustomize", overlay)
        }
    }
}
