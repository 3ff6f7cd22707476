import Clockwork
import KubeModel
import StrictJSON

/// The types of built-in kinds, by which their objects are read and written as the real server's do it.
///
/// Members that a type does not have are dropped, values of a wrong type refused, and what is written follows the types too: some
/// members stand in each answer though nobody set them, others vanish when they are empty.
struct BuiltInType: Sendable {
    var name: String
    var fields: [Field]

    struct Field: Sendable {
        var name: String
        var shape: Shape
        /// Whether it is written even when it is empty.
        var isAlwaysWritten: Bool
        /// How a strategic merge patch tells the elements of a list apart; nil: it replaces the list.
        var merging: Merging?
        /// Whether a client's patch names the members that stay.
        var retainsKeys = false
    }

    enum Merging: Sendable, Equatable {
        /// By this member.
        case key(String)
        /// Each value is there once.
        case values
    }

    indirect enum Shape: Sendable {
        case string, bool, int32, int64, number, bytes, time, microTime, quantity, intOrString
        /// Any JSON.
        case any
        /// Known and never kept.
        case dropped
        /// Position in `BuiltInTypes.all`.
        case structure(Int)
        case pointer(Shape)
        case list(Shape)
        case map(Shape)
    }

    func field(_ name: String) -> Field? { fields.first { $0.name == name } }
}

/// All of them, read once from the table.
enum BuiltInTypes {
    static let all: [BuiltInType] = parse(builtInTypeTable)

    private static let positions: [String: Int] = Dictionary(
        uniqueKeysWithValues: all.enumerated().map { ($0.element.name, $0.offset) })

    /// The type of a kind; nil for custom kinds, and for definitions, which are kept as they are.
    static func type(of kind: ServedResource) -> BuiltInType? {
        guard !kind.isCustom else { return nil }
        return named(kind.group == "events.k8s.io" ? "EventsEvent" : kind.kind)
    }

    static func named(_ name: String) -> BuiltInType? { positions[name].map { all[$0] } }

    private static func parse(_ table: String) -> [BuiltInType] {
        // Indented lines go on with the type above them.
        var texts: [[Substring]] = []
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.first == " ", !texts.isEmpty { texts[texts.count - 1] += words } else { texts.append(words) }
        }
        let numbers = Dictionary(uniqueKeysWithValues: texts.enumerated().map { (String($0.element[0]), $0.offset) })
        return texts.map { words in
            BuiltInType(name: String(words[0]), fields: words.dropFirst().map { field($0, numbers) })
        }
    }

    private static func field(_ text: Substring, _ numbers: [String: Int]) -> BuiltInType.Field {
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        var rest = text[colon...].dropFirst()
        let retainsKeys = rest.last == "^"
        if retainsKeys { rest.removeLast() }
        var merging: BuiltInType.Merging?
        if let at = rest.firstIndex(of: "@") {
            let key = rest[rest.index(after: at)...]
            merging = key.isEmpty ? .values : .key(String(key))
            rest = rest[..<at]
        }
        let isAlwaysWritten = rest.last == "!"
        if isAlwaysWritten { rest.removeLast() }
        return BuiltInType.Field(
            name: String(text[..<colon]), shape: shape(rest, numbers), isAlwaysWritten: isAlwaysWritten, merging: merging,
            retainsKeys: retainsKeys)
    }

    private static func shape(_ text: Substring, _ numbers: [String: Int]) -> BuiltInType.Shape {
        switch text.first {
        case "*": return .pointer(shape(text.dropFirst(), numbers))
        case "[": return .list(shape(text.dropFirst().dropLast(), numbers))
        case "{": return .map(shape(text.dropFirst().dropLast(), numbers))
        default: break
        }
        let simple: [Substring: BuiltInType.Shape] = [
            "string": .string, "bool": .bool, "int32": .int32, "int64": .int64, "number": .number, "bytes": .bytes, "Time": .time,
            "MicroTime": .microTime, "Quantity": .quantity, "IntOrString": .intOrString, "object": .any, "dropped": .dropped,
        ]
        if let shape = simple[text] { return shape }
        guard let number = numbers[String(text)] else { preconditionFailure("the table of built-in types lacks \(text)") }
        return .structure(number)
    }
}

/// Reads JSON by a type, and writes it as the real server would.
struct BuiltInReader {
    /// Paths of members that the types do not have.
    private(set) var unknown: [String] = []

    /// A value of a wrong type.
    struct Mismatch: Error {
        /// In the words of Go's decoder.
        var message: String
    }

    /// The members of `object` that `type` has, as they are written.
    mutating func read(_ object: JSONObject, as type: BuiltInType, at path: String = "") throws(Mismatch) -> JSONObject {
        var result = JSONObject()
        var known = 0
        for field in type.fields {
            let value = object[field.name]
            if value != nil { known += 1 }
            let place = Place(path: path.isEmpty ? field.name : "\(path).\(field.name)", owner: type.name)
            if let value, let written = try read(value, as: field.shape, place) {
                result[field.name] = written
            } else if field.isAlwaysWritten {
                result[field.name] = Self.zero(field.shape)
            } else {
                switch field.shape {
                case .structure, .time, .microTime: result[field.name] = Self.zero(field.shape)
                default: break
                }
            }
        }
        if known < object.count {
            for key in object.keys where type.field(key) == nil { unknown.append(path.isEmpty ? key : "\(path).\(key)") }
        }
        return result
    }

    /// Where a value stands, for messages.
    private struct Place {
        var path: String
        /// The type that has the member.
        var owner: String
    }

