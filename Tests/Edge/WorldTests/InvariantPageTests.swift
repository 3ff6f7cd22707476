import FoundationEssentials
import Testing
import World

@Suite("The page about invariants") struct InvariantPageTests {
    @Test("says each of them in words, and no other") func complete() throws {
        let page: String = String(decoding: try Data(contentsOf: URL(filePath: "\(World.root)/docs/invariants.md")), as: UTF8.self)
        let told: [String] = page.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("| `") else { return nil }
            return line.dropFirst(3).split(separator: "`").first.map(String.init)
        }
        #expect(told.sorted() == Invariant.allCases.map(\.rawValue).sorted())
        let (writes, rest) = (told.prefix { Invariant(rawValue: $0)?.isAtRest == false }, told.drop { Invariant(rawValue: $0)?.isAtRest == false })
        #expect(!writes.isEmpty && rest.allSatisfy { Invariant(rawValue: $0)?.isAtRest == true }, "those at rest come last")
    }
}
