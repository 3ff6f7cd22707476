import ArgumentParser

/// `analysis`: a group.
struct AnalysisCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "analysis", abstract: "Try what an analysis would say.", subcommands: [EvalCommand.self, CheckCommand.self])

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        throw .usage(RootCommand.helpMessage(for: Self.self, columns: 120))
    }
}
