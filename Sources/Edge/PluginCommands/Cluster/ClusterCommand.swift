import ArgumentParser
import EmbeddedAPIServer
import KubeClient

/// `cluster`: a Kubernetes API on a port of this machine, with everything behind it simulated, to try things out.
struct ClusterCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Run a cluster to play with: a real API, pods on paper, and Sluice in it.",
        discussion: """
            Serves the Kubernetes API on a port of this machine, in real time. Deployments, ReplicaSets, Jobs, pods, Services and HTTPRoutes of \
            Gateway API come true as far as their status tells; no container is started. Ends with 0 on Ctrl-C.
            """)

    @Option(help: "Port on 127.0.0.1; 0 takes a free one.") var port = 8901
    @Option(help: "File that keeps the cluster from one run to the next; it is written as things change.") var state: String?
    @Option(help: "Write a kubeconfig to this file instead of printing it.") var writeKubeconfig: String?
    @Flag(inversion: .prefixedNo, help: "Run Sluice in the cluster; --controller=false leaves that to you.") var controller = true
    @Flag(help: "Do not tell what happens in the cluster.") var quiet = false

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        guard (0...65535).contains(port) else { throw .message("--port is \(port); it must be a number from 0 to 65535") }
        guard let listen = environment.listen else { throw .message("this build of \(RootCommand.name) cannot serve") }
        if let writeKubeconfig { try PlaygroundKubeconfig.check(writeKubeconfig, files: environment.files) }
        let file: StateFile? = state.map { StateFile(path: $0) }
        let lock: StateFile.Lock? = try file?.lock()
        defer { lock?.release() }
        let snapshot: ServerSnapshot? = try file?.read()
        let playground = try await Playground(restoring: snapshot, environment)
        let keeper: StateKeeper? = file.map { StateKeeper(file: $0, cluster: playground.cluster, environment) }
        let (port, isController, isQuiet) = (port, controller, quiet)
        // Whole, since it is to be used in other folders too.
        let kubeconfigPath: String? = writeKubeconfig.map { $0.hasPrefix("/") ? $0 : (environment.variables["PWD"].map { $0 + "/" } ?? "") + $0 }
        let outcome: Result<Void, CommandFailure> = await environment.interruptible(timeout: nil) { () async throws(CommandFailure) in
            try await playground.run(on: port, with: listen, runsController: isController, isQuiet: isQuiet) { (url) throws(CommandFailure) in
                let text = PlaygroundKubeconfig.text(server: url)
                if let kubeconfigPath { try PlaygroundKubeconfig.write(text, to: kubeconfigPath) }
                let page = PlaygroundPage(
                    server: url, kubeconfig: kubeconfigPath, runsController: isController, state: file?.path,
                    objects: snapshot?.objects.count)
                environment.console.print(lines: page.lines)
            } keeper: {
                await keeper?.run()
            }
        } conclusion: { ending in
            // After the last write: nothing of the cluster runs any more.
            let saved: Result<Void, CommandFailure> = await keeper?.finish() ?? .success(())
            switch ending {
            case .failed(let failure): return .failure(failure)
            case .finished, .interrupted, .timedOut: return saved
            }
        }
        try outcome.get()
        environment.console.note(file.map { "The cluster is stopped; \($0.path) has its state." } ?? "The cluster is stopped.")
    }
}
