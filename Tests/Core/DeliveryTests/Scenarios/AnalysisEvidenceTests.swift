import Clockwork
import Delivery
import StrictJSON
import Testing

@Suite("What an analysis says counts for") struct AnalysisEvidenceTests {
    static let background: JSONValue = ["templates": [["templateName": "ok"]]]
    static let steps: [JSONValue] = [["setWeight": 50], AnalysisScenarioTests.stepAnalysis, ["pause": [:]]]

    func begins(_ cluster: ModelCluster) -> [String?] {
        cluster.runs.keys.sorted().map { cluster.runs[$0]!.at("metadata", "annotations", "sluice/begins")?.stringValue }
    }

    @Test("R28: a success that came while pods were missing ends no step; another run is made when they are back", arguments: [false, true])
    func podsLost(isRouted: Bool) {
        var cluster = AnalysisScenarioTests.started(Self.steps, routed: isRouted)
        #expect(cluster.step == 1)
        cluster.podLimit = ["v2": 1]
        cluster.runPods()
        cluster.settle()
        // What measures goes on: a failure still aborts.
        #expect(cluster.runs.values.first?.at("spec", "terminate") == nil && cluster.status.stepAnalysisRun?.phase == "Running")
        cluster.endRun(nil, "Successful")
        cluster.settle()
        #expect(cluster.step == 1 && cluster.runs.count == 1 && cluster.status.stepAnalysisRun == nil)
        #expect(cluster.lastPlan?.waitsFor.contains("2 available pods of app-") == true)
        #expect(cluster.events.filter { $0.reason == "AnalysisRepeated" }.map(\.message) == [
            "AnalysisRun '\(cluster.runs.keys.first!)' succeeded while 1 of 2 pods were available; it does not count and is repeated once they are",
        ])
        cluster.run(for: .seconds(3600))
        #expect(cluster.step == 1 && cluster.runs.count == 1)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.runs.keys.map(cluster.runName).sorted() == ["app-v2-2-1", "app-v2-2-1.1"] && cluster.step == 1)
        cluster.endRun(".1", "Successful")
        cluster.settle()
        #expect(cluster.step == 2 && cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("a failure counts whatever became of the pods", arguments: ["Failed", "Error"]) func failsWithoutPods(_ phase: String) {
        var cluster = AnalysisScenarioTests.started(Self.steps)
        cluster.podLimit = ["v2": 0]
        cluster.runPods()
        cluster.settle()
        cluster.endRun(nil, phase)
        cluster.settle()
        #expect(cluster.status.abort && cluster.runs.count == 1)
    }

    @Test("a success that was seen with all pods stays one, whatever is lost later") func lostLater() {
        var cluster = AnalysisScenarioTests.started([["setWeight": 50], AnalysisScenarioTests.stepAnalysis, ["setWeight": 75], ["pause": [:]]])
        cluster.endRun(nil, "Successful")
        cluster.apply(cluster.decideNow())
        cluster.podLimit = ["v2": 1]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.step == 2 && cluster.runs.count == 1)
    }

    @Test("enough pods by the threshold are enough") func threshold() {
        var cluster = AnalysisScenarioTests.started(Self.steps, spec: [:])
        cluster.setCanary("replicaProgressThreshold", ["type": "Percent", "value": 50])
        cluster.settle()
        cluster.podLimit = ["v2": 1]
        cluster.runPods()
        cluster.settle()
        cluster.endRun(nil, "Successful")
        cluster.settle()
        #expect(cluster.step == 2)
    }

    @Test("behind a route a background run begins when traffic is seen to arrive, and the step waits for what it measures") func traffic() {
        var cluster = AnalysisScenarioTests.started(
            [["setWeight": 25], ["pause": [:]]], background: Self.background, templates: [Manifest.template(count: nil)], routed: true)
        #expect(cluster.phase == "Paused CanaryPauseStep" && begins(cluster) == [nil])
        let created = cluster.journal.firstIndex { $0.contains("run") && $0.contains("created") }
        let routed = cluster.journal.firstIndex { $0.contains("route") && $0.contains("75/25") }
        let begun = cluster.journal.firstIndex { $0.hasSuffix("begins") }
        #expect(created != nil && routed != nil && begun != nil && created! < routed! && routed! < begun!, "\(cluster.journal)")
        // Nothing of it is repeated.
        cluster.run(for: .seconds(600))
        #expect(cluster.journal.filter { $0.hasSuffix("begins") }.count == 1)
    }

    @Test("it begins only after the gateway has confirmed the weight") func receipt() {
        var cluster = ModelCluster.routed(
            Manifest.rollout(steps: [["setWeight": 25], ["pause": [:]]], canary: Manifest.routed(["analysis": Self.background])),
            templates: [Manifest.template(count: nil)])
        cluster.settle()
        cluster.gatewayIsHeld = true
        cluster.setImage("v2")
        cluster.settle()
        #expect(begins(cluster) == ["with-traffic"] && cluster.step == 0)
        cluster.gatewayIsHeld = false
        cluster.runGateway()
        cluster.settle()
        #expect(begins(cluster) == [nil] && cluster.step == 1)
    }

    @Test("no weight, no measurement: a step that only waits is passed without one") func pausesFirst() {
        var cluster = AnalysisScenarioTests.started(
            [["pause": ["duration": 30]], ["setWeight": 0], ["pause": [:]], ["setWeight": 50], ["pause": [:]]], background: Self.background,
            templates: [Manifest.template(count: nil)], routed: true)
        cluster.measuresInTime = false
        cluster.run(for: .seconds(60))
        #expect(cluster.step == 2 && begins(cluster) == ["with-traffic"])
        cluster.measuresInTime = true
        cluster.promote()
        cluster.settle()
        #expect(cluster.step == 4 && begins(cluster) == [nil])
    }

    @Test("a run that is made while traffic is already there begins at once, and so does one without a route") func atOnce() {
        for isRouted in [true, false] {
            var cluster = AnalysisScenarioTests.started(
                [["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": [:]]], background: ["templates": [["templateName": "ok"]], "startingStep": isRouted ? 2 : 0],
                templates: [Manifest.template(count: nil)], routed: isRouted)
            if isRouted {
                #expect(cluster.runs.isEmpty)
                cluster.promote()
                cluster.settle()
            }
            #expect(cluster.runs.count == 1 && !cluster.journal.contains { $0.hasSuffix("begins") } && begins(cluster) == [nil])
        }
    }

    @Test("a run that never began ends with its update") func neverBegan() {
        var cluster = AnalysisScenarioTests.started(
            [["setWeight": 0], ["pause": [:]]], background: Self.background, templates: [Manifest.template(count: nil)], routed: true)
        #expect(begins(cluster) == ["with-traffic"])
        cluster.abort()
        cluster.settle()
        #expect(cluster.runs.values.first?.at("spec", "terminate") == true)
    }
}
