import Expression
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

@Suite("Templates and arguments") struct CompositionTests {
    func compose(_ templates: [AnalysisTemplate], _ arguments: [(String, String)] = [], dryRun: [JSONValue] = [], retention: [JSONValue] = []) throws(AnalysisProblem) -> ComposedAnalysis {
        try analysisRunSpec(
            templates: templates, arguments: arguments.map { ResolvedArgument(name: $0.0, value: $0.1) }, dryRun: dryRun, measurementRetention: retention)
    }

    @Test func becomeOneSpec() throws {
        let a = try template("a", ["metrics": [metric("m1")], "args": [["name": "x", "value": "1"], ["name": "y"]], "templates": [["templateName": "b"]]])
        let b = try template("b", ["metrics": [metric("m2")], "args": [["name": "y", "value": "2"]], "dryRun": [["metricName": "m2"]]])
        let composed = try compose([a, b], [("x", "")], dryRun: [["metricName": "m1"]], retention: [["metricName": ".*", "limit": 3]])
        #expect(composed.spec == [
            "metrics": [metric("m1"), metric("m2")], "args": [["name": "x", "value": ""], ["name": "y", "value": "2"]],
            "dryRun": [["metricName": "m1"], ["metricName": "m2"]], "measurementRetention": [["metricName": ".*", "limit": 3]],
        ])
        #expect(composed.notes.isEmpty)
    }

    @Test func leaveOutWhatIsEmpty() throws {
        #expect(try compose([template("a", ["metrics": [metric()]])]).spec == ["metrics": [metric()]])
    }

    /// The manifests that people copy: the template names an argument that it does not declare.
    @Test func passOnAnUndeclaredArgumentThatAPlaceholderNames() throws {
        let named: JSONValue = ["name": "e", "provider": ["prometheus": ["query": "up{job=\"{{ args.service-name }}\"}"]]]
        let composed = try compose([template("a", ["metrics": [named]])], [("service-name", "my-app"), ("other", "1")])
        #expect(composed.spec["args"] == [["name": "service-name", "value": "my-app"]])
        #expect(composed.notes == [.passedOn(argument: "service-name"), .dropped(argument: "other")])
        let run = try run(composed.spec)
        #expect(decide(observation(of: run), now: start).measurements.first?.metric.provider["prometheus"]?["query"] == "up{job=\"my-app\"}")
    }

    @Test func letTheSecretWinAndSaySo() throws {
        let declared: JSONValue = ["name": "x", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]
        let composed = try compose([template("a", ["metrics": [metric()], "args": [declared]])], [("x", "v")])
        #expect(composed.spec["args"]?[0] == ["name": "x", "value": "v", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]])
        #expect(composed.notes == [.secretWins(argument: "x")])
        let run = try run(composed.spec)
        #expect(neededSecrets(by: run) == [SecretReference(name: "s", key: "k")])
    }

    static let contradictions: [(templates: [JSONValue], message: String)] = [
        ([["metrics": [metric("m")]], ["metrics": [metric("m")]]], "two metrics have the same name 'm'"),
        ([["metrics": [metric()], "args": [["name": "x", "value": "1"]]], ["args": [["name": "x", "value": "2"]]]],
            "Argument `x` specified multiple times with different values: '1', '2'"),
        ([["metrics": [metric()], "args": [["name": "x"]]]], "args.x was not resolved"),
        ([["dryRun": [["metricName": "m"], ["metricName": "m"]]]], "two Dry-Run metric rules have the same name 'm'"),
        ([["measurementRetention": [["metricName": "m", "limit": 1]]], ["measurementRetention": [["metricName": "m", "limit": 2]]]],
            "two Measurement Retention metric rules have the same name 'm'"),
        ([["metrics": [["name": 5]]]], "AnalysisTemplate 't0': spec.metrics[0].name: is 5; a string is needed"),
    ]

    @Test(arguments: contradictions.indices) func mustNotContradictEachOther(_ index: Int) throws {
        let row = Self.contradictions[index]
        let templates = try row.templates.enumerated().map { try template("t\($0.offset)", $0.element) }
        #expect(throws: AnalysisProblem.invalid(row.message)) { try compose(templates) }
    }

    @Test func areCollectedDepthFirstAndOnce() throws {
        let all = try [
            template("a", ["templates": [["templateName": "b"], ["templateName": "c", "clusterScope": true]]]),
            template("b", ["templates": [["templateName": "d"]]]), template("c", ["templates": [["templateName": "d"]]], clusterScoped: true),
            template("d", [:]), template("e", [:]),
        ]
        let found = try collectedTemplates([.init(name: "a"), .init(name: "e"), .init(name: "d")]) { reference in
            all.first { $0.reference == reference }
        }
        #expect(found.map(\.metadata.name) == ["a", "b", "d", "e", "c"])
    }

    @Test func thatIncludeEachOtherAreRefused() throws {
        let all = try [template("a", ["templates": [["templateName": "b"]]]), template("b", ["templates": [["templateName": "a"]]])]
        #expect(throws: AnalysisProblem.templateCycle(["a", "b", "a"])) {
            try collectedTemplates([.init(name: "a")]) { reference in all.first { $0.reference == reference } }
        }
        #expect(AnalysisProblem.templateCycle(["a", "b", "a"]).message == "analysis template cycle: a -> b -> a")
    }

    static let references: [(templates: [String: JSONValue], arguments: [OfferedArgument], place: AnalysisPlace, problem: String?)] = [
        (["t": ["metrics": [metric()]]], [], .step, nil),
        ([:], [], .step, "p.templates: Invalid value: \"t\": AnalysisTemplate 't' not found"),
        (["t": ["metrics": [metric()], "templates": [["templateName": "u", "clusterScope": true]]]], [], .background,
            "p.templates: Invalid value: \"u\": ClusterAnalysisTemplate 'u' not found"),
        (["t": ["metrics": [metric()], "args": [["name": "limit"]]]], [], .step,
            "p.templates: Invalid value: \"templateNames: [t]\": args.limit was not resolved"),
        (["t": ["metrics": [metric()], "args": [["name": "limit"]]]], [OfferedArgument(name: "limit", value: nil)], .background, nil),
        (["t": ["metrics": [metric("m", ["interval": "1m"])]]], [], .background, nil),
        (["t": ["metrics": [metric("m", ["interval": "1m"])]]], [], .step,
            "p.templates: Invalid value: \"t\": AnalysisTemplate t has metric m which runs indefinitely. Invalid value for count: <nil>"),
        (["t": ["metrics": [metric("m", ["interval": "1m", "count": "{{args.n}}"])], "args": [["name": "n", "value": "3"]]]], [], .step, nil),
        (["t": ["metrics": [metric()], "args": [["name": "x", "value": "1", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]]]], [], .step,
            "p.templates: Invalid value: \"t\": AnalysisTemplate t: arg 'x' has both Value and ValueFrom fields"),
        (["t": ["metrics": [metric("m", ["successCondition": "{{args.undeclared}}"])]]], [OfferedArgument(name: "undeclared", value: "1")], .step, nil),
        (["t": ["metrics": [metric("m")], "dryRun": [["metricName": "zzz"]]]], [], .step,
            "p.templates: Invalid value: \"templateNames: [t]\": dryRun[0]: Rule didn't match any metric name(s)"),
        (["t": ["metrics": [metric("m-{{args.x}}")], "args": [["name": "x"]], "dryRun": [["metricName": "m-me"]]]], [OfferedArgument(name: "x", value: nil)], .step, nil),
        (["t": ["templates": [["templateName": "t"]]]], [], .step, "p.templates: Invalid value: \"templateNames: [t]\": analysis template cycle: t -> t"),
    ]

    @Test(arguments: references.indices) func areCheckedWhereARolloutNamesThem(_ index: Int) throws {
        let row = Self.references[index]
        var templates: [String: AnalysisTemplate] = [:]
        for (name, spec) in row.templates { templates[name] = try template(name, spec) }
        let problem = referenceProblem([.init(name: "t")], arguments: row.arguments, place: row.place) { reference in
            reference.isClusterScoped ? nil : templates[reference.name]
        }
        #expect(problem?.message(at: "p") == row.problem)
    }

    @Test func anExistingRunIsTheSameIfItAsksForTheSame() throws {
        let spec: JSONValue = ["metrics": [metric()], "args": [["name": "x", "value": ""]]]
        let written: JSONValue = [
            "args": [["name": "x", "value": ""]], "terminate": true, "dryRun": [],
            "metrics": [metric("m", ["provider": ["prometheus": ["address": "http://prometheus:9090", "query": "up", "authentication": ["oauth2": [:], "sigv4": [:]]]]])],
        ]
        let existing = try run(written)
        #expect(isSameAnalysis(existing, as: spec))
        for other: JSONValue in [["metrics": [metric("n")]], ["metrics": [metric()]]] {
            let different = try run(other)
            #expect(!isSameAnalysis(different, as: spec))
        }
    }
}

