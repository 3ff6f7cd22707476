import Clockwork
import Delivery
import StrictJSON
import Testing

@Suite("A Rollout without selector") struct DerivedSelectorTests {
    static let steps: [JSONValue] = [["setWeight": 50], ["pause": [:]]]

    static func guide(_ name: String = "app", labels: [String: String] = [:]) -> ModelCluster {
        var cluster = ModelCluster(Manifest.rollout(name, steps: steps, selector: false, labels: labels))
        cluster.settle()
        return cluster
    }

    @Test("is given one, which stands on ReplicaSets and pods and never in the spec") func derived() {
        var cluster = Self.guide()
        let replicaSet: JSONValue = cluster.replicaSets[cluster.name("v1")] ?? .null
        #expect(replicaSet.at("spec", "selector", "matchLabels", "sluice/rollout") == "app")
        #expect(replicaSet.at("spec", "template", "metadata", "labels", "sluice/rollout") == "app")
        #expect(replicaSet.at("metadata", "labels", "sluice/rollout") == "app")
        #expect(cluster.status.selector == "sluice/rollout=app")
        #expect(cluster.rollout.at("spec", "selector") == nil && cluster.rollout.at("spec", "template", "metadata") == nil)
        #expect(cluster.reasons.filter { $0 == "SelectorDerived" }.count == 1)
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 2, v2: 2" && cluster.reasons.filter { $0 == "SelectorDerived" }.count == 1)
    }

    @Test("keeps its ReplicaSets when the status is lost, wholly or the selector alone", arguments: [JSONValue.null, ["selector": .null]])
    func statusLost(_ patch: JSONValue) {
        var cluster = Self.guide()
        cluster.edit(["status": patch])
        cluster.settle()
        #expect(cluster.replicaSets.count == 1 && cluster.sizes == "v1: 4" && cluster.phase == "Healthy")
        #expect(cluster.status.selector == "sluice/rollout=app")
        #expect(!cluster.journal.contains { $0.hasSuffix("released") })
    }

    @Test("lets the user's labels change in mid-rollout") func labelsChange() {
        var cluster = Self.guide(labels: ["version": "1", "team": "a"])
        cluster.setImage("v2")
        cluster.settle()
        cluster.edit(["spec": ["template": ["metadata": ["labels": ["version": "2", "team": .null]]]]])
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.sizes == "v1: 2, v2: 0, v3: 2" && cluster.phase == "Paused CanaryPauseStep")
        #expect(cluster.replicaSets[cluster.name("v3")]?.at("spec", "template", "metadata", "labels", "version") == "2")
        cluster.promote()
        cluster.settle()
        #expect(cluster.sizes == "v1: 0, v2: 0, v3: 4" && cluster.phase == "Healthy")
    }

    @Test("goes on after a restart of the controller as if nothing had been") func restart() {
        var cluster = Self.guide()
        cluster.setImage("v2")
        cluster.settle()
        let before = cluster.fingerprint
        // All that a process remembers is gone.
        cluster.refusals = []
        cluster.routesSince = [:]
        cluster.told = []
        cluster.forget()
        cluster.settle()
        #expect(cluster.fingerprint == before && cluster.writes == 0)
    }

    @Test("does not touch the ReplicaSets of another one in the namespace") func two() {
        var one = Self.guide("one")
        var other = Self.guide("other")
        for name in Array(other.replicaSets.keys) { one.replicaSets[name] = other.replicaSets[name] }
        for name in Array(one.replicaSets.keys) where name.hasPrefix("other") {
            // They belong to somebody else, or to nobody any more.
            one.replicaSets[name]?.set([["apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "other", "uid": "other-uid", "controller": true]], at: ["metadata", "ownerReferences"])
            other.replicaSets[name]?.set(.array([]), at: ["metadata", "ownerReferences"])
        }
        one.forget()
        one.settle()
        #expect(one.writes == 0)
        for name in Array(one.replicaSets.keys) where name.hasPrefix("other") { one.replicaSets[name] = other.replicaSets[name] }
        one.settle()
        #expect(one.writes == 0)
    }

    @Test("may be given the same selector later: nothing changes") func sameSelectorLater() {
        var cluster = Self.guide()
        cluster.edit(["spec": [
            "selector": ["matchLabels": ["sluice/rollout": "app"]], "template": ["metadata": ["labels": ["sluice/rollout": "app"]]],
        ]])
        cluster.settle()
        #expect(cluster.replicaSets.count == 1 && cluster.sizes == "v1: 4" && cluster.phase == "Healthy")
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 2, v2: 2")
    }

    @Test("may be given the same selector without the label: it is still added") func sameSelectorWithoutLabel() {
        var cluster = Self.guide()
        cluster.edit(["spec": ["selector": ["matchLabels": ["sluice/rollout": "app"]]]])
        cluster.settle()
        #expect(cluster.replicaSets.count == 1 && cluster.phase == "Healthy")
    }

    @Test("refuses another selector, keeps its ReplicaSets, and goes on when it is taken away") func otherSelectorLater() {
        var cluster = Self.guide(labels: ["app": "app"])
        let before = cluster.replicaSets
        cluster.edit(["spec": ["selector": ["matchLabels": ["app": "app"]]]])
        cluster.settle()
        #expect(cluster.phase == "Degraded InvalidSpec: The Rollout \"app\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"app\"}}: "
            + "the selector cannot be changed: this Rollout works with sluice/rollout=app; remove spec.selector or set it to {\"matchLabels\":{\"sluice/rollout\":\"app\"}}")
        #expect(cluster.replicaSets == before)
        cluster.edit(["spec": ["selector": .null]])
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.replicaSets == before)
    }

    @Test("with a name longer than a label's value gets one that fits and is its own") func longName() {
        let name = String(repeating: "a-long-name-", count: 8) + "x"
        var cluster = Self.guide(name)
        var sibling = Self.guide(name + "y")
        let value: String = cluster.replicaSets.values.first?.at("spec", "selector", "matchLabels", "sluice/rollout")?.stringValue ?? ""
        let other: String = sibling.replicaSets.values.first?.at("spec", "selector", "matchLabels", "sluice/rollout")?.stringValue ?? ""
        #expect(value.utf8.count <= 63 && value.hasPrefix("a-long-name-a-long") && value != other && other.utf8.count <= 63)
        #expect(value.last?.isLetter == true || value.last?.isNumber == true)
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 2, v2: 2")
        sibling.edit(["status": .null])
        sibling.settle()
        #expect(sibling.sizes == "v1: 4")
    }
}
