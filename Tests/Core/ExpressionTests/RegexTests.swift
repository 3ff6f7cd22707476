import Clockwork
import Testing
@testable import Expression

@Suite("Patterns in RE2's syntax") struct RegexTests {
    @Test("match where RE2 says so", arguments: [
        ("", "", true), ("", "x", true), ("a", "", false), ("^heal", "healthy", true), ("^un", "healthy", false), ("^2..$", "200", true),
        ("a.b", "a\nb", false), ("(?s)a.b", "a\nb", true), ("(?i)foo", "FOO", true), ("(?i:f)oo", "FOO", false), ("(?i)k", "\u{212A}", true),
        ("a|b|", "c", true), ("^(a|b)+$", "abba", true), ("^a{2}$", "aa", true), ("^a{2}$", "aaa", false), ("^a{2,}$", "aaaa", true),
        ("^a{1,3}$", "aaaa", false), ("a{,2}", "a{,2}", true), ("^[a-c]+$", "abc", true), ("^[^a-c]+$", "xyz", true), ("[]a]", "]", true),
        ("[a-]", "-", true), ("^[[:alpha:]]+$", "aZ", true), ("^[[:^alpha:]]+$", "09", true), (#"^\d+\.\d$"#, "12.5", true), (#"\D"#, "12", false),
        (#"^\pL+$"#, "äß", true), (#"^\p{Lu}$"#, "Ä", true), (#"^\P{Lu}$"#, "Ä", false), (#"\bfoo\b"#, "a foo b", true), (#"\bfoo\b"#, "afoo", false),
        (#"\Bo"#, "foo", true), ("(?m)^b$", "a\nb\nc", true), ("^b$", "a\nb\nc", false), (#"\Qa.b\E"#, "a.b", true), (#"\Qa.b\E"#, "axb", false),
        (#"\x41\x{42}"#, "AB", true), (#"\101"#, "A", true), ("a*?b", "aab", true), ("(?P<n>a)(?<m>b)", "ab", true), ("x*", "", true), ("^(a*)*$", "aaaa", true),
        ("(|a)+b", "aab", true), ("^$", "", true), ("[^\\n]", "\n", false), ("(?U)a+", "a", true), ("(?-s).", "\n", false),
    ] as [(String, String, Bool)])
    func matching(_ pattern: String, _ text: String, _ expected: Bool) throws {
        #expect(try RegexPattern(pattern).matches(text) == expected)
    }

    @Test("are refused in RE2's words", arguments: [
        ("(", "missing closing ): `(`"), ("a)", "unexpected ): `a)`"), ("[", "missing closing ]: `[`"), ("[a", "missing closing ]: `[a`"),
        ("*", "missing argument to repetition operator: `*`"), ("a|*", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"), ("[z-a]", "invalid character class range: `z-a`"), (#"\"#, "trailing backslash at end of expression: ``"),
        (#"\y"#, #"invalid escape sequence: `\y`"#), (#"\1"#, #"invalid escape sequence: `\1`"#), ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("a{1001}", "invalid repeat count: `{1001}`"), ("a{2,1}", "invalid repeat count: `{2,1}`"), ("(?P<n)a", "invalid named capture: `(?P<n)a`"),
        (#"\pX"#, #"invalid character class range: `\pX`"#), ("[[:word:]-z]x[[:no:]]", "invalid character class range: `[:no:]`"),
    ]) func refusal(_ pattern: String, _ message: String) {
        #expect(throws: RegexProblem.self) { try RegexPattern(pattern) }
        do { _ = try RegexPattern(pattern) } catch { #expect(error.message == "error parsing regexp: \(message)") }
    }

    @Test("that would take other matchers for ever take steps in proportion to the text", arguments: ["(a*)*b", "(a|aa)+$b", "(a|a?)+b", "^(a+)+$b", "(.*)(.*)(.*)(.*)b"])
    func catastrophic(_ pattern: String) throws {
        func steps(_ length: Int) throws -> Int {
            var budget = Budget(ExpressionLimits())
            let before: Int = budget.steps
            _ = try RegexPattern(pattern).isFound(in: Array(repeating: UInt8(ascii: "a"), count: length), &budget)
            return before - budget.steps
        }
        let (short, long): (Int, Int) = (try steps(1_000), try steps(10_000))
        #expect(long <= 11 * short && long < 1_000_000)
    }

    @Test("that are too large or too deep are refused") func limits() {
        #expect(throws: RegexProblem.self) { try RegexPattern("((a{100}){100}){100}") }
        #expect(throws: RegexProblem.self) { try RegexPattern(String(repeating: "(", count: 5_000) + String(repeating: ")", count: 5_000)) }
        #expect(throws: RegexProblem.self) { try RegexPattern(String(repeating: #"(\pL{1000})"#, count: 60)) }
    }

    /// Says the same by trying everything, for patterns and texts of a few letters.
    private static func tries(_ piece: RegexPiece, _ text: [Unicode.Scalar], _ place: Int, _ fuel: inout Int) -> Set<Int> {
        fuel -= 1
        guard fuel > 0 else { return [] }
        switch piece {
        case .empty: return [place]
        case .character(let set): return place < text.count && set.contains(text[place]) ? [place + 1] : []
        case .assertion(.textBegin): return place == 0 ? [0] : []
        case .assertion: return place == text.count ? [place] : []
        case .sequence(let parts):
            var places: Set<Int> = [place]
            for part in parts { places = places.reduce(into: []) { $0.formUnion(tries(part, text, $1, &fuel)) } }
            return places
        case .choice(let parts): return parts.reduce(into: []) { $0.formUnion(tries($1, text, place, &fuel)) }
        case .repeated(let part, let least, let most):
            var (places, all): (Set<Int>, Set<Int>) = ([place], least == 0 ? [place] : [])
            for count in 1...max(1, min(most ?? 8, 8)) where most != 0 {
                places = places.reduce(into: []) { $0.formUnion(tries(part, text, $1, &fuel)) }
                if count >= least { all.formUnion(places) }
            }
            return all
        }
    }

    @Test("agree with a matcher that tries everything", arguments: 0..<200 as Range<UInt64>) func agreement(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let atoms: [String] = ["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab|)", "^", "$", "|"]
        var pattern = ""
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            pattern += atoms.randomElement(using: &random)!
            if !"^$|".contains(pattern.last!) { pattern += ["", "", "*", "+", "?", "{2}", "{1,2}"].randomElement(using: &random)! }
        }
        var parser = RegexParser(pattern)
        let piece: RegexPiece = try parser.parse()
        let compiled = try RegexPattern(pattern)
        for _ in 0..<20 {
            let text = String((0..<Int.random(in: 0...5, using: &random)).map { _ in "abc".randomElement(using: &random)! })
            let scalars = Array(text.unicodeScalars)
            var fuel = 20_000
            let expected: Bool = (0...scalars.count).contains { !Self.tries(piece, scalars, $0, &fuel).isEmpty }
            guard fuel > 0 else { continue }
            #expect(compiled.matches(text) == expected, "seed \(seed): \(pattern) on \(text)")
        }
    }
}
