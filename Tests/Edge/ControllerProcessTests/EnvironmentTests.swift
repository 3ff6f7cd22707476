@testable import ControllerProcess
import HTTPTransport
import KubeClient
import Testing

@Suite("The controller's environment") struct EnvironmentTests {
    private static let account = "/var/run/secrets/kubernetes.io/serviceaccount"
    private static let config = """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "https://file:6443"}}]
        users: [{name: u, user: {token: t}}]
        contexts: [{name: x, context: {cluster: c, user: u, namespace: shop}}]
        current-context: x
        """

    private func environment(_ variables: [String: String] = [:], files: [String: String] = [:]) -> ControllerEnvironment {
        ControllerEnvironment(variables: variables, hostName: "host", files: .memory(files.mapValues { Array($0.utf8) }))
    }

    @Test("says in which namespace the lease is: the pod's, the service account's, or argo-rollouts") func namespace() {
        #expect(environment(["POD_NAMESPACE": "ops"], files: ["\(Self.account)/namespace": "other"]).ownNamespace == "ops")
        #expect(environment(["POD_NAMESPACE": ""], files: ["\(Self.account)/namespace": "sa\n"]).ownNamespace == "sa")
        #expect(environment().ownNamespace == "argo-rollouts")
    }

    @Test("is warned of where it has no effect") func warnings() {
        #expect(environment().warnings == [])
        #expect(environment(["ROLLOUT_VERIFY_RETRY_INTERVAL": "10", "DD_API_KEY": "secret"]).warnings == [
            "ROLLOUT_VERIFY_RETRY_INTERVAL has no effect: routes are watched, so a weight is verified as soon as its route says so",
            "DD_API_KEY has no effect: metrics of the provider datadog are not supported yet",
        ])
        #expect(environment(["ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG": "in-cluster", "ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE": "jobs"]).warnings == [
            "ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG has no effect: jobs of analyses are made in the controller's own cluster",
        ])
        #expect(environment(["ROLLOUT_VERIFY_RETRY_INTERVAL": "soon"]).warnings.first?.contains("\"soon\"") == true)
    }

    @Test("leads to the API server of a flag, a kubeconfig, or the pod's own cluster") func connection() throws {
        let pod = environment(
            ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"],
            files: ["\(Self.account)/ca.crt": "pem", "\(Self.account)/token": "t", "\(Self.account)/namespace": "argo-rollouts"])
        let file = environment(["KUBECONFIG": "/config"], files: ["/config": Self.config])
        func server(_ arguments: [String], _ environment: ControllerEnvironment) throws -> [String] {
            let connection = try ConnectionChoice.connection(try ControllerFlags(parsing: arguments), environment)
            return [connection.server, connection.namespace]
        }
        #expect(try server([], pod) == ["https://10.0.0.1:443", "argo-rollouts"])
        #expect(try server(["-n", "other"], pod) == ["https://10.0.0.1:443", "other"])
        #expect(try server([], file) == ["https://file:6443", "shop"])
        #expect(try server(["--kubeconfig=/config", "--server=http://flag"], environment(files: ["/config": Self.config])) == ["http://flag", "shop"])
        #expect(try server(["--server=http://flag:1"], environment()) == ["http://flag:1", "default"])
    }

    @Test("is complained of where it leads nowhere") func nowhere() {
        #expect { try ConnectionChoice.connection(ControllerFlags(), environment()) } throws: { error in
            "\(error)".contains("no kubeconfig is given, and this is no pod of a cluster")
        }
        #expect { try ConnectionChoice.connection(try ControllerFlags(parsing: ["--kubeconfig=/none"]), environment()) } throws: { error in
            "\(error)" == "the kubeconfig /none cannot be read: there is no such file"
        }
    }
}
