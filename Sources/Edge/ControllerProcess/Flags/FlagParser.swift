/// A command line that cannot be understood.
public struct FlagError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
}

extension ControllerFlags {
    /// Reads a command line without the name of the program, by the rules of Go's pflag: `--flag value`, `--flag=value`, `--switch`,
    /// `-n value`.
    public init(parsing arguments: [String]) throws(FlagError) {
        self.init()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let (definition, spelling, attached) = try Self.definition(of: argument)
            let value: String
            if let attached {
                value = attached
            } else if definition.shape == .bool {
                value = "true"
            } else if let next = rest.popFirst() {
                value = next
            } else {
                throw FlagError(description: "flag \(spelling) needs a value (\(definition.shape.rawValue)); give it as \(spelling)=…")
            }
            try apply(definition, spelling, value)
        }
        try check()
    }

    /// The flag that an argument names, as it was written, and the value that stands in the same argument.
    private static func definition(of argument: String) throws(FlagError) -> (FlagDefinition, spelling: String, value: String?) {
        guard argument.hasPrefix("-"), argument != "-", argument != "--" else {
            throw FlagError(description: "unexpected argument \"\(argument)\"; the controller takes flags alone")
        }
        if !argument.hasPrefix("--") {
            let name = argument[argument.index(after: argument.startIndex)]
            guard let definition = FlagDefinition.table.first(where: { $0.shorthand == name }) else {
                throw FlagError(description: "unknown flag -\(name); see --help")
            }
            var value = argument.dropFirst(2)
            if value.first == "=" { value = value.dropFirst() }
            return (definition, "-\(name)", value.isEmpty ? nil : String(value))
        }
        let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, let definition = FlagDefinition.table.first(where: { $0.name == name }) else {
            throw FlagError(description: "unknown flag --\(parts.first ?? ""); see --help")
        }
        return (definition, "--\(name)", parts.count == 2 ? String(parts[1]) : nil)
    }

    private mutating func apply(_ definition: FlagDefinition, _ spelling: String, _ value: String) throws(FlagError) {
        // A list may come as several flags or as one with commas.
        let values = definition.shape == .list ? value.split(separator: ",").map(String.init) : [value]
        for value in values {
            guard let set = definition.set else {
                if value != definition.standard, !ignored.contains("--\(definition.name)") { ignored.append("--\(definition.name)") }
                continue
            }
            do throws(FlagDefinition.Mismatch) {
                try set(&self, value)
            } catch {
                // What was given to --token or --password is never shown; only shapes without secrets can mismatch.
                throw FlagError(description: "flag \(spelling) is \"\(value)\"; it must be \(error.expected)")
            }
        }
    }

    /// What no single flag can tell.
    private func check() throws(FlagError) {
        guard leaseDuration > leaseRenewDeadline, leaseRenewDeadline > leaseRetryPeriod else {
            throw FlagError(description: "--leader-election-lease-duration, --leader-election-renew-deadline and "
                + "--leader-election-retry-period must fall in this order; their defaults are 15s, 10s and 2s")
        }
        // The lease stores whole seconds; less than one would read as none.
        guard leaseDuration >= .seconds(1) else { throw FlagError(description: "--leader-election-lease-duration must be at least 1s") }
        guard metricsPort == 0 || metricsPort != healthPort else {
            throw FlagError(description: "--metricsPort and --healthzPort are both \(metricsPort); they must differ")
        }
        if let user = connection.impersonation, user.user.isEmpty {
            throw FlagError(description: "--as-group and --as-uid need --as")
        }
    }

    /// What `--help` prints.
    public static var help: String {
        var lines: [String] = [
            "Looks after Argo Rollouts' resources on a cluster with Gateway API.", "", "Usage:", "  sluice-controller [flags]", "", "Flags:",
        ]
        for flag in FlagDefinition.table.sorted(by: { $0.name < $1.name }) {
            let short = flag.shorthand.map { "-\($0), " } ?? "    "
            let value = flag.shape == .bool ? "" : " \(flag.shape.rawValue)"
            let standard = flag.standard.isEmpty || flag.shape == .bool && flag.standard == "false" ? "" : " (default \(flag.standard))"
            lines.append("  \(short)--\(flag.name)\(value)\n          \(flag.help)\(standard)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
