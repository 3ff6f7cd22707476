import APIContract
import Clockwork
import ControllerKit
import EmbeddedAPIServer
import StrictJSON
import Testing

/// One contract, two servers: what the embedded server answers is what a real one answers.
@Suite("EndToEnd: the contract on a real API server", .serialized) struct ContractComparisonTests {
    @Test("the embedded server and the real one give the same answers") func sameAnswers() async throws {
        let embedded = EmbeddedEndpoint(
            server: try EmbeddedAPIServer(clock: SystemClock(), random: SeededGenerator(seed: 1), definitions: ContractDefinitions.all))
        try await ControlPlane.running { plane in
            for definition in ContractDefinitions.all {
                let answer: RawAnswer = try await plane.endpoint.send(
                    "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", headers: [("Content-Type", "application/json")],
                    body: definition.serialized())
                try #require(answer.status == 201, "\(String(decoding: answer.body, as: UTF8.self))")
            }
            try await awaitDefinitions(on: plane.endpoint)
            let minor: Int = plane.parts["SERVER_VERSION"]?.split(separator: ".").dropFirst().first.flatMap { Int($0) } ?? 0
            var comparisons: [ContractComparison] = []
            var newer: [String] = []
            var exchanges = 0
            func compare(_ cases: [ContractCase], from start: Int) async {
                for (number, contract) in cases.enumerated() {
                    guard contract.since <= minor else {
                        newer.append(contract.name)
                        continue
                    }
                    let ours: ContractRecord = await contract.record(on: embedded, number: start + number)
                    let theirs: ContractRecord = await contract.record(on: plane.endpoint, number: start + number)
                    exchanges += theirs.exchanges.count
                    comparisons.append(ContractComparison(ours, theirs))
                }
            }
            // Garbage is collected by a controller; everything else is quieter without any.
            await compare(garbageCases, from: 1000)
            try plane.endControllers()
            await compare(ContractCase.all, from: 0)

            // Cases of the matrix begin with their kind; the others stand together.
            let groups: [String: [ContractComparison]] = Dictionary(grouping: comparisons) { comparison in
                comparison.name.split(separator: ": ", maxSplits: 1).count == 2 && !comparison.name.hasPrefix("label")
                    ? String(comparison.name.prefix { $0 != ":" }) : "other rules"
            }
            for (group, members) in groups.sorted(by: { $0.key < $1.key }) {
                print("contract: \(group): \(members.count) cases, \(members.filter(\.isEqual).count) equal")
            }
            let equal: Int = comparisons.filter(\.isEqual).count
            print("""
                contract: \(comparisons.count) cases with \(exchanges) answers on the embedded server and on kube-apiserver \
                \(plane.parts["SERVER_VERSION"] ?? ""): \(equal) equal
                contract: not asked, since the real server is too old: \(newer.isEmpty ? "none" : newer.joined(separator: "; "))
                contract: refused by the embedded server: \(ContractRefusal.all.map(\.description).joined(separator: "; "))
                contract: not compared: \(ServerDifference.all.map(\.reason).joined(separator: "; "))
                """)
            for comparison in comparisons where !comparison.isEqual {
                Issue.record("\(comparison.name):\n  \(comparison.differences.joined(separator: "\n  "))")
            }
            #expect(comparisons.count >= 220)
            for refusal in ContractRefusal.all {
                let answer: RawAnswer = try await embedded.send(
                    refusal.method, refusal.target, headers: refusal.headers, body: Array(refusal.body.utf8))
                #expect(answer.status == refusal.status, "\(refusal)")
            }
        }
    }

    /// A definition is served some time after it was stored.
    private func awaitDefinitions(on endpoint: RealEndpoint) async throws {
        for plural in ["widgets", "gadgets"] {
            for attempt in 0... {
                let answer: RawAnswer = try await endpoint.send(
                    "GET", "/apis/contract.example.com/v1/\(plural)", headers: [("Accept", "application/json")], body: [])
                if answer.status == 200 { break }
                try #require(attempt < 300, "\(plural) are not served: \(String(decoding: answer.body, as: UTF8.self))")
                _ = try await endpoint.settle()
            }
        }
    }
}
