import Clockwork
import KubeModel
import StrictJSON
import Testing

@Suite("Two pod templates") struct PodTemplateTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var left: JSONValue
        var right: JSONValue
        var equal: Bool

        init(_ description: String, _ left: JSONValue, _ right: JSONValue, equal: Bool = true) {
            testDescription = description
            self.left = left
            self.right = right
            self.equal = equal
        }
    }

    /// A template with one container that has these members beside name and image.
    static func container(_ members: JSONValue) -> JSONValue {
        var container: JSONValue = ["name": "web", "image": "web:1"]
        for (key, value) in members.objectValue ?? [:] { container[key] = value }
        return ["spec": ["containers": [container]]]
    }

    static func spec(_ members: JSONValue) -> JSONValue { ["spec": members] }
    static func volume(_ source: JSONValue) -> JSONValue {
        var volume: JSONValue = ["name": "v"]
        for (key, value) in source.objectValue ?? [:] { volume[key] = value }
        return ["spec": ["volumes": [volume]]]
    }

    static let cases: [Case] = [
        Case("are equal after the server's defaults", [
            "metadata": ["labels": ["app": "web"]],
            "spec": ["containers": [[
                "name": "web", "image": "web:1", "ports": [["containerPort": 80]],
                "readinessProbe": ["httpGet": ["port": 80]], "env": [["name": "A", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]],
            ]]],
        ], [
            "metadata": ["creationTimestamp": nil, "labels": ["app": "web"]],
            "spec": [
                "containers": [[
                    "name": "web", "image": "web:1", "imagePullPolicy": "IfNotPresent", "resources": [:],
                    "ports": [["containerPort": 80, "protocol": "TCP"]], "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                    "readinessProbe": [
                        "failureThreshold": 3, "httpGet": ["path": "/", "port": 80, "scheme": "HTTP"], "periodSeconds": 10,
                        "successThreshold": 1, "timeoutSeconds": 1,
                    ],
                    "env": [["name": "A", "valueFrom": ["fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.name"]]]],
                ]],
                "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": [:],
                "terminationGracePeriodSeconds": 30,
            ],
        ]),
        Case("differ in the image", container([:]), container(["image": "web:2"]), equal: false),
        Case("pull latest always", container(["image": "web"]), container(["image": "web", "imagePullPolicy": "Always"])),
        Case("pull a tag behind a port once", container(["image": "host:5000/web:1"]), container(["image": "host:5000/web:1", "imagePullPolicy": "IfNotPresent"])),
        Case("pull latest behind a port always", container(["image": "host:5000/web"]), container(["image": "host:5000/web", "imagePullPolicy": "Always"])),
        Case("pull a digest once", container(["image": "web@sha256:ab"]), container(["image": "web@sha256:ab", "imagePullPolicy": "IfNotPresent"])),
        Case("differ in the pull policy", container(["image": "web"]), container(["image": "web", "imagePullPolicy": "IfNotPresent"]), equal: false),
        Case("have empty lists and none", container(["args": [], "env": [], "ports": nil]), container([:])),
        Case("have an empty argument or none", container(["args": [""]]), container([:]), equal: false),
        Case("have an empty value or none", container(["env": [["name": "A", "value": ""]]]), container(["env": [["name": "A"]]])),
        Case("have quantities in two spellings", container(["resources": ["limits": ["cpu": "1000m", "memory": "1Gi"]]]),
             container(["resources": ["limits": ["cpu": 1, "memory": "1024Mi"]]])),
        Case("have other quantities", container(["resources": ["limits": ["cpu": "1"]]]), container(["resources": ["limits": ["cpu": "2"]]]), equal: false),
        Case("have a limit of zero or none", container(["resources": ["limits": ["cpu": "0"]]]), container([:]), equal: false),
        Case("have empty limits and none", container(["resources": ["limits": [:], "requests": nil]]), container([:])),
        Case("name the service account in two ways", spec(["serviceAccount": "a"]), spec(["serviceAccount": "a", "serviceAccountName": "a"])),
        Case("name other service accounts", spec(["serviceAccountName": "a"]), spec(["serviceAccountName": "b"]), equal: false),
        Case("have a pod security context", spec(["securityContext": ["runAsUser": 0]]), spec([:]), equal: false),
        Case("have an empty container security context or none", container(["securityContext": [:]]), container([:]), equal: false),
        Case("say false where that is the default", spec(["hostNetwork": false]), spec([:])),
        Case("say false where that is a choice", spec(["automountServiceAccountToken": false]), spec([:]), equal: false),
        Case("have no grace period", spec(["terminationGracePeriodSeconds": 0]), spec([:]), equal: false),
        Case("have the default mode of a secret", volume(["secret": ["secretName": "s"]]), volume(["secret": ["secretName": "s", "defaultMode": 420]])),
        Case("have another mode of a secret", volume(["secret": ["secretName": "s"]]), volume(["secret": ["secretName": "s", "defaultMode": 0]]), equal: false),
        Case("have a volume without source", volume([:]), volume(["emptyDir": [:]])),
        Case("have sizes in two spellings", volume(["emptyDir": ["sizeLimit": "1Gi"]]), volume(["emptyDir": ["sizeLimit": "1024Mi"]])),
        Case("have a host path without type", volume(["hostPath": ["path": "/x"]]), volume(["hostPath": ["path": "/x", "type": ""]])),
        Case("have a host path of another type", volume(["hostPath": ["path": "/x"]]), volume(["hostPath": ["path": "/x", "type": "File"]]), equal: false),
        Case("have a projected token", volume(["projected": ["sources": [["serviceAccountToken": ["path": "t"]]]]]),
             volume(["projected": ["defaultMode": 420, "sources": [["serviceAccountToken": ["path": "t", "expirationSeconds": 3600]]]]])),
        Case("have a label with an empty value or none", ["metadata": ["labels": ["a": ""]]], [:], equal: false),
        Case("have empty labels and none", ["metadata": ["labels": [:], "annotations": nil]], [:]),
        Case("differ in labels", ["metadata": ["labels": ["a": "1"]]], ["metadata": ["labels": ["a": "2"]]], equal: false),
        Case("differ in a label that is ignored", ["metadata": ["labels": ["hash": "1"]]], ["metadata": ["labels": ["hash": "2"]]]),
        Case("differ in the order of containers", spec(["containers": [["name": "a"], ["name": "b"]]]),
             spec(["containers": [["name": "b"], ["name": "a"]]]), equal: false),
        Case("differ in the order of members", ["spec": ["hostname": "a", "subdomain": "b"]], ["spec": ["subdomain": "b", "hostname": "a"]]),
        Case("differ in a member that we do not know", spec(["brandNew": 1]), spec(["brandNew": 2]), equal: false),
        Case("publish host ports", spec(["hostNetwork": true, "containers": [["name": "a", "ports": [["containerPort": 80]]]]]),
             spec(["hostNetwork": true, "containers": [["name": "a", "ports": [["containerPort": 80, "hostPort": 80]]]]])),
        Case("have a divisor", container(["env": [["name": "A", "valueFrom": ["resourceFieldRef": ["resource": "limits.cpu"]]]]]),
             container(["env": [["name": "A", "valueFrom": ["resourceFieldRef": ["resource": "limits.cpu", "divisor": "0"]]]]])),
        Case("select nothing or everything", spec(["affinity": ["podAntiAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": [
            ["topologyKey": "k", "labelSelector": [:]]]]]]), spec(["affinity": ["podAntiAffinity": [
            "requiredDuringSchedulingIgnoredDuringExecution": [["topologyKey": "k"]]]]]), equal: false),
    ]

    @Test(arguments: cases) func areCompared(_ c: Case) {
        let left = PodTemplate(raw: c.left)
        let right = PodTemplate(raw: c.right)
        #expect(left.isSemanticallyEqual(to: right, ignoringLabels: ["hash"]) == c.equal)
        #expect(right.isSemanticallyEqual(to: left, ignoringLabels: ["hash"]) == c.equal)
        #expect(left.summary.isSemanticallyEqual(to: right.summary, ignoringLabels: ["hash"]) == c.equal)
        #expect((left.semanticDigest(ignoringLabels: ["hash"]) == right.semanticDigest(ignoringLabels: ["hash"])) == c.equal)
    }

    @Test func loseOnlyWhatWasInjected() {
        let template = PodTemplate(raw: ["metadata": ["labels": ["a": "1", "role": "canary"], "annotations": ["x": "user"]]])
        let stripped = template.removing(labels: ["role": "canary", "b": "2"], annotations: ["x": "ours"])
        #expect(stripped.labels == ["a": "1"])
        #expect(stripped.annotations == ["x": "user"])
        #expect(stripped.adding(labels: ["role": "canary"]) == template)
    }
}