@Suite("A placeholder") struct PlaceholderTests {
    @Test(arguments: [
        ("a {{args.x}} b", "a 1\"\n b"), ("{{ args.x }}{{args.x}}", "1\"\n1\"\n"), ("no {args.x} }}", "no {args.x} }}"), ("{{\targs.y\n}}", "{{args.x}}"),
    ])
    func isReplacedOnce(_ text: String, _ expected: String) throws {
        let value = JSONValue.object([text: [.string(text), 5]])
        let replaced = try substituting(value, arguments: ["x": "1\"\n", "y": "{{args.x}}"])
        #expect(replaced == .object([expected: [.string(expected), 5]]))
    }

    @Test(arguments: [
        ("{{args.z}}", "failed to resolve {{args.z}}"), ("{{x}}", "failed to resolve {{x}}"), ("{{}}", "failed to resolve {{}}"),
        ("{{ a }} {{ b }}", "failed to resolve {{ b }}"), ("x {{args.x", "Cannot find end tag=\"}}\" in the template=\"x {{args.x\" starting from \"args.x\""),
    ])
    func thatMeansNothingIsAnError(_ text: String, _ message: String) {
        #expect(throws: AnalysisProblem.invalid(message)) { try substituting(.string(text), arguments: ["x": "1"]) }
    }