    /// - Returns: nil where the value is the empty one of its type.
    private mutating func read(_ value: JSONValue, as shape: BuiltInType.Shape, _ place: Place) throws(Mismatch) -> JSONValue? {
        if value.isNull { return .none }
        switch shape {
        case .dropped: return .none
        case .any: return value
        case .pointer(let inner):
            if let written = try read(value, as: inner, place) { return written }
            return Self.zero(inner)
        case .structure(let number):
            guard let members = value.objectValue else { throw mismatch(value, BuiltInTypes.all[number].name, place) }
            return .object(try read(members, as: BuiltInTypes.all[number], at: place.path))
        case .list(let element):
            guard let elements = value.arrayValue else { throw mismatch(value, "[]\(Self.goName(element))", place) }
            if elements.isEmpty { return .none }
            var result: [JSONValue] = []
            result.reserveCapacity(elements.count)
            for (index, item) in elements.enumerated() {
                let at = Place(path: "\(place.path)[\(index)]", owner: place.owner)
                result.append(try read(item, as: element, at) ?? Self.zero(element))
            }
            return .array(result)
        case .map(let element):
            guard let members = value.objectValue else { throw mismatch(value, "map[string]\(Self.goName(element))", place) }
            if members.isEmpty { return .none }
            var result = JSONObject()
            for (key, item) in members {
                let at = Place(path: "\(place.path).\(key)", owner: place.owner)
                result[key] = try read(item, as: element, at) ?? Self.zero(element)
            }
            return .object(result)
        default: return try scalar(value, as: shape, place)
        }
    }

    private func scalar(_ value: JSONValue, as shape: BuiltInType.Shape, _ place: Place) throws(Mismatch) -> JSONValue? {
        let name = Self.goName(shape)
        switch shape {
        case .bool:
            guard let truth = value.boolValue else { throw mismatch(value, name, place) }
            return truth ? value : .none
        case .int32, .int64:
            guard let number = value.int64Value, case .number = value, shape.holds(number) else { throw mismatch(value, name, place) }
            return number == 0 ? .none : JSONValue(Int(number))
        case .number:
            guard case .number = value else { throw mismatch(value, name, place) }
            return value.doubleValue == 0 ? .none : value
        case .intOrString:
            if let number = value.int64Value, case .number = value, BuiltInType.Shape.int32.holds(number) { return JSONValue(Int(number)) }
            guard value.stringValue != nil else { throw mismatch(value, name, place) }
            return value
        case .quantity:
            guard let quantity = Quantity(json: value) else {
                throw Mismatch(message: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
            }
            return .string(quantity.servedText)
        case .bytes:
            guard let text = value.stringValue else { throw mismatch(value, "[]uint8", place) }
            guard isBase64(text) else { throw Mismatch(message: "illegal base64 data in \(place.path)") }
            return text.isEmpty ? .none : value
        case .time, .microTime:
            guard let text = value.stringValue else { throw mismatch(value, name, place) }
            if text.isEmpty { return .none }
            do {
                let time = try Timestamp(rfc3339: text)
                if case .microTime = shape { return .string(time.rfc3339Micro) }
                return .string(time.rfc3339)
            } catch {
                throw Mismatch(message: "parsing time \"\(text)\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \(place.path)")
            }
        default:
            guard let text = value.stringValue else { throw mismatch(value, name, place) }
            return text.isEmpty ? .none : value
        }
    }

    private func mismatch(_ value: JSONValue, _ type: String, _ place: Place) -> Mismatch {
        Mismatch(message: "json: cannot unmarshal \(value.kindName) into Go struct field \(place.owner).\(place.path) of type \(type)")
    }

    /// The empty value of a type as it is written.
    private static func zero(_ shape: BuiltInType.Shape) -> JSONValue {
        switch shape {
        case .string, .bytes: return ""
        case .bool: return false
        case .int32, .int64, .number, .intOrString: return 0
        case .quantity: return "0"
        case .time, .microTime, .pointer, .list, .map, .any, .dropped: return .null
        case .structure(let number): return .object(empty(BuiltInTypes.all[number]))
        }
    }

    /// What is written of a value of `type` in which nothing is set.
    static func empty(_ type: BuiltInType) -> JSONObject {
        var result = JSONObject()
        for field in type.fields {
            switch field.shape {
            case .structure, .time, .microTime: result[field.name] = zero(field.shape)
            default: if field.isAlwaysWritten { result[field.name] = zero(field.shape) }
            }
        }
        return result
    }

    private static func goName(_ shape: BuiltInType.Shape) -> String {
        switch shape {
        case .string: "string"
        case .bool: "bool"
        case .int32: "int32"
        case .int64: "int64"
        case .number: "float64"
        case .bytes: "[]uint8"
        case .time: "v1.Time"
        case .microTime: "v1.MicroTime"
        case .quantity: "resource.Quantity"
        case .intOrString: "intstr.IntOrString"
        case .any, .dropped: "interface {}"
        case .structure(let number): "v1.\(BuiltInTypes.all[number].name)"
        case .pointer(let inner): goName(inner)
        case .list(let inner): "[]\(goName(inner))"
        case .map(let inner): "map[string]\(goName(inner))"
        }
    }
}

extension BuiltInType.Shape {
    fileprivate func holds(_ number: Int64) -> Bool {
        if case .int32 = self { return Int32(exactly: number) != nil }
        return true
    }
}

/// Whether `text` is base64 with padding, as Go's standard encoding reads it.
private func isBase64(_ text: String) -> Bool {
    var bytes = text.utf8.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    guard bytes.count % 4 == 0 else { return false }
    for _ in 0..<2 where bytes.last == UInt8(ascii: "=") { bytes.removeLast() }
    return bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
        }
    }
}
