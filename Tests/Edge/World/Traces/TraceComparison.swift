import StrictJSON

/// What was recorded of the reference.
package struct RecordedTrace: Sendable {
    /// As in `PlayedTrace`.
    package var values: [String: [String]] = [:]
    package var final: [String: String] = [:]

    package init(json: JSONValue) {
        for entry in json["entries"]?.arrayValue ?? [] {
            for (path, value) in entry["set"]?.objectValue ?? [:] { values[path, default: []].append(Self.text(value)) }
        }
        for (path, value) in json["final"]?.objectValue ?? [:] { final[path] = Self.text(value) }
    }

    private static func text(_ value: JSONValue) -> String { value == .null ? "" : value.stringValue ?? value.text() }
}

/// One path that went another way.
package struct TraceDifference: Sendable, Hashable, CustomStringConvertible {
    package var path: String
    package var theirs: [String]
    package var ours: [String]
    package var isFinal: Bool

    package var description: String {
        isFinal ? "\(path) ends as \(ours.joined()), theirs as \(theirs.joined())" : "\(path)\n    theirs \(Self.text(theirs))\n    ours   \(Self.text(ours))"
    }

    private static func text(_ values: [String]) -> String { values.map { $0.isEmpty ? "-" : $0 }.joined(separator: " → ") }
}

/// Recorded beside played.
package enum TraceComparison {
    /// Paths whose values have to come in the same order: what users and their tools steer by.
    package static func isOrdered(_ path: String) -> Bool {
        let parts: [Substring] = path.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return false }
        let member: Substring = parts[1]
        switch parts[0] {
        case "ro":
            let name: Substring = member.drop { $0 != "." }.dropFirst()
            return ["phase", "step", "abort", "pause", "promoteFull", "current", "stable", "active", "preview", "revision"].contains(String(name))
        case "rs": return member.hasSuffix(".spec")
        case "svc": return !member.contains(".managedBy")
        case "rt": return !member.hasSuffix(".labels")
        case "ar": return !member.contains(".mmsg.") && !member.contains(".counts.")
        default: return false
        }
    }

    /// Paths that traces have and the player does not tell of.
    private static func isTold(_ path: String) -> Bool {
        for end in [".meta", ".labels", ".observed", ".verified", ".restartAt", ".experiment", ".workloadSeen"] where path.hasSuffix(end) { return false }
        return !path.hasPrefix("ex/") && !path.hasPrefix("deploy/") && !path.hasPrefix("rs/app-")
    }

    package static func differences(_ theirs: RecordedTrace, _ ours: PlayedTrace) -> [TraceDifference] {
        var differences: [TraceDifference] = []
        for path in Set(theirs.values.keys).union(ours.values.keys).sorted() where isOrdered(path) && isTold(path) && !isBystander(path, theirs) {
            let (left, right) = (distinct(theirs.values[path] ?? [], path), distinct(ours.values[path] ?? [], path))
            if left != right { differences.append(TraceDifference(path: path, theirs: left, ours: right, isFinal: false)) }
        }
        let last: [String: String] = ours.values.compactMapValues(\.last)
        for path in Set(theirs.final.keys).union(last.keys).sorted() where isTold(path) && !isBystander(path, theirs) {
            let usual: String = TracePlayer.usual(path)
            let (left, right) = (theirs.final[path] ?? usual, last[path] ?? usual)
            if left != right { differences.append(TraceDifference(path: path, theirs: [left], ours: [right], isFinal: true)) }
        }
        return differences
    }

    /// A Service that is there for our gateway alone.
    private static func isBystander(_ path: String, _ theirs: RecordedTrace) -> Bool { path.hasPrefix("svc/") && theirs.values[path] == nil }

    /// Without what it begins with unwritten, and without repetitions.
    private static func distinct(_ values: [String], _ path: String) -> [String] {
        var seen: [String] = []
        for value in values where (seen.last ?? TracePlayer.usual(path)) != value { seen.append(value) }
        return seen
    }
}
