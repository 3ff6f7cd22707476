import ArgumentParser

/// `list`: a group.
struct ListCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List rollouts, one line each.", subcommands: [ListRolloutsCommand.self])

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        throw .usage(RootCommand.helpMessage(for: Self.self, columns: 120))
    }
}
