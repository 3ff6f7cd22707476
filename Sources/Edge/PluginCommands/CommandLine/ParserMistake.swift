import ArgumentParser

/// Says what was wrong with a command line in the words that our users and their scripts know.
enum ParserMistake {
    /// - Parameter error: what the parser threw; not one that only asks for help.
    static func failure(for error: any Error) -> CommandFailure {
        let text: String = RootCommand.message(for: error)
        if let name = quoted(in: text, after: "Unknown option ") {
            // The first letter is what is unknown in a group of them.
            if !name.hasPrefix("--"), let letter = name.dropFirst().first { return .message("unknown shorthand flag: '\(letter)' in \(name)") }
            return .message("unknown flag: \(name.split(separator: "=").first.map(String.init) ?? name)")
        }
        if let option = quoted(in: text, after: "Missing value for ") {
            return .message("flag needs an argument: \(option.split(separator: " ").first.map(String.init) ?? option)")
        }
        let isMisuse: Bool = text.hasPrefix("Missing expected argument") || text.contains("nexpected argument")
        if isMisuse {
            // The parser's full message is its complaint, an empty line or none, and the usage.
            let lines: [Substring] = RootCommand.fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
            if let start = lines.firstIndex(where: { $0.hasPrefix("Usage:") }) { return .usage(lines[start...].joined(separator: "\n")) }
        }
        return .message(text)
    }

    private static func quoted(in text: String, after prefix: String) -> String? {
        guard text.hasPrefix(prefix + "'") else { return nil }
        return text.dropFirst(prefix.count + 1).split(separator: "'").first.map(String.init)
    }
}
