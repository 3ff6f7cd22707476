import ArgumentParser

/// `version`: which plugin this is. No server is asked.
struct VersionCommand: PluginCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Tell the plugin's version.")

    @Flag(help: "The first line only.") var short = false
    @OptionGroup(title: "Global options") var options: GlobalOptions

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        let lines: [String] = PluginVersion.lines
        environment.console.print(lines: short ? Array(lines.prefix(1)) : lines)
    }
}

/// What is known of this build when it is compiled.
enum PluginVersion {
    /// Without the leading `v`.
    static let number = "0.1.0"

    /// The first line has the form that scripts know; the keys below it are upstream's, with Swift in place of Go.
    static var lines: [String] { ["\(RootCommand.name): v\(number)", "  SwiftVersion: \(compiler)", "  Platform: \(platform)"] }

    private static var compiler: String {
        #if compiler(>=6.4)
        "6.4 or later"
        #elseif compiler(>=6.3)
        "6.3"
        #else
        "6.2"
        #endif
    }

    private static var platform: String {
        #if os(Linux)
        let system = "linux"
        #elseif os(macOS)
        let system = "darwin"
        #else
        let system = "unknown"
        #endif
        #if arch(x86_64)
        return system + "/amd64"
        #elseif arch(arm64)
        return system + "/arm64"
        #else
        return system + "/unknown"
        #endif
    }
}