    @Test func controlCharactersOfAValueSurvive() throws {
        let odd = "\u{7}\u{B}\u{0}\u{7F}\u{10FFFF}\\\"\n"
        #expect(try substituting("{{args.x}}", arguments: ["x": odd]) == .string(odd))
    }
}

@Suite("A pattern for metric names") struct MetricNamePatternTests {
    @Test(arguments: [
        ("test", "latest", true), ("^test$", "latest", false), ("^test$", "test", true), (".*", "", true), ("", "x", true), ("a|b", "xbx", true),
        ("^(a|b)+$", "abba", true), ("^(a|b)+$", "abca", false), ("^a{2,3}$", "aa", true), ("^a{2,3}$", "aaaa", false), ("^a{2}$", "aaa", false), ("^a{2,}$", "aaaaa", true),
        ("[a-c]x", "bx", true), ("[^a-c]x", "bx", false), ("[]x]", "]", true), ("\\d+", "error-5xx", true), ("^\\w+$", "a-b", false), ("a\\.b", "axb", false), ("a.b", "axb", true),
        ("a{", "a{", true), ("a{x}", "a{x}", true), ("^[\\w-]+$", "error-rate", true), ("(?:ab)*c", "ababc", true), ("a??b", "b", true), ("^$", "", true), ("$", "abc", true),
        ("größe", "die größe", true), ("^(a*)*$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaab", false), ("^(a+)+$", String(repeating: "a", count: 5000) + "b", false),
    ])
    func finds(_ pattern: String, _ name: String, _ isFound: Bool) throws {
        #expect(try RegexPattern(pattern).matches(name) == isFound)
    }

    @Test(arguments: ["*", "+a", "a**", "(", ")", "[a", "[z-a]", "a{3,2}", "a{1001}", "\\", "{2}", "a|*"])
    func thatIsMalformedFindsNothing(_ pattern: String) {
        #expect(throws: AnalysisProblem.invalid("dryRun[0]: Rule didn't match any metric name(s)")) {
            try matches(of: [pattern], in: ["a", "*", "("], field: "dryRun")
        }
    }

    @Test(arguments: ["(?i)A", "(?P<n>a)", "\\pL", "\\ba", "\\x61", "[[:alpha:]]", "[\\D]"]) func isInRE2sSyntax(_ pattern: String) throws {
        #expect(try matches(of: [pattern], in: ["a", "7"], field: "dryRun") == [[0]])
    }

    @Test(arguments: ["\\p{Greek}", String(repeating: "(\\pL{1000})", count: 60)])
    func thatIsNotSupportedIsRefusedByName(_ pattern: String) {
        #expect(throws: AnalysisProblem.self) { try matches(of: [pattern], in: ["a"], field: "dryRun") }
        #expect(throws: RegexProblem.self) { try RegexPattern(pattern) }
    }
}
