import ArgumentParser

/// `retry`: a group.
struct RetryCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Start an aborted update again.", subcommands: [RetryRolloutCommand.self])

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        throw .usage(RootCommand.helpMessage(for: Self.self, columns: 120))
    }
}
