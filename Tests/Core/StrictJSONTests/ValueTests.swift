import StrictJSON
import Testing

@Suite("A JSON number") struct NumberTests {
    static let spellings: [(text: String, written: String, int: Int64?)] = [
        ("1", "1", 1), ("1.0", "1", 1), ("1e0", "1", 1), ("10e-1", "1", 1), ("1.50e1", "15", 15), ("-0", "0", 0), ("-0.0", "0", 0), ("0e5", "0", 0),
        ("1e18", "1000000000000000000", 1_000_000_000_000_000_000), ("9223372036854775807", "9223372036854775807", .max),
        ("-9223372036854775808", "-9223372036854775808", .min), ("-9.223372036854775808e18", "-9223372036854775808", .min),
        ("9223372036854775808", "9223372036854775808", nil), ("18446744073709551615", "18446744073709551615", nil),
        ("1e19", "10000000000000000000", nil), ("1e20", "100000000000000000000", nil), ("1e21", "1e+21", nil), ("1.5e300", "1.5e+300", nil),
        ("0.1", "0.1", nil), ("0.10", "0.1", nil), ("1e-6", "0.000001", nil), ("1e-7", "1e-7", nil), ("12.5e-8", "1.25e-7", nil), ("123.456", "123.456", nil),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827", nil), ("0.30000000000000004", "0.30000000000000004", nil),
        ("1e400", "1e400", nil), ("1e-400", "1e-400", nil), ("5e-324", "5e-324", nil), ("1.7976931348623157e308", "1.7976931348623157e+308", nil),
        ("123456789012345678901234567890", "123456789012345678901234567890", nil),
    ]

    @Test(arguments: spellings) func keepsWhatItSays(_ c: (text: String, written: String, int: Int64?)) throws {
        let number = try #require(JSONNumber(text: c.text))
        #expect(number.text == c.written)
        #expect(number.int64 == c.int)
        #expect(try JSONValue(parsing: c.text) == .number(number))
        if let int = c.int { #expect(number == JSONNumber(int) && number.hashValue == JSONNumber(int).hashValue) }
    }

    @Test func comparesByValue() {
        #expect(JSONNumber(1.0) == JSONNumber(1))
        #expect(JSONNumber(-0.0) == JSONNumber(0))
        #expect(JSONNumber(0.5) != JSONNumber(0))
        #expect(JSONNumber(text: "1e400") == JSONNumber(text: "1e400"))
        #expect(JSONNumber(Double.nan) == JSONNumber(Double.nan))
        #expect(JSONValue(Double.nan).text() == "null")
        #expect(JSONValue(Double.infinity).text() == "null")
        #expect(JSONNumber(0x1p63).int64 == nil)
        #expect(JSONNumber(-0x1p63).int64 == .min)
        #expect(JSONNumber(text: "1e400")?.double == .infinity)
    }

    @Test(arguments: ["", " 1", "1 ", "+1", "0x1", "1e", "abc", "--1", "01", "1.", "1,"]) func refusesOtherTexts(_ text: String) {
        #expect(JSONNumber(text: text) == nil)
    }
}

@Suite("A JSON value") struct ValueTests {
    @Test func answersByKind() {
        let value: JSONValue = ["s": "a", "i": 3, "d": 1.5, "b": true, "n": nil, "a": [1, 2], "o": ["x": 1]]
        #expect(value["s"]?.stringValue == "a")
        #expect(value["i"]?.intValue == 3)
        #expect(value["i"]?.doubleValue == 3)
        #expect(value["d"]?.intValue == nil)
        #expect(value["d"]?.doubleValue == 1.5)
        #expect(value["b"]?.boolValue == true)
        #expect(value["n"]?.isNull == true)
        #expect(value["missing"] == nil)
        #expect(value["a"]?[1] == 2)
        #expect(value["a"]?[2] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value.at("o", "x") == 1)
        #expect(value.at("o", "y", "z") == nil)
        #expect(value.at() == value)
        #expect(value.objectValue?.keys == ["s", "i", "d", "b", "n", "a", "o"])
        #expect(["s", "i", "b", "n", "a", "o"].map { value[$0]?.kindName } == ["string", "number", "boolean", "null", "array", "object"])
    }