/// Random templates, made from parts that have defaults, maps, lists, quantities.
struct TemplateGenerator {
    var random: SeededGenerator

    mutating func template() -> JSONValue {
        var template: JSONValue = ["spec": .object([:])]
        if flip() { template.set(.object(map()), at: ["metadata", "labels"]) }
        if flip() { template.set(.object(map()), at: ["metadata", "annotations"]) }
        template.set(.array((0..<Int.random(in: 1...2, using: &random)).map { _ in container() }), at: ["spec", "containers"])
        if flip() { template.set(.object(map()), at: ["spec", "nodeSelector"]) }
        if flip() { template.set(pick(["Always", "OnFailure"]), at: ["spec", "restartPolicy"]) }
        if flip() { template.set(pick([0, 30, 60]), at: ["spec", "terminationGracePeriodSeconds"]) }
        if flip() { template.set(pick([true, false]), at: ["spec", "hostNetwork"]) }
        if flip() { template.set(.array([volume()]), at: ["spec", "volumes"]) }
        return template
    }

    private mutating func container() -> JSONValue {
        var container: JSONValue = ["name": pick(["a", "b"]), "image": pick(["web", "web:1", "host:5000/web", "web@sha256:ab", "web:latest"])]
        if flip() { container["ports"] = [["containerPort": pick([80, 81])]] }
        if flip() { container.set(pick(["1", "1000m", "500m"]), at: ["resources", "limits", "cpu"]) }
        if flip() { container["livenessProbe"] = ["httpGet": ["port": 80], "periodSeconds": pick([0, 10, 20])] }
        if flip() { container["args"] = pick([[], [""], ["x"]]) }
        if flip() { container["env"] = [["name": "A", "value": pick(["", "1"])]] }
        if flip() { container["securityContext"] = pick([[:], ["runAsUser": 0]]) }
        return container
    }

