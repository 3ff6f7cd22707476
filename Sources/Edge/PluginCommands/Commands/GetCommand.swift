import ArgumentParser

/// `get`: a group.
struct GetCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show one rollout and everything that belongs to it.", subcommands: [GetRolloutCommand.self])

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        throw .usage(RootCommand.helpMessage(for: Self.self, columns: 120))
    }
}
