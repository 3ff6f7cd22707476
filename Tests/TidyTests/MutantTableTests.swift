import FoundationEssentials
import Safety
import Testing

/// The rules of `SafetyGuard`, where they are kept, and which test misses them: `make mutants` shows that it does.
@Suite("A safety rule") struct MutantTableTests {
    /// The lines of `Tests/Mutants/guards.txt`: a rule and its tests.
    private static func table() throws -> [(rule: String, tests: [String])] {
        try String(contentsOfFile: "\(SourceTree.root)/Tests/Mutants/guards.txt", encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .map { line in
                let words: [String] = line.split(separator: " ").map(String.init)
                return (words[0], Array(words.dropFirst()))
            }
    }

    @Test("has a test that turns red without it") func hasTest() throws {
        let table = try Self.table()
        #expect(table.map(\.rule).sorted() == SafetyGuard.allCases.map(\.rawValue).sorted())
        for entry in table where entry.tests.isEmpty { Issue.record("Tests/Mutants/guards.txt: \(entry.rule) has no test") }
        let names: [String] = try SourceTree.swiftFiles(below: "Tests").flatMap(\.code)
            .flatMap { $0.split(separator: " ").filter { $0.contains("(") }.map { String($0.prefix { $0 != "(" && $0 != "<" }) } }
        let known: Set<String> = Set(names)
        for entry in table {
            for test in entry.tests where !known.contains(test.split(separator: "/").last.map(String.init) ?? "") {
                Issue.record("Tests/Mutants/guards.txt: \(entry.rule) names \(test), which is not there")
            }
        }
    }

    @Test("is kept somewhere") func isKept() throws {
        let code: String = try SourceTree.swiftFiles(below: "Sources").flatMap(\.code).joined(separator: "\n")
        for rule in SafetyGuard.allCases where !code.contains(".have(.\(rule.rawValue))") {
            Issue.record("nothing in Sources asks guards.have(.\(rule.rawValue))")
        }
    }

    @Test("holds in production, whatever flags, variables or requests say") func holdsInProduction() throws {
        var offences: [String] = []
        for file in try SourceTree.swiftFiles(below: "Sources") where file.module != "Safety" {
            let code: [String] = file.code
            for (number, line) in file.lines.enumerated() where code[number].contains("SafetyGuards(") || line.contains("SLUICE_MUTANT") {
                offences.append("\(file.path):\(number + 1): \(line.drop { $0 == " " })")
            }
        }
        #expect(offences.isEmpty, "only tests take a rule out:\n\(offences.joined(separator: "\n"))")
    }
}
