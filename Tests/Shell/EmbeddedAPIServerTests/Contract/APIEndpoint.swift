/// A Kubernetes API server as the contract suite sees it: in process, behind a port, or a real one.
public protocol APIEndpoint: Sendable {
    /// Sends one request and reads the whole answer.
    func send(_ method: String, _ target: String, headers: [(name: String, value: String)], body: [UInt8]) async throws -> RawAnswer

    /// Opens a watch and reads its first `count` lines, or fewer where it ends before.
    func lines(of target: String, headers: [(name: String, value: String)], count: Int) async throws -> [[UInt8]]

    /// Gives controllers beside the server time to do their work.
    ///
    /// - Returns: false where there are none, so that waiting changes nothing.
    func settle() async throws -> Bool

    /// Makes the server forget all versions before the current one.
    func forget() async throws
}

extension APIEndpoint {
    public func settle() async throws -> Bool { false }
}

/// What came back.
public struct RawAnswer: Sendable {
    public var status: Int
    public var body: [UInt8]

    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// One sentence of the contract and the requests that show it.
public struct ContractCase: Sendable, CustomStringConvertible {
    /// What holds.
    public let name: String
    /// The minor version of Kubernetes 1 from which it holds.
    public let since: Int
    let steps: @Sendable (ContractSession) async throws -> Void

    init(_ name: String, since: Int = 20, _ steps: @escaping @Sendable (ContractSession) async throws -> Void) {
        self.name = name
        self.since = since
        self.steps = steps
    }

    public var description: String { name }

    /// Runs the case in a namespace of its own.
    ///
    /// The definitions of `ContractDefinitions` must be there already.
    /// - Returns: what was asked and answered, normalised.
    /// - Throws: `ContractViolation`, or what the endpoint throws.
    public func run(on endpoint: some APIEndpoint, number: Int) async throws -> [String] {
        let session = ContractSession(endpoint: endpoint, namespace: "contract-\(number)")
        try await play(in: session)
        return await session.exchanges.map(\.normalisedText)
    }

    /// Runs the case and keeps what happened even where it breaks the contract, so that two servers can be compared.
    public func record(on endpoint: some APIEndpoint, number: Int) async -> ContractRecord {
        let session = ContractSession(endpoint: endpoint, namespace: "contract-\(number)")
        var violation: String?
        do {
            try await play(in: session)
        } catch {
            violation = "\(error)"
        }
        return ContractRecord(name: name, exchanges: await session.exchanges, violation: violation)
    }

    private func play(in session: ContractSession) async throws {
        try await session.post("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(session.namespace)]])
            .expect(status: 201)
        try await steps(session)
    }

    /// The whole contract.
    public static let all: [ContractCase] =
        createCases + updateCases + patchCases + statusCases + scaleCases + deleteCases + listCases + watchCases + definitionCases
        + discoveryCases + tableCases + requestCases + strategicCases + builtInCases + workloadCases + queryCases + matrixCases
}

/// The server did something else than the contract says.
public struct ContractViolation: Error, CustomStringConvertible {
    public var description: String
}
