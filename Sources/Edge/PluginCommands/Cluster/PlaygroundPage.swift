/// What is said when the playground can be used.
struct PlaygroundPage: Sendable {
    static let gateway: String = "production-gateway"

    var server: String
    /// Nil: the kubeconfig is printed.
    var kubeconfig: String?
    var runsController: Bool
    var state: String?
    /// How many objects the state held; nil for a cluster that begins anew.
    var objects: Int?

    var lines: [String] {
        var lines: [String] = ["Sluice playground: a Kubernetes API on \(server), everything behind it simulated", ""]
        if let kubeconfig {
            lines.append("  export KUBECONFIG=\(Self.quoted(kubeconfig))")
        } else {
            lines.append("Save this as a file and name it in KUBECONFIG, or let --write-kubeconfig FILE do it:")
            lines.append("")
            lines += PlaygroundKubeconfig.text(server: server).split(separator: "\n").map { "  \($0)" }
        }
        lines += [
            "",
            "  runs      Deployments, ReplicaSets, Jobs, pods (on paper), Services, the Gateway \(Self.gateway)"
                + (runsController ? ", Sluice" : ""),
            "  images    the tag decides: bad, crash, pending, slow are what they say; …broken… makes 20 % errors; all others are good",
            "  metrics   http_requests_total{job=\"NAME\"} at http://prometheus:9090 for analyses, at \(server)\(PlaygroundHandler.prefix) for you",
            "  state     " + stateText,
        ]
        if !runsController { lines.append("  Sluice    is yours to run: sluice-controller --kubeconfig \(kubeconfig.map(Self.quoted) ?? "FILE")") }
        return lines + [
            "",
            "  try       kubectl apply -f examples/guide/my-app.yaml",
            "            kubectl sluice get rollout my-app -w",
            "            kubectl patch rollout my-app --type=json \\",
            "              -p '[{\"op\":\"replace\",\"path\":\"/spec/template/spec/containers/0/image\",\"value\":\"myapp:v3.0\"}]'",
            "            kubectl sluice promote my-app",
            "",
            "Ctrl-C ends it.",
            "",
        ]
    }

    private var stateText: String {
        guard let state else { return "lasts as long as this runs; --state FILE keeps it" }
        return objects.map { "goes on from \(state) with \($0) objects, and is kept there" } ?? "is kept in \(state)"
    }

    /// For a shell.
    static func quoted(_ path: String) -> String {
        let isPlain = path.allSatisfy { $0.isLetter || $0.isNumber || "/._-+=~".contains($0) }
        return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    }
}
