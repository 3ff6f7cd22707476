/// Members, indexes, slices and membership.
enum Access {
    /// `base.key` and `base[key]`.
    static func fetch(_ key: ExpressionValue, from base: ExpressionValue) throws(Fault) -> ExpressionValue {
        switch base {
        case .map(let map): return try map.entries[mapKey(key, of: map)] ?? .null
        case .record(let record):
            guard case .string(let name) = key, record.type.fields[name] != nil else { break }
            return record.values[name] ?? .null
        case .string, .rawString:
            let bytes = base.textBytes!
            return .uint8(bytes[try index(key, count: bytes.count)])
        default:
            if let count = base.listCount { return base.listElement(try index(key, count: count)) }
        }
        throw Fault("cannot fetch \(shown(key)) from \(base.typeName)")
    }

    /// As `fetch`, but nil where there is nothing: the function `get`.
    static func get(_ key: ExpressionValue, from base: ExpressionValue) throws(Fault) -> ExpressionValue {
        switch base {
        case .map(let map): return try map.entries[mapKey(key, of: map)] ?? .null
        case .record(let record):
            guard case .string(let name) = key else { throw Fault.conversion(of: key, to: "string") }
            return record.values[name] ?? .null
        case .string, .rawString:
            let bytes = base.textBytes!
            guard let index = try position(key, count: bytes.count) else { return .null }
            return .uint8(bytes[index])
        default:
            guard let count = base.listCount, let index = try position(key, count: count) else { return .null }
            return base.listElement(index)
        }
    }

    /// The index that a key means in so many elements; negative ones count from the end. Nil where it is out of range.
    private static func position(_ key: ExpressionValue, count: Int) throws(Fault) -> Int? {
        let index = try counted(key, count)
        return index >= 0 && index < Int64(count) ? Int(index) : nil
    }

    private static func index(_ key: ExpressionValue, count: Int) throws(Fault) -> Int {
        let index = try counted(key, count)
        guard index >= 0, index < Int64(count) else { throw Fault("index out of range: \(index) (array length is \(count))") }
        return Int(index)
    }

    private static func counted(_ key: ExpressionValue, _ count: Int) throws(Fault) -> Int64 {
        let index = try key.truncated()
        return index < 0 ? index &+ Int64(count) : index
    }

    /// In a map with string keys nil stands for the empty string, as in the reference.
    private static func mapKey(_ key: ExpressionValue, of map: ExpressionMap) throws(Fault) -> MapKey {
        if case .text = map.kind {
            switch key {
            case .string(let text): return .text(text)
            case .rawString(let bytes): return .rawText(bytes)
            case .null: return .text("")
            default: throw Fault("cannot use \(key.typeName) as type string in map key")
            }
        }
        guard let mapKey = MapKey(key) else { throw Fault("cannot use \(key.typeName) as map key") }
        return mapKey
    }

    private static func shown(_ key: ExpressionValue) -> String {
        var budget = Budget(ExpressionLimits(steps: 1_000, textBytes: 4_096))
        // A key too large to print is named by its type.
        return (try? TextForm.string(of: key, &budget)) ?? key.typeName
    }

    /// `base[from:to]`; bounds count from the end where negative and are held within the length.
    static func slice(_ base: ExpressionValue, from: ExpressionValue?, to: ExpressionValue?, _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        let bytes = base.textBytes
        guard let count = bytes?.count ?? base.listCount else { throw Fault("cannot slice \(base.typeName)") }
        func bound(_ value: ExpressionValue) throws(Fault) -> Int {
            let number = try value.truncated()
            return Int(max(0, min(Int64(count), number < 0 ? number &+ Int64(count) : number)))
        }
        let end = try to.map(bound) ?? count
        let start = min(try from.map(bound) ?? 0, end)
        try budget.pass(over: end - start)
        if let bytes { return ExpressionValue(text: bytes[start..<end]) }
        switch base {
        case .array(let elements): return .array(Array(elements[start..<end]))
        case .floats(let elements): return .floats(Array(elements[start..<end]))
        case .ints(let elements): return .ints(Array(elements[start..<end]))
        case .strings(let elements): return .strings(Array(elements[start..<end]))
        case .bytes(let elements): return .bytes(Array(elements[start..<end]))
        case .typedArray(let type, let elements): return .typedArray(type, Array(elements[start..<end]))
        default: preconditionFailure("slice of \(base.typeName)")
        }
    }

    /// `value in container`.
    static func contains(_ container: ExpressionValue, _ value: ExpressionValue, _ budget: inout Budget) throws(Fault) -> Bool {
        switch container {
        case .null: return false
        case .map(let map): return try map.entries[mapKey(value, of: map)] != nil
        case .record(let record):
            guard case .string(let name) = value else { throw Fault("cannot use \(value.typeName) as field name of \(container.typeName)") }
            return record.type.fields[name] != nil
        default: break
        }
        guard let count = container.listCount else { throw Fault("operator \"in\" not defined on \(container.typeName)") }
        for index in 0..<count {
            try budget.step()
            if try Comparison.equal(container.listElement(index), value, &budget) { return true }
        }
        return false
    }
}