    private mutating func volume() -> JSONValue {
        var volume: JSONValue = ["name": "v"]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: volume["secret"] = ["secretName": "s"]
        case 1: volume["configMap"] = ["name": "c", "defaultMode": pick([420, 256])]
        case 2: volume["hostPath"] = ["path": "/x"]
        default: break
        }
        return volume
    }

    private mutating func map() -> JSONObject {
        var map = JSONObject()
        for key in ["a", "b", "c"] where flip() { map[key] = pick(["", "1", "2"]) }
        return map
    }

    mutating func flip() -> Bool { Bool.random(using: &random) }
    mutating func pick(_ values: [JSONValue]) -> JSONValue { values[Int.random(in: 0..<values.count, using: &random)] }

    /// The same value with members in another order and some nulls and empty lists in between.
    mutating func disguised(_ value: JSONValue, isMap: Bool = false) -> JSONValue {
        switch value {
        case .object(let object):
            var members = Array(object)
            members.shuffle(using: &random)
            var result = JSONObject()
            let maps: Set<String> = ["labels", "annotations", "nodeSelector", "limits"]
            for (key, member) in members { result[key] = disguised(member, isMap: maps.contains(key)) }
            if !isMap, flip() { result["unusedList"] = .array([]) }
            if flip() { result["unusedNull"] = .null }
            return .object(result)
        case .array(let elements): return .array(elements.map { disguised($0) })
        default: return value
        }
    }
}

@Suite("The canonical pod template") struct CanonicalTemplateProperties {
    @Test(arguments: 0..<300 as Range<UInt64>) func keepsItsLaws(seed: UInt64) {
        var generator = TemplateGenerator(random: SeededGenerator(seed: seed))
        let raw = generator.template()
        let template = PodTemplate(raw: raw)
        let canonical = template.canonical()
        #expect(PodTemplate(raw: canonical).canonical() == canonical, "seed \(seed): not idempotent")
        #expect(template.isSemanticallyEqual(to: PodTemplate(raw: canonical)), "seed \(seed): differs from its canonical form")
        let disguised = PodTemplate(raw: generator.disguised(raw))
        #expect(template.isSemanticallyEqual(to: disguised), "seed \(seed): order, nulls or empty lists made a difference")
        #expect(template.semanticDigest() == disguised.semanticDigest(), "seed \(seed): digest depends on order")
        #expect(template.isSemanticallyEqual(to: disguised.summary), "seed \(seed): the summary depends on order")
    }

    @Test(arguments: 0..<300 as Range<UInt64>) func seesEveryChangeOfAnImageAndALabel(seed: UInt64) {
        var generator = TemplateGenerator(random: SeededGenerator(seed: seed))
        let raw = generator.template()
        var otherImage = raw
        otherImage["spec"]?["containers"] = .array((raw.at("spec", "containers")?.arrayValue ?? []).map { container in
            var container = container
            container["image"] = "other:9"
            return container
        })
        #expect(!PodTemplate(raw: raw).isSemanticallyEqual(to: PodTemplate(raw: otherImage)), "seed \(seed)")
        #expect(!PodTemplate(raw: raw).isSemanticallyEqual(to: PodTemplate(raw: otherImage).summary), "seed \(seed)")
        let labelled: PodTemplateSummary = PodTemplate(raw: raw).adding(labels: ["new": "1"]).summary
        #expect(!PodTemplate(raw: raw).isSemanticallyEqual(to: labelled), "seed \(seed)")
        #expect(PodTemplate(raw: raw).isSemanticallyEqual(to: labelled, ignoringLabels: ["new"]), "seed \(seed)")
        #expect(!PodTemplate(raw: raw).isSemanticallyEqual(to: PodTemplate(raw: raw).adding(labels: ["new": "1"])), "seed \(seed)")
        #expect(PodTemplate(raw: raw).isSemanticallyEqual(to: PodTemplate(raw: raw).adding(labels: ["new": "1"]), ignoringLabels: ["new"]))
    }
}
