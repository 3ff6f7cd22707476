import ArgumentParser

/// `kubectl sluice`: everything that a person or a pipeline does with Rollouts.
struct RootCommand: PluginCommand {
    static let name = "kubectl-sluice"

    /// Commands that upstream's plugin has and this one does not yet; they are refused by name.
    static let notServedYet: Set<String> = ["completion", "create", "dashboard", "lint", "notifications", "restart", "set", "terminate", "undo"]

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Watch and steer progressive deliveries.",
        usage: "kubectl sluice <command>",
        discussion: """
            kubectl sluice get rollout web -w    follow a release
            kubectl sluice promote web           go on from a pause
            kubectl sluice abort web             send everyone back to the stable version
            """,
        subcommands: [
            AbortCommand.self, AnalysisCommand.self, ClusterCommand.self, DemoCommand.self, GetCommand.self, ListCommand.self, PauseCommand.self,
            PromoteCommand.self, RetryCommand.self, StatusCommand.self, VersionCommand.self,
        ])

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        throw .usage(Self.helpMessage(columns: 120))
    }
}
