import Clockwork
import StrictJSON

/// One aspect of an object's state, as conditions are written in every status.
public struct Condition: Sendable, Hashable {
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    public var reason: String
    public var message: String
    /// When `status` last changed.
    public var lastTransitionTime: Timestamp?
    /// When anything last changed; only the workload kinds and Rollouts have it.
    public var lastUpdateTime: Timestamp?
    /// The generation that the condition speaks of; only newer kinds have it.
    public var observedGeneration: Int64?

    /// A condition with the given members.
    public init(
        type: String, status: String, reason: String = "", message: String = "",
        lastTransitionTime: Timestamp? = nil, lastUpdateTime: Timestamp? = nil, observedGeneration: Int64? = nil
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.lastTransitionTime = lastTransitionTime
        self.lastUpdateTime = lastUpdateTime
        self.observedGeneration = observedGeneration
    }

    public var isTrue: Bool { status == "True" }
    public var isFalse: Bool { status == "False" }

    /// Reads one element of a list of conditions.
    public init(_ fields: FieldReader) throws(DecodeError) {
        self.init(
            type: try fields.string("type") ?? "", status: try fields.string("status") ?? "",
            reason: try fields.string("reason") ?? "", message: try fields.string("message") ?? "",
            lastTransitionTime: try fields.timestamp("lastTransitionTime"),
            lastUpdateTime: try fields.timestamp("lastUpdateTime"),
            observedGeneration: try fields.int("observedGeneration").map { Int64($0) })
    }

    /// As it stands in a status: times in whole seconds, absent members left out.
    public var json: JSONValue {
        var json: JSONValue = ["type": .string(type), "status": .string(status)]
        if !reason.isEmpty { json["reason"] = .string(reason) }
        if !message.isEmpty { json["message"] = .string(message) }
        if let lastTransitionTime { json["lastTransitionTime"] = .string(lastTransitionTime.rfc3339) }
        if let lastUpdateTime { json["lastUpdateTime"] = .string(lastUpdateTime.rfc3339) }
        if let observedGeneration { json["observedGeneration"] = .number(JSONNumber(observedGeneration)) }
        return json
    }

    /// Reads a list of conditions; none when absent.
    public static func list(_ field: FieldReader) throws(DecodeError) -> [Condition] {
        var conditions: [Condition] = []
        for element in try field.elements() { conditions.append(try Condition(element)) }
        return conditions
    }
}

extension Sequence<Condition> {
    /// The condition of this type.
    public func condition(_ type: String) -> Condition? { first { $0.type == type } }
}
