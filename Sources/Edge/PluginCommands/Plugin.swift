import ArgumentParser

/// The plugin as a whole: words in, status out.
public enum Plugin {
    /// Runs the command that `arguments` spell; the program's name is not among them.
    ///
    /// - Returns: the status of the process: 0, or 1 for every failure.
    public static func run(_ arguments: [String], in environment: PluginEnvironment) async -> Int32 {
        let console: Console = environment.console
        do throws(CommandFailure) {
            let ordered: [String] = ArgumentOrder.normalized(arguments)
            try refuseUnknownCommand(ordered)
            var command: any ParsableCommand
            do {
                command = try RootCommand.parseAsRoot(ordered)
            } catch {
                return try answer(error, console)
            }
            if let command = command as? any PluginCommand {
                try await command.run(in: environment)
            } else {
                // The demo, which has a world of its own, and `help`, which answers by an error that is none.
                do {
                    try command.run()
                } catch let code as ExitCode {
                    return code.rawValue
                } catch {
                    return try answer(error, console)
                }
            }
            return 0
        } catch {
            switch error {
            case .message(let text): console.note("Error: " + text)
            case .usage(let text): console.note(text)
            case .interrupted: break
            }
            return 1
        }
    }

    /// Prints help that was asked for, and turns everything else into what our users know.
    private static func answer(_ error: any Error, _ console: Console) throws(CommandFailure) -> Int32 {
        guard RootCommand.exitCode(for: error) == .success else { throw ParserMistake.failure(for: error) }
        console.print(RootCommand.fullMessage(for: error))
        return 0
    }

    /// The parser would call an unknown command an unexpected argument.
    private static func refuseUnknownCommand(_ arguments: [String]) throws(CommandFailure) {
        guard let word = arguments.first, !word.hasPrefix("-"), word != "help" else { return }
        let known: [String] = RootCommand.configuration.subcommands.map { $0.configuration.commandName ?? "" }
        if known.contains(word) { return }
        if RootCommand.notServedYet.contains(word) {
            throw .message("the command \"\(word)\" is not in this version of \(RootCommand.name); it has \(known.joined(separator: ", "))")
        }
        let near: [String] = known.filter { $0.hasPrefix(word) || word.hasPrefix($0) || editDistance($0, word) <= 2 }
        let suggestion: String = near.isEmpty ? "" : "\n\nDid you mean this?\n" + near.map { "\t\($0)\n" }.joined()
        throw .message("unknown command \"\(word)\" for \"\(RootCommand.name)\"\(suggestion)\nRun '\(RootCommand.name) --help' for usage.")
    }

    /// How many letters have to be put in, taken out or replaced.
    private static func editDistance(_ left: String, _ right: String) -> Int {
        let left: [Character] = Array(left)
        let right: [Character] = Array(right)
        var row: [Int] = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var next: [Int] = [i + 1]
            for (j, b) in right.enumerated() { next.append(min(next[j] + 1, row[j + 1] + 1, row[j] + (a == b ? 0 : 1))) }
            row = next
        }
        return row[right.count]
    }
}

/// A command of ours: parsed by the parser, run with what it is given.
protocol PluginCommand: ParsableCommand {
    /// - Throws: why the process ends with status 1.
    func run(in environment: PluginEnvironment) async throws(CommandFailure)
}