    @Test func setsAlongPaths() {
        var value: JSONValue = nil
        value.set(1, at: ["a", "b", "c"])
        #expect(value == ["a": ["b": ["c": 1]]])
        value.set(2, at: ["a", "b", "d"])
        value.set(nil, at: ["a", "b", "c"])
        #expect(value == ["a": ["b": ["d": 2]]])
        value.set(nil, at: ["x", "y"])
        #expect(value == ["a": ["b": ["d": 2]]])
        value.set("s", at: ["a", "b", "d", "e"])
        #expect(value == ["a": ["b": ["d": ["e": "s"]]]])
        value["z"] = 3
        value["a"] = nil
        #expect(value == ["z": 3])
        value.set(true, at: [])
        #expect(value == true)
        value["ignored"] = 1
        #expect(value == true)
    }

    @Test func keepsOrderAndFindsKeysInLargeObjects() {
        var object = JSONObject()
        for index in 0..<100 { object["key\(index)"] = JSONValue(index) }
        object["key3"] = "changed"
        #expect(object.removeValue(forKey: "key50") == 50)
        #expect(object.removeValue(forKey: "key50") == nil)
        #expect(object.count == 99)
        #expect(object["key99"] == 99)
        #expect(object["key51"] == 51)
        #expect(object.keys.prefix(4) == ["key0", "key1", "key2", "key3"])
        #expect(object["key3"] == "changed")
        for index in 4..<100 { object["key\(index)"] = nil }
        #expect(object.keys == ["key0", "key1", "key2", "key3"])
        #expect(object["key2"] == 2)
    }

    @Test func tellsCanonicallyEquivalentStringsApart() {
        #expect(JSONValue.string("é") != .string("e\u{301}"))
        var object: JSONObject = ["é": 1]
        object["e\u{301}"] = 2
        #expect(object.count == 2)
        for index in 0..<40 { object["k\(index)"] = nil; object["k\(index)"] = 0 }
        #expect(object["é"] == 1)
        #expect(object["e\u{301}"] == 2)
    }

    @Test func copiesStayApart() {
        var first: JSONValue = ["a": ["b": 1]]
        let second = first
        first.set(2, at: ["a", "b"])
        #expect(second == ["a": ["b": 1]])
        #expect(first == ["a": ["b": 2]])
    }

    @Test func writesAsGoDoes() {
        let value: JSONValue = ["b": "<a href=\"x\">&\u{2028}\u{2029}\u{7F}€\u{1}\u{8}\u{C}\n\r\t\\/", "a": [1.0, 0.1, 1e21, 1e-7, 100]]
        #expect(value.text(.go) == #"{"b":"\u003ca href=\"x\"\u003e\u0026\u2028\u2029"# + "\u{7F}€" + #"\u0001\b\f\n\r\t\\/","a":[1,0.1,1e+21,1e-7,100]}"#)
        #expect(value.text(.sortedKeys).hasPrefix(#"{"a":["#))
        #expect(JSONValue.string("\u{2027}â\u{202A}").text(.go) == "\"\u{2027}â\u{202A}\"")
    }

    @Test func writesAsKubectlDoes() {
        let value: JSONValue = ["b": [1, [:], []], "a": ["c": nil]]
        let expected = "{\n    \"a\": {\n        \"c\": null\n    },\n    \"b\": [\n        1,\n        {},\n        []\n    ]\n}"
        #expect(value.text(.kubectl) == expected)
    }

    @Test func digestIsTheSameForEver() {
        // Stored in annotations: a change of these numbers would make every ReplicaSet look changed.
        let value: JSONValue = ["a": [1, 2.5, "text longer than eight bytes", nil, true, false], "b": ["c": .number(JSONNumber(text: "1e400")!)]]
        #expect(value.structuralDigest == 1_675_004_288_310_537_180)
        #expect(JSONValue.object([:]).structuralDigest != JSONValue.array([]).structuralDigest)
        #expect(JSONValue.string("1").structuralDigest != JSONValue(1).structuralDigest)
    }
}
