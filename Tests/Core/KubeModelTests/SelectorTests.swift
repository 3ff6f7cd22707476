import KubeModel
import StrictJSON
import Testing

@Suite("A label selector") struct SelectorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var selector: LabelSelector
        var labels: [String: String]
        var matches: Bool
    }

    static let cases: [Case] = [
        Case(testDescription: "that is empty matches everything", selector: LabelSelector(), labels: [:], matches: true),
        Case(testDescription: "needs equal values", selector: LabelSelector(matchLabels: ["a": "1"]), labels: ["a": "1", "b": "2"], matches: true),
        Case(testDescription: "does not take another value", selector: LabelSelector(matchLabels: ["a": "1"]), labels: ["a": "2"], matches: false),
        Case(testDescription: "does not take an absent label", selector: LabelSelector(matchLabels: ["a": "1"]), labels: [:], matches: false),
        Case(testDescription: "takes a value in a list", selector: expression("a", .in, ["1", "2"]), labels: ["a": "2"], matches: true),
        Case(testDescription: "does not take a value outside a list", selector: expression("a", .in, ["1", "2"]), labels: ["a": "3"], matches: false),
        Case(testDescription: "takes an absent label as not in a list", selector: expression("a", .notIn, ["1"]), labels: [:], matches: true),
        Case(testDescription: "refuses a value that must not be", selector: expression("a", .notIn, ["1"]), labels: ["a": "1"], matches: false),
        Case(testDescription: "sees that a label exists", selector: expression("a", .exists, []), labels: ["a": ""], matches: true),
        Case(testDescription: "sees that a label does not exist", selector: expression("a", .doesNotExist, []), labels: ["a": ""], matches: false),
    ]

    static func expression(_ key: String, _ comparison: LabelSelector.Comparison, _ values: [String]) -> LabelSelector {
        LabelSelector(matchExpressions: [.init(key: key, comparison, values: values)])
    }

    @Test(arguments: cases) func decides(_ c: Case) { #expect(c.selector.matches(c.labels) == c.matches) }

    @Test func isWrittenAsKubernetesWritesIt() throws {
        let json: JSONValue = [
            "matchLabels": ["b": "2", "a": "1"],
            "matchExpressions": [
                ["key": "c", "operator": "In", "values": ["y", "x"]], ["key": "d", "operator": "NotIn", "values": ["z"]],
                ["key": "e", "operator": "Exists"], ["key": "f", "operator": "DoesNotExist"],
            ],
        ]
        let selector = try LabelSelector(json: json)
        #expect(selector.text == "a=1,b=2,c in (x,y),d notin (z),e,!f")
        #expect(selector.json == json)
        #expect(LabelSelector().text == "")
        #expect(LabelSelector().statusText == "<none>")
    }

    @Test(arguments: ["", "a=1", "a=1,b=2", "a=,b in (x,y),!c,d,e notin (z)"]) func readsWhatItWrites(text: String) throws {
        #expect(try LabelSelector(parsing: text).text == text)
    }

    @Test func readsOtherSpellings() throws {
        #expect(try LabelSelector(parsing: "<none>").isEmpty)
        #expect(try LabelSelector(parsing: " a == 1 , b != 2").text == "a=1,b notin (2)")
    }

    @Test(arguments: ["a in x", "=1", "a b", ",", "a in (x", "!"]) func refusesOtherText(text: String) {
        #expect(throws: DecodeError.self) { try LabelSelector(parsing: text) }
    }

    @Test func namesWhatIsWrong() {
        let cases: [(JSONValue, String)] = [
            (["matchExpressions": [["key": "a", "operator": "Is"]]], "matchExpressions[0].operator: expected In, NotIn, Exists or DoesNotExist, found \"Is\""),
            (["matchExpressions": [["key": "a", "operator": "In"]]], "matchExpressions[0].values: expected at least one value for In, found nothing"),
            (["matchExpressions": [["operator": "Exists"]]], "matchExpressions[0].key: expected a string, found nothing"),
            (["matchLabels": ["a": 1]], "matchLabels[a]: expected a string, found 1"),
            (["matchLabels": ["x"]], "matchLabels: expected an object, found a list"),
        ]
        for (json, message) in cases {
            let error = #expect(throws: DecodeError.self) { try LabelSelector(json: json) }
            #expect(error?.description == message)
        }
    }
}
