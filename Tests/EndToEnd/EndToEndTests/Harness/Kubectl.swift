import KubeYAML
import StrictJSON

/// kubectl, as a user runs it.
struct Kubectl: Sendable {
    var program: String
    var kubeconfig: String
    /// A home of its own, so that nobody's cache of discovery is read or written.
    var home: String
    /// Nil: that of the kubeconfig.
    var namespace: String?
    /// Folders that come first in `PATH`, where kubectl looks for plugins.
    var path: [String] = []

    func command(_ arguments: [String], input: String = "") -> Command {
        var environment: [String: String] = processEnvironment()
        environment["HOME"] = home
        environment["KUBECONFIG"] = kubeconfig
        environment["PATH"] = (path + [environment["PATH"] ?? "/usr/bin:/bin"]).joined(separator: ":")
        // Plugins are given no flags of kubectl's own before their name.
        let isPlugin: Bool = arguments.first == "sluice"
        let scope: [String] = namespace.map { ["--namespace", $0] } ?? []
        return Command(program: program, arguments: isPlugin ? arguments + scope : scope + arguments, environment: environment, input: input)
    }

    /// Runs it and wants it to succeed.
    @discardableResult func callAsFunction(_ arguments: String..., input: String = "") async throws -> String {
        try await command(arguments, input: input).output()
    }

    /// Applies manifests as a user does.
    @discardableResult func apply(_ manifests: String) async throws -> String {
        // Validation on the client's side needs the schemas of definitions in the server's OpenAPI document, whose shape differs
        // between servers this far apart in age; the server's own validation is what counts.
        try await command(["apply", "--validate=false", "-f", "-"], input: manifests).output()
    }

    /// Objects as JSON; nil where there is none of this name.
    func get(_ resource: String, _ name: String) async throws -> JSONValue? {
        let text: String = try await callAsFunction("get", resource, name, "--ignore-not-found", "-o", "json")
        return text.isEmpty ? nil : try JSONValue(parsing: text)
    }

    func list(_ resource: String) async throws -> [JSONValue] {
        try JSONValue(parsing: try await callAsFunction("get", resource, "-o", "json"))["items"]?.arrayValue ?? []
    }
}
