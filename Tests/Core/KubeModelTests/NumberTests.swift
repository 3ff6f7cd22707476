import KubeModel
import StrictJSON
import Testing

@Suite("A number of pods or a share of them") struct IntOrPercentTests {
    struct Case: Sendable { var json: JSONValue; var total: Int; var up: Int; var down: Int }

    static let cases: [Case] = [
        Case(json: "25%", total: 1, up: 1, down: 0), Case(json: "25%", total: 3, up: 1, down: 0), Case(json: "25%", total: 4, up: 1, down: 1),
        Case(json: "25%", total: 5, up: 2, down: 1), Case(json: "25", total: 10, up: 3, down: 2), Case(json: "5", total: 100, up: 5, down: 5),
        Case(json: 5, total: 100, up: 5, down: 5), Case(json: 0, total: 7, up: 0, down: 0), Case(json: "0%", total: 7, up: 0, down: 0),
        Case(json: "100%", total: 7, up: 7, down: 7), Case(json: "many", total: 7, up: 0, down: 0), Case(json: "12.5%", total: 8, up: 0, down: 0),
        Case(json: "-10%", total: 15, up: -1, down: -2), Case(json: "", total: 3, up: 0, down: 0), Case(json: "%", total: 3, up: 0, down: 0),
    ]

    @Test(arguments: cases) func resolves(_ c: Case) throws {
        let value = try IntOrPercent(json: c.json)
        #expect(value.resolved(of: c.total, roundUp: true) == c.up)
        #expect(value.resolved(of: c.total, roundUp: false) == c.down)
        #expect(value.json == c.json)
    }

    @Test func doesNotOverflow() throws {
        let value = try IntOrPercent(json: "9223372036854775807")
        #expect(value.resolved(of: 1000, roundUp: true) > 0)
        #expect(value.resolved(of: -1000, roundUp: true) < 0)
    }

    @Test(arguments: [true, [1], ["a": 1], 1.5, nil] as [JSONValue]) func refusesOthers(json: JSONValue) {
        #expect(throws: DecodeError.self) { try IntOrPercent(json: json) }
    }
}

@Suite("A quantity") struct QuantityTests {
    static let equal: [(JSONValue, JSONValue)] = [
        ("1", 1), ("1000m", "1"), ("0.5", "500m"), ("1Gi", "1024Mi"), ("1.5Gi", "1536Mi"), ("1e3", "1k"), ("1E3", "1k"), ("2E", "2000P"), ("0", "0m"),
        ("100Mi", "104857600"), ("+1", "1"), ("1.", "1"), (".5", "0.5"), ("-1", "-1000m"), (0.5, "500m"), ("1u", "1000n"), ("0Ki", "-0"),
    ]

    @Test func comparesByValue() throws {
        for (left, right) in Self.equal {
            #expect(try #require(Quantity(json: left)) == #require(Quantity(json: right)), "\(left) and \(right)")
            #expect(try #require(Quantity(json: left)).canonicalText == #require(Quantity(json: right)).canonicalText)
        }
        #expect(Quantity("1G") != Quantity("1Gi"))
        #expect(Quantity("1") != Quantity("-1"))
        #expect(Quantity("1500m")?.description == "1500m")
    }

    @Test(arguments: ["", "m", "1 Gi", "1GiB", "--1", "1e", "1e+", ".", "1..2", "Ki", "99999999999999999999999999999999999999999999"])
    func refusesOthers(text: String) { #expect(Quantity(text) == nil) }
}

@Suite("Resource versions") struct ResourceVersionTests {
    @Test func areComparedAsNumbers() {
        #expect(ResourceVersion.hasReached("9", seen: "10"))
        #expect(!ResourceVersion.hasReached("10", seen: "9"))
        #expect(ResourceVersion.hasReached("10", seen: "10"))
        #expect(ResourceVersion.hasReached("007", seen: "7"))
        #expect(ResourceVersion.hasReached("99999999999999999999999", seen: "100000000000000000000000"))
        #expect(ResourceVersion.hasReached("abc", seen: "abc"))
        #expect(!ResourceVersion.hasReached("abc", seen: "abd"))
        #expect(!ResourceVersion.hasReached("1", seen: ""))
    }
}
