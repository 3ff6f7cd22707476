/// Brings arguments into the one order and spelling that the parser reads.
///
/// People write `-n shop get rollout web` as well as `get rollout web -n shop`, and `--watch=false`.
enum ArgumentOrder {
    /// Long names of the global flags that have a value, without the dashes.
    static let globalOptions: Set<String> = [
        "as", "as-uid", "as-group", "as-user-extra", "cache-dir", "certificate-authority", "client-certificate", "client-key", "cluster", "context", "user",
        "kubeconfig", "namespace", "request-timeout", "server", "tls-server-name", "token", "kloglevel", "loglevel",
    ]
    static let globalFlags: Set<String> = ["disable-compression", "insecure-skip-tls-verify"]
    /// Short names of global flags that have a value.
    static let globalLetters: Set<Character> = ["n", "s", "v"]
    static let commandFlags: Set<String> = [
        "watch", "all-namespaces", "timestamps", "no-color", "full", "skip-current-step", "skip-all-steps", "short",
        "controller", "quiet",
    ]
    /// Flags that are on where nobody says otherwise.
    static let flagsOnByDefault: Set<String> = ["watch", "controller"]

    /// Global flags stand behind everything else, and flags have no `=true` or `=false`. Nothing behind `--` is touched.
    static func normalized(_ arguments: [String]) -> [String] {
        let end: Int = arguments.firstIndex(of: "--") ?? arguments.count
        var kept: [String] = []
        var moved: [String] = []
        var rest: ArraySlice<String> = arguments[..<end]
        while let argument = rest.popFirst() {
            switch kind(of: argument) {
            case .globalWithValue: moved.append(argument)
            case .globalBeforeValue:
                moved.append(argument)
                if let value = rest.popFirst() { moved.append(value) }
            case .flag(let spelling, isGlobal: let isGlobal):
                guard let spelling else { continue }
                if isGlobal { moved.append(spelling) } else { kept.append(spelling) }
            case .other: kept.append(argument)
            }
        }
        return kept + moved + arguments[end...]
    }

    private enum Kind {
        /// `--namespace=shop`, `-nshop`
        case globalWithValue
        /// `--namespace`, `-n`: the next argument is the value.
        case globalBeforeValue
        /// A flag in the parser's spelling; nil: it says what is the case anyway.
        case flag(String?, isGlobal: Bool)
        case other
    }

    private static func kind(of argument: String) -> Kind {
        if argument.hasPrefix("--") {
            let parts: [Substring] = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts.first ?? "")
            if globalOptions.contains(name) { return parts.count == 2 ? .globalWithValue : .globalBeforeValue }
            return flag(name, argument, value: parts.count == 2 ? String(parts[1]) : nil)
        }
        guard argument.hasPrefix("-"), let letter = argument.dropFirst().first else { return .other }
        if globalLetters.contains(letter) { return argument.count == 2 ? .globalBeforeValue : .globalWithValue }
        switch argument {
        case "-w=false": return .flag("--no-watch", isGlobal: false)
        case "-w=true": return .flag("--watch", isGlobal: false)
        default: return .other
        }
    }

    private static func flag(_ name: String, _ argument: String, value: String?) -> Kind {
        let isGlobal: Bool = globalFlags.contains(name)
        guard isGlobal || commandFlags.contains(name) else { return .other }
        switch value {
        case nil: return .flag(argument, isGlobal: isGlobal)
        case "true", "True", "TRUE", "t", "T", "1": return .flag("--" + name, isGlobal: isGlobal)
        case "false", "False", "FALSE", "f", "F", "0":
            return .flag(flagsOnByDefault.contains(name) ? "--no-" + name : nil, isGlobal: isGlobal)
        default: return .other
        }
    }
}
