import Testing
@testable import Expression

/// What the vectors do not cover: each line is true.
@Suite("The language") struct SemanticsTests {
    static let json: ExpressionValue = .map([
        "n": .float(2), "s": .string("héllo"), "xs": .array([.float(1), .float(2), .string("a")]), "nothing": .null, "big": .float(1e19),
        "\u{65}\u{301}": .float(1),
    ])

    static let lines: [String] = [
        "'é' != 'e\\u0301'", "['é'] != ['e\\u0301']", "result['e\\u0301'] == 1", "result['é'] == nil", "'é' not in result", "'e\\u0301' < 'é'",
        "result.e?.f[0].g == nil", "(result.e?.f).g == nil", "(result.e?.f ?? [1])[0] == 1", "result?.['n'] == 2", "result?.nothing?.x() == nil",
        "1 < result.n < 3", "not (1 < result.n < 2)", "result.n ** -1 == 0.5", "2 ** 0.5 == 1.4142135623730951", "(-8) ** 3 == -512", "10 ** 3 == 1000",
        "10 ** 15 == 1000000000000000", "abs(2 ** 3.3 - 9.849155306759329) < 0.00000000000001", "abs(1.5 ** -2.7 - 0.33462131420943864) < 0.0000000000000005",
        "10 ** 308 > 1.0e307", "10 ** 400 > 9223372036854775807.0", "0 ** 0 == 1", "isInf(0 ** -1)", "isNaN((-1) ** 0.5)",
        "int(result.big) == 9223372036854775807", "asInt(result.big) > 0", "'héllo'[0:2] != 'h'", "len('héllo'[0:2]) == 2", "result.s[1:3] == 'é'", "result.s[1] == 195",
        "string(100000.0) == '100000'", "string(1000000.0) == '1e+06'", "string(1234567.5) == '1.2345675e+06'", "string(0.0001) == '0.0001'",
        "string(0.00001) == '1e-05'", "string(-0.0) == '-0'", "string([1, 'a', nil, 2.5]) == '[1 a <nil> 2.5]'", "string({b: 1, a: [true]}) == 'map[a:[true] b:1]'",
        "string(1.5e300) == '1.5e+300'", "string(123456.0) == '123456'", "string(0.1 + 0.2) == '0.30000000000000004'",
        "max(1, [nil][0] ?? 3, [2, [9]]) == 9", "isNaN(max([0 / 0, 5]))", "max(1, [0 / 0, 5]) == 5", "max([]) == nil", "mean([]) == 0", "median([1, 2, 3, 4]) == 2.5",
        "sort([3, 1, 2.5], 'desc') == [3, 2.5, 1]", "sortBy([{n: 'b'}, {n: 'a'}], .n)[0].n == 'a'", "map(sortBy([[1, 'x'], [0, 'y'], [1, 'z']], #[0]), #[1]) == ['y', 'x', 'z']",
        "reduce([1, 2, 3], #acc * 10 + #, 0) == 123", "reduce([5, 6], #acc + #index) == 6", "groupBy([1, 2, 3], # % 2 == 0)[true] == [2]",
        "split('aXbXc', 'X', 0) == []", "split('añb', '') == ['a', 'ñ', 'b']", "splitAfter('a,b', ',', 1) == ['a,b']", "replace('aaaa', 'a', 'b', 2) == 'bbaa'",
        "replace('ab', '', '-') == '-a-b-'", "indexOf('aXbX', 'X') == 1 and lastIndexOf('aXbX', 'X') == 3", "lastIndexOf('aaa', '') == 3", "trim('\\u00a0 x\\n') == 'x'",
        "upper('straße') == 'STRAßE'", "lower('ÀÉ') == 'àé'", "trimPrefix(' a') == 'a' and trimSuffix('a ') == 'a'", "join(split('a b', ' '), '+') == 'a+b'",
        "concat([1], 1..2) == [1, 1, 2]", "take([1, 2], 0) == []", "toPairs({b: 1, a: 2})[0] == ['a', 2]", "uniq([1, 1.0, '1', nil, nil]) == [1, '1', nil]",
        "type(asInt(1)) == 'int' and type(1..2) == 'array'", "bitshl(1, 64) == 0 and bitshr(-1, 70) == -1 and bitnand(6, 3) == 4",
        "asFloat('1_000') == 1000 and asFloat('0x10p0') == 16 and asFloat('.5') == 0.5 and asFloat('5.') == 5", "isInf(asFloat('-Infinity')) and isNaN(asFloat('nan'))",
        "asFloat('1e-999') == 0", "{a: 1, a: 2}.a == 1", "{1.50: 2}['1.50'] == 2", "{a: 1}.not == nil", "result.in == nil", "$env.result.n == 2", "$env['result'].n == 2",
        "get($env, 'result').n == 2 and 'isNaN' in $env and not ('x' in $env)", "::len([1]) == 1", "[1, 2] | map(# + 1) | sum() == 5", "1 + 2 | int() == 3",
        "let x = 2; let f = x * x; f == 4", "all([1], {let y = #; y == 1})", "map([[1, 2], [3]], let outer = #; sum(outer)) == [3, 3]", "1; true", "5 % -3 == 2 and -5 % 3 == -2",
        "-9223372036854775807 - 1 < 0 and (-9223372036854775807 - 1) % -1 == 0", "[nil] == [nil]", "[[1, [2.0]]] == [[1.0, [2]]]",
        "any(result.xs, # == 'a')", "count(result.xs, # == 1) == 1", "'\\101\\x41\\u{41}' == 'AAA'", "'\\ud800' == '\\ufffd'",
        "b'\\xff'[0] == 255", "len(b'é') == 2", "first(result.nothing) == nil and last(5 > 4 ? result.n : nil) == nil", "get(result.xs, -1) == 'a' and get(result.xs, 9) == nil",
        "result.s endsWith 'lo' and not (result.nothing contains 'x')", "find(result.xs, # == 7) == nil", "true ?: false", "result.nothing?.a.b?.c == nil",
    ]

