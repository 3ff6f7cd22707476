import RolloutModel
import StrictJSON
import Testing

@Suite("The hash of a canary's steps") struct StepHashTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var steps: String
        var hash: String
        var testDescription: String { steps }

        init(_ steps: String, _ hash: String) {
            self.steps = steps
            self.hash = hash
        }
    }

    /// From objects that Argo Rollouts wrote, and from its own function.
    static let cases: [Case] = [
        Case(#"[{"setWeight":25},{"pause":{}},{"setWeight":50},{"pause":{"duration":"1h"}},{"setWeight":75},{"pause":{}}]"#, "74665f44bd"),
        Case(#"[{"setWeight":25},{"analysis":{"templates":[{"templateName":"job"}]}},{"setWeight":50}]"#, "59bb5969dd"),
        Case(#"[{"setWeight":50},{"pause":{}}]"#, "757f5f97b"),
        Case(#"[{"pause":{}}]"#, "6b9b86fbd5"),
        Case(#"[{"pause":{}},{"pause":{}}]"#, "79c9b9f6bf"),
        Case(#"[{"setWeight":10},{"pause":{"duration":10}}]"#, "78f6ffd7ff"),
        Case(#"[{"setWeight":10},{"pause":{"duration":"10"}}]"#, "5469d875bf"),
        Case(#"[{"setWeight":20},{"analysis":{"templates":[{"templateName":"t","clusterScope":false}]}}]"#, "84c58b4478"),
        Case(#"[{"setWeight":20},{"analysis":{"templates":[{"templateName":"t","clusterScope":true}],"args":[{"name":"svc","value":"app"},{"name":"h","valueFrom":{"podTemplateHashValue":"Latest"}}]}}]"#, "868fd85658"),
        Case(#"[{"analysis":{"templates":[{"templateName":"t","clusterScope":false},{"templateName":"c","clusterScope":true}],"args":[{"name":"a","value":"1"},{"name":"b"},{"name":"h","valueFrom":{"podTemplateHashValue":"Latest"}},{"name":"f","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],"dryRun":[{"metricName":".*"}],"measurementRetention":[{"metricName":"x","limit":2}],"analysisRunMetadata":{"labels":{"l":"1"},"annotations":{"k":"2"}}}}]"#, "985d965d5"),
        Case(#"[{"experiment":{"templates":[{"name":"exp","specRef":"canary","metadata":{}}],"analysisRunMetadata":{}}}]"#, "c48bdcb66"),
        Case(#"[{"experiment":{"templates":[{"name":"base","specRef":"stable","replicas":1,"metadata":{"labels":{"a":"b"}},"selector":{"matchLabels":{"x":"y"}},"weight":5,"service":{}},{"name":"exp","specRef":"canary","metadata":{},"service":{"name":"s"}}],"duration":"5m","analyses":[{"name":"a","templateName":"ok","args":[{"name":"n","value":"v"}],"requiredForCompletion":true},{"name":"b","templateName":"c","clusterScope":true}],"dryRun":[{"metricName":"m"}],"analysisRunMetadata":{"labels":{"z":"1"}},"scaleDownDelaySeconds":0}}]"#, "559dcb84b6"),
        Case(#"[{"setCanaryScale":{"weight":0}},{"setCanaryScale":{"replicas":2}},{"setCanaryScale":{"matchTrafficWeight":true}},{"setCanaryScale":{}}]"#, "5d65d64bb4"),
        Case(#"[{"setHeaderRoute":{"name":"h","match":[{"headerName":"x","headerValue":{"exact":"a"}},{"headerName":"y","headerValue":null}]}},{"setHeaderRoute":{"name":"h"}}]"#, "5686f6fdb6"),
        Case(#"[{"setMirrorRoute":{"name":"m","match":[{"method":{"exact":"GET"},"path":{"prefix":"/a&b"},"headers":{"a":{"regex":"<2>"},"b":{"exact":"1"}}}],"percentage":50}},{"setMirrorRoute":{"name":"m"}}]"#, "b79ccdbc5"),
        Case(#"[{"plugin":{"name":"p/q","config":{"a":1,"b":"<x>"}}}]"#, "75c44c857"),
        Case("[]", "5f8cb5778f"),
        Case(#"[{"setWeight":20}]"#, "656598f7c"),
        Case(#"[{"setWeight":10},{"pause":{}}]"#, "849b756fd4"),
        Case(#"[{"setWeight":50},{"pause":{"duration":"3s"}}]"#, "77fbc56786"),
        Case(#"[{"setWeight":25},{"pause":{"duration":10}},{"setCanaryScale":{"matchTrafficWeight":true}}]"#, "5589f7b7df"),
        Case(#"[{"setWeight":20},{"pause":{}},{"setWeight":40},{"pause":{"duration":10}},{"setWeight":60},{"pause":{"duration":10}},{"setWeight":80},{"pause":{"duration":10}}]"#, "f64cdc9d"),
    ]

    @Test("equals the one that Argo Rollouts computes", arguments: cases) func matchesArgo(_ c: Case) throws {
        let list: [JSONValue] = try #require(try JSONValue(parsing: c.steps).arrayValue)
        var problems: [FieldProblem] = []
        let steps: [CanaryStep] = list.enumerated().map { CanaryStep(json: $0.element, path: "steps[\($0.offset)]", problems: &problems) }
        #expect(stepHash(of: steps) == c.hash)
    }

    @Test("of absent steps is the hash of null") func absent() {
        #expect(stepHash(of: nil) == "5ffbfbbd64")
    }
}
