import KubeModel
import Testing

@Suite("A right that is missing") struct MissingRightTests {
    struct Case: Sendable {
        var message: String
        var name: String = ""
        var right: MissingRight
    }

    private static let account: String = "system:serviceaccount:argo-rollouts:argo-rollouts"

    static let cases: [Case] = [
        Case(
            message: #"services "my-app" is forbidden: User "\#(account)" cannot patch resource "services" in API group "" in the namespace "shop""#,
            name: "my-app", right: MissingRight(verb: "patch", resource: "services", namespace: "shop", name: "my-app", user: account)),
        Case(
            message: #"rollouts.argoproj.io "a" is forbidden: User "\#(account)" cannot patch resource "rollouts/status" in API group "argoproj.io" in the namespace "shop""#,
            name: "a", right: MissingRight(verb: "patch", group: "argoproj.io", resource: "rollouts/status", namespace: "shop", name: "a", user: account)),
        Case(
            message: #"endpointslices.discovery.k8s.io is forbidden: User "eva" cannot list resource "endpointslices" in API group "discovery.k8s.io" at the cluster scope"#,
            right: MissingRight(verb: "list", group: "discovery.k8s.io", resource: "endpointslices", user: "eva")),
        // Where bindings name roles that are gone, the server says so behind the sentence.
        Case(
            message: #"replicasets.apps is forbidden: User "eva" cannot create resource "replicasets" in API group "apps" in the namespace "shop": RBAC: clusterrole.rbac.authorization.k8s.io "x" not found"#,
            right: MissingRight(verb: "create", group: "apps", resource: "replicasets", namespace: "shop", user: "eva")),
    ]

    @Test("is read from the server's sentence", arguments: cases) func isRead(_ c: Case) {
        #expect(MissingRight(saidBy: APIStatus(code: 403, reason: "Forbidden", message: c.message, name: c.name)) == c.right)
    }

    @Test("is not what quotas and admission say", arguments: [
        #"pods "a-1" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=4, limited: pods=4"#,
        #"admission webhook "policy.example.com" denied the request: routes cannot be patched"#,
        "",
    ]) func isNot(_ message: String) {
        #expect(MissingRight(saidBy: APIStatus(code: 403, reason: "Forbidden", message: message)) == nil)
    }

    @Test("is not in an answer of another kind") func otherCode() {
        #expect(MissingRight(saidBy: APIStatus(code: 404, reason: "NotFound", message: Self.cases[0].message)) == nil)
    }

    @Test("says what to add, and where") func remedy() {
        #expect(Self.cases[0].right.description == #"patch services in namespace "shop""#)
        #expect(
            Self.cases[0].right.remedy
                == #"add the rule {apiGroups: [""], resources: ["services"], verbs: ["patch"]} to a Role or ClusterRole that is bound to "\#(Self.account)""#)
        #expect(Self.cases[2].right.description == "list endpointslices.discovery.k8s.io in all namespaces")
        #expect(
            Self.cases[2].right.remedy
                == #"add the rule {apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"]} to a ClusterRole that is bound to "eva""#)
        #expect(MissingRight(verb: "get", resource: "secrets", namespace: "shop").remedy.hasSuffix("bound to the controller's service account"))
    }
}
