import Clockwork
import Testing
@testable import Expression

@Suite("JSON, Base64 and times in conditions") struct EncodingAndTimeTests {
    private static func value(_ text: String, _ result: ExpressionValue = .null, now: Timestamp? = Timestamp(secondsSince1970: 1_709_164_800)) throws(ExpressionError) -> ExpressionValue {
        try CompiledExpression(compiling: text, environment: .condition(result: result.type)).evaluate(result: result, now: now)
    }

    @Test(arguments: [
        #"toJSON({"b": [1, 2.5, nil], "a": "<x>"}) == "{\n  \"a\": \"\\u003cx\\u003e\",\n  \"b\": [\n    1,\n    2.5,\n    null\n  ]\n}""#,
        #"toJSON([]) == "[]" and toJSON({}) == "{}" and toJSON(1e21) == "1e+21" and toJSON(1e-7) == "1e-7" and toJSON(100000.0 * 10) == "1000000""#,
        #"fromJSON("{\"a\": {\"b\": [true, null, -1.5e2, \"\\u00e9\\ud83d\\ude00\\n\"]}}").a.b[2] == -150"#,
        #"len(fromJSON("\"\\ud83d\\ude00\"")) == 1"#, #"fromJSON("{\"a\": 1, \"a\": 2}").a == 2"#, #"fromJSON(" [ ] ") == []"#,
        #"toBase64("") == "" and toBase64("a") == "YQ==" and toBase64("ab") == "YWI=" and toBase64("abc") == "YWJj""#,
        #"fromBase64("YQ==") == "a" and fromBase64("YWI=") == "ab" and fromBase64("YW\nJj") == "abc""#,
        "duration('1h30m').Minutes() == 90 and duration('1.5s').Milliseconds() == 1500 and duration('0') == duration('0s')",
        "date('2024-02-29 00:00:00') == now() and now().Year() == 2024 and now().YearDay() == 60 and now().Day() == 29 and now().Hour() == 0",
        "date('2024-02-29T01:02:03Z').Sub(now()) == duration('1h2m3s') and now().Before(now().Add(duration('1ns')))",
        "date('1969-12-31').Unix() == -86400 and date('1969-12-31').UnixMilli() == -86400000 and now() - duration('1h') < now()",
        "'5xx' matches '^' + '[45]xx$' and not (fromJSON('null') matches 'a')", "result == nil",
    ]) func holds(_ text: String) throws {
        #expect(try Self.value(text) == .bool(true), "\(text)")
    }

    @Test(arguments: [
        ("fromJSON('')", "unexpected end of JSON input"), ("fromJSON('[1,]')", "invalid character ']' looking for beginning of value"),
        ("fromJSON('{1}')", "invalid character '1' looking for beginning of object key string"), ("fromJSON('tru ')", "invalid character ' ' in literal true (expecting 'e')"),
        ("fromJSON('1 2')", "invalid character '2' after top-level value"), ("fromJSON('[1 2]')", "invalid character '2' after array element"),
        ("fromJSON('-')", "unexpected end of JSON input"), ("fromBase64('YQ=')", "illegal base64 data at input byte 3"), ("fromBase64('Y')", "illegal base64 data at input byte 1"),
        ("toJSON(0 / 0)", "json: unsupported value: NaN"), ("duration('1d')", "time: unknown unit \"d\" in duration \"1d\""), ("date('2024-13-01')", "invalid date 2024-13-01"),
        ("'a' matches string(get({}, 'x')) + '('", "error parsing regexp: missing closing ): `<nil>(`"),
    ]) func fails(_ text: String, _ message: String) {
        do throws(ExpressionError) {
            _ = try Self.value(text)
            Issue.record("\(text) must fail")
        } catch {
            #expect(error.message == message && error.kind == .runtime, "\(error)")
        }
    }

    @Test func aResultOfUnknownTypeCannotBeCalled() throws {
        let compiled = try CompiledExpression(compiling: "result\t(result)", environment: .condition(result: .unknown))
        do throws(ExpressionError) {
            _ = try compiled.evaluate(result: .floats([1]))
            Issue.record("a list must not be callable")
        } catch {
            #expect(error.message == "invalid operation: cannot call non-function of type []float64")
        }
    }

    @Test func hasNoClockOfItsOwn() {
        #expect(throws: ExpressionError.self) { try Self.value("now() == now()", now: nil) }
    }

    @Test func hostileInputEndsInAnError() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: ExpressionError.self) { try Self.value("fromJSON(result)", .string(deep)) }
        #expect(throws: ExpressionError.self) { try Self.value("result matches '(((a{1000}){1000}){1000})'", .string("a")) }
        #expect(throws: ExpressionError.self) { try Self.value("result matches result", .string(deep)) }
    }
}
