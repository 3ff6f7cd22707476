import Clockwork
import StrictJSON

/// A client asked for rows and columns instead of objects.
struct TableForm: Sendable {
    /// `v1`, or `v1beta1` for old clients; the two look the same.
    var version: String
    /// What a row carries beside its cells: `None`, `Metadata` or `Object`.
    var includeObject: String
}

extension APIMachine {
    /// An object or a list as `kubectl get` shows it.
    func tabulated(_ object: JSONValue, _ definition: ServedResource, _ form: TableForm, withColumns: Bool = true) -> JSONValue {
        let isList = object["items"]?.arrayValue != nil
        let rows = isList ? object["items"]?.arrayValue ?? [] : [object]
        let name = TableColumn(
            name: "Name", type: "string", format: "name",
            description: Self.nameDescription, source: .computed { .string($0.name) })
        let columns = definition.storage == .events ? definition.columns : [name] + definition.columns
        var metadata = JSONObject()
        for member in isList ? ["resourceVersion", "continue", "remainingItemCount"] : ["resourceVersion"] {
            let value = object["metadata"]?[member]
            if value != "" { metadata[member] = value }
        }
        return [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(form.version)"), "metadata": .object(metadata),
            "columnDefinitions": withColumns ? .array(columns.map(Self.json)) : .null,
            "rows": .array(rows.map { row in
                var json: JSONObject = ["cells": .array(columns.map { cell($0, row, absent: definition.isCustom ? .null : "<none>") })]
                switch form.includeObject {
                case "None": break
                case "Object": json["object"] = row
                default:
                    json["object"] = [
                        "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(form.version)"), "metadata": row["metadata"] ?? [:],
                    ]
                }
                return .object(json)
            }),
        ]
    }

    private static let nameDescription =
        "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to "
        + "request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and "
        + "configuration definition. Cannot be updated. More info: http://kubernetes.io/docs/user-guide/identifiers#names"

    private static func json(_ column: TableColumn) -> JSONValue {
        [
            "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
            "description": .string(column.description), "priority": JSONValue(column.priority),
        ]
    }

    /// - Parameter absent: what stands for a text that is not there. The real server's printers of built-in kinds say `<none>`.
    private func cell(_ column: TableColumn, _ object: JSONValue, absent: JSONValue) -> JSONValue {
        let value: JSONValue
        switch column.source {
        case .timed(let compute): return compute(object, now)
        case .computed(let compute):
            value = compute(object)
            // Some are numbers in columns of texts.
            if column.type == "string", !value.isNull { return value }
        case .path(let path):
            let values = path.values(in: object)
            guard let first = values.first else { return column.type == "string" ? absent : .null }
            value = values.count > 1 && column.type == "string" ? .string(values.map { $0.stringValue ?? $0.text() }.joined(separator: ",")) : first
        }
        switch column.isTime ? "date" : column.type {
        case "date":
            guard let text = value.stringValue else { return value.isNull ? .null : "<unknown>" }
            guard let time = try? Timestamp(rfc3339: text) else { return "<invalid>" }   // what the real server prints for such a date
            return .string(Age.text(time.duration(to: now)))
        case "string": return value.isNull ? .null : .string(value.stringValue ?? value.text())
        default: return value
        }
    }
}

enum Age {
    /// A duration as `kubectl` prints ages: two units at most, and only where the first one is small.
    static func text(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s" }
        if minutes < 180 { return "\(minutes)m" }
        let hours = minutes / 60
        if hours < 8 { return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m" }
        if hours < 48 { return "\(hours)h" }
        let days = hours / 24
        if days < 8 { return hours % 24 == 0 ? "\(days)d" : "\(days)d\(hours % 24)h" }
        if days < 730 { return "\(days)d" }
        let years = days / 365
        if years < 8 { return days % 365 == 0 ? "\(years)y" : "\(years)y\(days % 365)d" }
        return "\(years)y"
    }
}
