import ArgumentParser

/// `retry rollout NAME...`: start aborted updates again.
struct RetryRolloutCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout", abstract: "Start aborted updates again, from their first step.", aliases: ["ro", "rollouts"])

    @Argument(help: "Names of the rollouts.") var names: [String]
    @OptionGroup(title: "Global options") var options: GlobalOptions

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        try await Session(options, in: environment).make(.retry, to: names)
    }
}