    /// Lines without a value, and the message.
    static let mistakes: [(String, String)] = [
        ("result.xs[5]", "index out of range: 5 (array length is 3)"), ("result.xs[-5] == 1", "index out of range: -2 (array length is 3)"),
        ("result.xs['a'] == 1", "invalid operation: int(string)"), ("result.nothing.x.y == 1", "cannot fetch x from <nil>"), ("result.n.x == 1", "cannot fetch x from float64"),
        ("result.n && true || result.s", "interface conversion: interface {} is float64, not bool"), ("result.s < result.n", "invalid operation: string < float64"),
        ("sum(result.xs) > 0", "invalid operation: string + float64"), ("1 in result.n", "operator \"in\" not defined on float64"), ("asInt(result.xs)", "asInt() not supported on []interface {} [1 2 a]"),
        ("isNaN(result.nothing)", "interface conversion: interface {} is nil, not float64"), ("result.nope()", "invalid operation: cannot call nil"),
        ("result.xs[0](1)", "unexpected token Bracket(\"(\")"), ("1 == 'a'", "invalid operation: == (mismatched types int and string)"), ("1 in ['a']", "cannot use int as type string in array"),
        ("result + 1", "invalid operation: + (mismatched types map[string]interface {} and int)"), ("map(1..2, #acc)", "unknown pointer #acc"), ("#", "unexpected token Operator(\"#\")"),
        ("all(result.xs, # > 1; true)", "wrap predicate with brackets { and }"), ("result ?? 1 not in [2]", "Operator (in) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses."),
        ("let isNaN = 1; true", "cannot redeclare isNaN"), ("let map = 1; true", "cannot redeclare builtin map"), ("upper(1)", "cannot use int as argument (type string) to call upper "),
        ("sort([1], 'up')", "invalid order up, expected asc or desc"), ("1[0]", "unexpected token Bracket(\"[\")"), ("5 % (1 - 1)", "integer divide by zero"),
        ("'\\400'", "unable to unescape string"), ("b'\\u0041'", "unable to unescape string"), ("'\\u{110000}'", "unable to unescape string"), ("0b2", "bad number syntax: \"0b2\""),
        ("0x1.8", "invalid hex literal: strconv.ParseInt: parsing \"0x1.8\": invalid syntax"), ("a?", "unexpected token EOF"), ("\u{200B}", "unrecognized character: U+200B"),
        ("{in: 1}", "a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses (unexpected token Operator(\"in\"))"),
        ("take([1], -1)", "cannot take -1 elements"), ("{(1): 2}", "interface conversion: interface {} is int, not string"), ("keys(result.xs)", "cannot get keys from []interface {}"),
        ("result.x-y == 1", "unknown name y"), ("result[nil]", "cannot use unknown to get an element from map[string]interface {}"), ("-result.s == 1", "invalid operation: - string"),
    ]

    @Test(arguments: lines) func says(_ line: String) throws {
        #expect(try CompiledExpression(compiling: line, environment: .condition(result: .object)).evaluate(result: Self.json) == .bool(true))
    }

    @Test(arguments: mistakes.indices) func refuses(_ index: Int) {
        let (line, message) = Self.mistakes[index]
        let error = #expect(throws: ExpressionError.self, "\(line)") {
            _ = try CompiledExpression(compiling: line, environment: .condition(result: .object)).evaluate(result: Self.json)
        }
        #expect(error?.message == message, "\(line)")
    }
}
