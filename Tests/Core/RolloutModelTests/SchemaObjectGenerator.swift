import Clockwork
import StrictJSON

/// Makes objects that a schema allows and keeps whole: every keyword that occurs in Argo's definitions is obeyed.
struct SchemaObjectGenerator {
    var random: SeededGenerator
    /// One in how many optional members is left out; nil leaves out none.
    var leavesOutOneIn: Int?

    mutating func object(_ schema: JSONValue, kind: String) -> JSONValue {
        var object: JSONValue = value(schema)
        object["apiVersion"] = "argoproj.io/v1alpha1"
        object["kind"] = .string(kind)
        object["metadata"] = ["name": "generated", "labels": ["app": "generated"], "annotations": ["note": .string(word())]]
        return object
    }

    private mutating func value(_ schema: JSONValue) -> JSONValue {
        if let allowed = schema["enum"]?.arrayValue { return allowed[pick(allowed.count)] }
        if schema["x-kubernetes-int-or-string"]?.boolValue == true {
            return pick(2) == 0 ? number(schema) : .string(schema["pattern"] == nil ? "\(pick(100))%" : "\(pick(1000))Mi")
        }
        let isOpen: Bool = schema["x-kubernetes-preserve-unknown-fields"]?.boolValue == true
        switch schema["type"]?.stringValue {
        case "string":
            if schema["format"]?.stringValue == "date-time" { return .string("2026-0\(pick(9) + 1)-1\(pick(10))T0\(pick(10)):00:0\(pick(10))Z") }
            return .string(schema["pattern"] == nil ? word() : "\(pick(1000))m")
        case "integer": return number(schema)
        case "number": return JSONValue(Double(pick(1000)) / 8)
        case "boolean": return .bool(pick(2) == 0)
        case "array":
            guard let items = schema["items"] else { return isOpen ? [anything(depth: 2), anything(depth: 2)] : [] }
            // Elements of sets and keys of list maps must differ; one element always does.
            let count: Int = schema["x-kubernetes-list-type"]?.stringValue.map { $0 == "atomic" ? 2 : 1 } ?? 2
            var list: [JSONValue] = []
            for _ in 0..<(leavesOutOneIn == nil ? count : pick(count + 1)) { list.append(value(items)) }
            return .array(list)
        case "object":
            var object = JSONObject()
            let required: [JSONValue] = schema["required"]?.arrayValue ?? []
            for (name, member) in schema["properties"]?.objectValue ?? [:] {
                if let leavesOutOneIn, !required.contains(.string(name)), pick(leavesOutOneIn) == 0 { continue }
                object[name] = value(member)
            }
            if let additional = schema["additionalProperties"], additional.objectValue != nil {
                for _ in 0..<2 { object[word()] = value(additional) }
            }
            if isOpen { object["x-" + word()] = anything(depth: 3) }
            return .object(object)
        default:
            return isOpen ? anything(depth: 3) : .string(word())
        }
    }

    /// A value that no schema describes.
    private mutating func anything(depth: Int) -> JSONValue {
        switch pick(depth > 0 ? 7 : 4) {
        case 0: return .string(word())
        case 1: return JSONValue(pick(1_000_000) - 500_000)
        case 2: return .bool(pick(2) == 0)
        case 3: return JSONValue(Double(pick(1000)) / 16)
        case 4: return [anything(depth: depth - 1), anything(depth: depth - 1)]
        default: return .object([word(): anything(depth: depth - 1), word(): anything(depth: depth - 1)])
        }
    }

    private mutating func number(_ schema: JSONValue) -> JSONValue {
        let small: [Int] = [0, 1, 5, 100, -1, Int(Int32.max), Int(Int32.min)]
        if schema["format"]?.stringValue == "int64", pick(4) == 0 { return JSONValue(pick(2) == 0 ? Int.max : Int.min) }
        return JSONValue(small[pick(small.count)])
    }

    private mutating func word() -> String {
        let words: [String] = ["a", "canary", "x-y.z/w", "10", "true", "ä ö", "{{args.name}}", "", "multi\nline", "null", "日本"]
        return words[pick(words.count)]
    }

    private mutating func pick(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
}
