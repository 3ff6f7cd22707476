import StrictJSON

/// Sends the requests of one case and keeps what came back.
actor ContractSession {
    nonisolated let namespace: String
    private let endpoint: any APIEndpoint
    private(set) var exchanges: [RecordedExchange] = []

    init(endpoint: any APIEndpoint, namespace: String) {
        self.endpoint = endpoint
        self.namespace = namespace
    }

    /// The collection of the contract's own kind with subresources, in the case's namespace.
    nonisolated var widgets: String { "/apis/contract.example.com/v1/namespaces/\(namespace)/widgets" }
    /// That of the kind without subresources.
    nonisolated var gadgets: String { "/apis/contract.example.com/v1/namespaces/\(namespace)/gadgets" }

    /// A collection of the core group in the case's namespace.
    nonisolated func core(_ plural: String) -> String { "/api/v1/namespaces/\(namespace)/\(plural)" }
    nonisolated func apps(_ plural: String) -> String { "/apis/apps/v1/namespaces/\(namespace)/\(plural)" }

    @discardableResult
    func get(_ target: String, accept: String = "application/json") async throws -> Exchange {
        try await send("GET", target, nil, headers: [("Accept", accept)])
    }

    /// Reads until the answer is as it should become, or for so long that it never will. Only the last answer is kept.
    @discardableResult
    func eventually(_ target: String, _ isDone: (Exchange) -> Bool) async throws -> Exchange {
        for _ in 0..<600 {
            let kept = exchanges.count
            let exchange = try await get(target)
            if isDone(exchange) { return exchange }
            guard try await endpoint.settle() else { return exchange }
            exchanges.removeLast(exchanges.count - kept)
        }
        return try await get(target)
    }

    @discardableResult
    func post(_ target: String, _ body: JSONValue) async throws -> Exchange { try await send("POST", target, body) }

    @discardableResult
    func put(_ target: String, _ body: JSONValue) async throws -> Exchange { try await send("PUT", target, body) }

    @discardableResult
    func merge(_ target: String, _ body: JSONValue) async throws -> Exchange {
        try await send("PATCH", target, body, type: "application/merge-patch+json")
    }

    @discardableResult
    func jsonPatch(_ target: String, _ body: JSONValue) async throws -> Exchange {
        try await send("PATCH", target, body, type: "application/json-patch+json")
    }

    @discardableResult
    func strategic(_ target: String, _ body: JSONValue) async throws -> Exchange {
        try await send("PATCH", target, body, type: "application/strategic-merge-patch+json")
    }

    @discardableResult
    func delete(_ target: String, _ options: JSONValue? = nil) async throws -> Exchange { try await send("DELETE", target, options) }

    @discardableResult
    func send(
        _ method: String, _ target: String, _ body: JSONValue?, type: String = "application/json", headers: [(String, String)] = []
    ) async throws -> Exchange {
        try await sendRaw(method, target, body?.serialized() ?? [], type: type, headers: headers)
    }

    @discardableResult
    func sendRaw(
        _ method: String, _ target: String, _ body: [UInt8], type: String = "application/json", headers: [(String, String)] = []
    ) async throws -> Exchange {
        var fields = headers.map { (name: $0.0, value: $0.1) }
        if !body.isEmpty { fields.append((name: "Content-Type", value: type)) }
        let answer = try await endpoint.send(method, target, headers: fields, body: body)
        let json = answer.body.isEmpty || method == "HEAD" ? JSONValue.null : (try? JSONValue(parsing: answer.body)) ?? .string(String(decoding: answer.body, as: UTF8.self))
        let exchange = Exchange(request: "\(method) \(target)", status: answer.status, json: json)
        exchanges.append(RecordedExchange(request: exchange.request, status: answer.status, answer: json))
        return exchange
    }

    /// Makes the server forget what was before.
    func forget() async throws { try await endpoint.forget() }

    /// The first `count` events of a watch.
    ///
    /// - Parameter isStart: they are what is there at the start of the watch, which comes in any order; they are told sorted by name.
    func watch(
        _ target: String, events count: Int, accept: String = "application/json", isStart: Bool = false
    ) async throws -> [JSONValue] {
        let lines = try await endpoint.lines(of: target, headers: [(name: "Accept", value: accept)], count: count)
        var events = try lines.map { try JSONValue(parsing: $0) }
        if isStart {
            func name(_ event: JSONValue) -> String { event.value(at: "object.metadata.name")?.stringValue ?? "" }
            events.sort { name($0) < name($1) }
        }
        exchanges += events.map { RecordedExchange(request: "WATCH \(target)", status: 200, answer: $0) }
        return events
    }
}

/// A request and what it was answered.
struct Exchange: Sendable {
    let request: String
    let status: Int
    let json: JSONValue

    /// The value at a path of member names and indexes, separated by dots.
    subscript(path: String) -> JSONValue? { json.value(at: path) }

    @discardableResult
    func expect(status wanted: Int) throws -> Exchange {
        guard status == wanted else {
            throw ContractViolation(description: "\(request): status \(status) instead of \(wanted): \(json.text())")
        }
        return self
    }

    /// - Parameter wanted: nil: nothing stands there.
    @discardableResult
    func expect(_ path: String, _ wanted: JSONValue?) throws -> Exchange {
        guard self[path] == wanted else {
            throw ContractViolation(
                description: "\(request): \(path) is \(self[path]?.text() ?? "absent") instead of \(wanted?.text() ?? "absent")")
        }
        return self
    }

    /// Expects a failure with a reason and its exact message.
    @discardableResult
    func expectFailure(_ code: Int, _ reason: String, _ message: String) throws -> Exchange {
        try expect(status: code).expect("kind", "Status").expect("status", "Failure").expect("code", JSONValue(code))
            .expect("reason", .string(reason)).expect("message", .string(message))
    }
}

extension JSONValue {
    /// The value at a path of member names and indexes, separated by dots; a dot in a name is written `\.`.
    func value(at path: String) -> JSONValue? {
        var names: [String] = [""]
        var rest = path[...]
        while let character = rest.popFirst() {
            if character == "\\", let next = rest.popFirst() { names[names.count - 1].append(next) }
            else if character == "." { names.append("") }
            else { names[names.count - 1].append(character) }
        }
        var value = self
        for name in names {
            guard let next = Int(name).flatMap({ value[$0] }) ?? value[name] else { return nil }
            value = next
        }
        return value
    }

    /// The object with a member set: for building the body of the next request from an answer.
    func with(_ path: String, _ value: JSONValue?) -> JSONValue {
        var copy = self
        copy.set(value, at: path.split(separator: ".").map(String.init))
        return copy
    }
}

func require(_ isTrue: Bool, _ message: @autoclosure () -> String) throws {
    if !isTrue { throw ContractViolation(description: message()) }
}
