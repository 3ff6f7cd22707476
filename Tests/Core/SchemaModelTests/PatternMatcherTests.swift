@testable import SchemaModel
import Testing

@Suite("A pattern") struct PatternMatcherTests {
    static let label = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
    static let quantity = #"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"#
    static let origin = #"(^\*$)|(^(http(s)?):\/\/(((\*\.)?([a-zA-Z0-9\-]+\.)*[a-zA-Z0-9-]+|\*)(:([0-9]{1,5}))?)$)"#
    static let duration = "^([0-9]{1,5}(h|m|s|ms)){1,4}$"

    static let cases: [(pattern: String, text: String, matches: Bool)] = [
        (label, "a", true), (label, "a-b", true), (label, "-a", false), (label, "a-", false), (label, "", false), (label, "A", false),
        (quantity, "100m", true), (quantity, "1.5Gi", true), (quantity, "-.5e+3", true), (quantity, "1.5.5", false), (quantity, "m", false),
        (origin, "*", true), (origin, "https://*.example.com:8443", true), (origin, "ftp://example.com", false), (origin, "http://a:123456", false),
        (duration, "1h30m", true), (duration, "500ms", true), (duration, "1h2m3s4ms5s", false), (duration, "123456s", false), (duration, "", false),
        ("b", "abc", true), ("^b", "abc", false), ("a|^$", "", true), ("^(a*)*$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false),
        (#"^\d+\s\w$"#, "12 x", true), (#"^\D\S\W$"#, "1 x", false), ("^[^a-c]$", "d", true), ("^[^a-c]$", "b", false), ("^[]a]$", "]", true),
        ("^[a-]$", "-", true), (#"^[\d.]+$"#, "1.2", true), (#"^[\-.^_\x60|~]+$"#, "`^", true), ("^ä.$", "äö", true), ("^.$", "\n", false),
        ("^a{2}$", "aa", true), ("^a{2,}$", "a", false), ("^a{0,1}$", "aa", false), ("^(?:ab)+?$", "abab", true), ("^a||b$", "x", true),
    ]

    @Test("matches as a regular expression does", arguments: cases) func matches(_ c: (pattern: String, text: String, matches: Bool)) throws {
        let matcher = try #require(PatternMatcher(c.pattern))
        #expect(matcher.matches(c.text) == c.matches, "\(c.pattern) on \(c.text)")
    }

    @Test("with constructs that are not known is not read", arguments: ["(?i)a", "(a", "a)", "[a", "*", "a**", "a{2", "a{3,2}", "a{99999}", #"\b"#, #"\1"#, "[[:alpha:]]", #"\"#])
    func gaveUp(_ pattern: String) {
        #expect(PatternMatcher(pattern) == nil)
    }

    @Test("nested beyond reason is not read") func depth() {
        #expect(PatternMatcher(String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000)) == nil)
        #expect(PatternMatcher("((((a{1000}){1000}){1000}){1000})") == nil)
    }

    static let times: [(String, Bool)] = [
        ("2026-03-01T10:00:00Z", true), ("2026-03-01t10:00:00z", true), ("2026-03-01T10:00:00.123456Z", true), ("2026-03-01T10:00:00+02:00", true),
        ("2024-02-29T00:00:00Z", true), ("2026-02-29T00:00:00Z", false), ("2026-13-01T00:00:00Z", false), ("2026-03-01T24:00:00Z", false),
        ("2026-03-01T10:00:00", false), ("2026-03-01 10:00:00Z", false), ("2026-03-01T10:00:00.Z", false), ("2026-03-01T10:00:00+0200", false),
        ("2026-03-01T10:60:00Z", false), ("", false), ("2026-03-01T10:00:00ZZ", false), ("20a6-03-01T10:00:00Z", false),
    ]

    @Test("of times", arguments: times) func time(_ c: (String, Bool)) {
        #expect(DateTimeFormat.matches(c.0) == c.1, "\(c.0)")
    }
}
