import StrictJSON

/// What the API server was asked, as it writes it down itself before it answers.
struct AuditLog: Sendable {
    let path: String

    /// One finished request, or a watch that has begun.
    struct Entry: Sendable, CustomStringConvertible {
        var user: String
        var verb: String
        var resource: String
        var namespace: String
        var name: String
        var subresource: String
        var status: Int
        /// When it came, and when it was done; RFC 3339 with microseconds.
        var received: String
        var time: String

        var isWatch: Bool { verb == "watch" }
        var isWrite: Bool { ["create", "update", "patch", "delete", "deletecollection"].contains(verb) }
        var isOfLease: Bool { resource == "leases" }
        var description: String {
            "\(time) \(verb) \(resource)\(subresource.isEmpty ? "" : "/\(subresource)") \(namespace)/\(name) \(status)"
        }
    }

    /// A place in the log to read from later.
    var end: Int { readFile(path)?.count ?? 0 }

    /// Requests of `user` that were finished after `offset`.
    func requests(of user: String, since offset: Int) -> [Entry] { requests(of: [user], since: offset) }

    /// Each request is told once: when it is finished, a watch when it begins. One that was refused has no beginning.
    private func isTold(_ event: JSONValue) -> Bool {
        let isFinished: Bool = event["stage"]?.stringValue == "ResponseComplete"
        guard event["verb"]?.stringValue == "watch" else { return isFinished }
        return event["stage"]?.stringValue == "ResponseStarted" || isFinished && event.at("responseStatus", "code")?.intValue ?? 0 >= 400
    }

    /// Requests of any of these users, in the order in which they were finished.
    func requests(of users: Set<String>, since offset: Int) -> [Entry] {
        let bytes: [UInt8] = readFile(path, from: offset) ?? []
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            // The last line may be half written.
            guard let event = try? JSONValue(parsing: Array(line)), isTold(event), let user = event.at("user", "username")?.stringValue, users.contains(user) else { return nil }
            return Entry(
                user: user, verb: event["verb"]?.stringValue ?? "", resource: event.at("objectRef", "resource")?.stringValue ?? "",
                namespace: event.at("objectRef", "namespace")?.stringValue ?? "", name: event.at("objectRef", "name")?.stringValue ?? "",
                subresource: event.at("objectRef", "subresource")?.stringValue ?? "",
                status: event.at("responseStatus", "code")?.intValue ?? 0,
                received: event["requestReceivedTimestamp"]?.stringValue ?? "", time: event["stageTimestamp"]?.stringValue ?? "")
        }
    }
}

extension RealCluster {
    var audit: AuditLog { AuditLog(path: parts["AUDIT_LOG"] ?? "") }
}
