import ArgumentParser

/// `pause NAME...`: stop where it stands, until it is promoted.
struct PauseCommand: PluginCommand {
    static let configuration = CommandConfiguration(commandName: "pause", abstract: "Stop a rollout where it stands; promote goes on.")

    @Argument(help: "Names of the rollouts.") var names: [String]
    @OptionGroup(title: "Global options") var options: GlobalOptions

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        try await Session(options, in: environment).make(.pause, to: names)
    }
}
