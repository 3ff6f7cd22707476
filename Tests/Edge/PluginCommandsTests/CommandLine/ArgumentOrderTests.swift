import Testing

@testable import PluginCommands

@Suite("Arguments") struct ArgumentOrderTests {
    static let cases: [(String, String)] = [
        ("get rollout web -n shop", "get rollout web -n shop"),
        ("-n shop get rollout web -w", "get rollout web -w -n shop"),
        ("get -n shop rollout web", "get rollout web -n shop"),
        ("--context=dev list rollouts -A", "list rollouts -A --context=dev"),
        ("-nshop get rollout web", "get rollout web -nshop"),
        ("--insecure-skip-tls-verify=true status web", "status web --insecure-skip-tls-verify"),
        ("status web --watch=false", "status web --no-watch"),
        ("status -w=false web", "status --no-watch web"),
        ("status web --watch=true --timeout 5s", "status web --watch --timeout 5s"),
        ("promote web --full=false", "promote web"),
        ("get rollout web --no-color=1", "get rollout web --no-color"),
        ("abort -- -n", "abort -- -n"),
        ("-n shop abort -- web", "abort -n shop -- web"),
        ("get rollout web --namespace", "get rollout web --namespace"),
        ("get rollout web --watch=maybe", "get rollout web --watch=maybe"),
    ]

    @Test(arguments: cases) func areBroughtIntoOrder(_ written: String, _ read: String) {
        #expect(ArgumentOrder.normalized(written.split(separator: " ").map(String.init)) == read.split(separator: " ").map(String.init))
    }
}
