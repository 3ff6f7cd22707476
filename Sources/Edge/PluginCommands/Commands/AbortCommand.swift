import ArgumentParser

/// `abort NAME...`: send everyone back to the stable version.
struct AbortCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "Stop an update: all traffic goes back to the stable version.")

    @Argument(help: "Names of the rollouts.") var names: [String]
    @OptionGroup(title: "Global options") var options: GlobalOptions

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        try await Session(options, in: environment).make(.abort, to: names)
    }
}
