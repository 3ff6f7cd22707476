extension Builtin {
    static let text: [Builtin] = [
        Builtin("string", [.any], gives: .string) { (arguments, budget) throws(Fault) in
            if case .rawString = arguments[0] { return arguments[0] }
            return .string(try TextForm.string(of: arguments[0], &budget))
        },
        Builtin("trim", [.string, .string], optional: 1, gives: .string) { (arguments, budget) throws(Fault) in
            let text = try arguments.bytes(0)
            try budget.text(text.count)
            if arguments.count == 1 { return ExpressionValue(text: ByteText.trimmed(text) { $0.isSpace }) }
            let set = Set(ByteText.characters(of: try arguments.bytes(1)).map(\.scalar))
            return ExpressionValue(text: ByteText.trimmed(text) { set.contains($0) })
        },
        Builtin("trimPrefix", [.string, .string], optional: 1, gives: .string) { (arguments, budget) throws(Fault) in
            let (text, prefix) = (try arguments.bytes(0), try arguments.bytes(1, default: " "))
            try budget.text(text.count)
            return text.starts(with: prefix) ? ExpressionValue(text: text.dropFirst(prefix.count)) : arguments[0]
        },
        Builtin("trimSuffix", [.string, .string], optional: 1, gives: .string) { (arguments, budget) throws(Fault) in
            let (text, suffix) = (try arguments.bytes(0), try arguments.bytes(1, default: " "))
            try budget.text(text.count)
            return text.reversed().starts(with: suffix.reversed()) ? ExpressionValue(text: text.dropLast(suffix.count)) : arguments[0]
        },
        Builtin("upper", [.string], gives: .string) { (arguments, budget) throws(Fault) in
            try mapped(try arguments.bytes(0), &budget, ByteText.uppercase)
        },
        Builtin("lower", [.string], gives: .string) { (arguments, budget) throws(Fault) in
            try mapped(try arguments.bytes(0), &budget, ByteText.lowercase)
        },
        splitting("split", keepingSeparator: false),
        splitting("splitAfter", keepingSeparator: true),
        Builtin("replace", [.string, .string, .string, .int], optional: 1, gives: .string, replace),
        Builtin("repeat", [.string, .int], gives: .string) { (arguments, budget) throws(Fault) in
            let (text, count) = (try arguments.bytes(0), try arguments[1].truncated())
            if count < 0 { throw Fault("invalid argument for repeat (expected positive integer, got \(count))") }
            if count > 1_000_000 { throw Fault("memory budget exceeded") }
            let (size, overflow) = text.count.multipliedReportingOverflow(by: Int(count))
            try budget.grow(by: overflow ? .max : size)
            try budget.text(size)
            return ExpressionValue(text: Array(repeatElement(text, count: Int(count)).joined()))
        },
        Builtin("join", [.list, .string], optional: 1, gives: .string, join),
        Builtin("indexOf", [.string, .string], gives: .int) { (arguments, budget) throws(Fault) in
            let (text, part) = (try arguments.bytes(0), try arguments.bytes(1))
            try budget.pass(over: text.count + part.count)
            return .int(Int64(ByteText.firstIndex(of: part, in: text) ?? -1))
        },
        Builtin("lastIndexOf", [.string, .string], gives: .int) { (arguments, budget) throws(Fault) in
            let (text, part) = (try arguments.bytes(0), try arguments.bytes(1))
            try budget.pass(over: text.count + part.count)
            let reversed = ByteText.firstIndex(of: part.reversed(), in: text.reversed())
            return .int(reversed.map { Int64(text.count - part.count - $0) } ?? -1)
        },
        Builtin("hasPrefix", [.string, .string], gives: .bool) { (arguments, budget) throws(Fault) in
            let (text, part) = (try arguments.bytes(0), try arguments.bytes(1))
            try budget.pass(over: text.count)
            return .bool(text.starts(with: part))
        },
        Builtin("hasSuffix", [.string, .string], gives: .bool) { (arguments, budget) throws(Fault) in
            let (text, part) = (try arguments.bytes(0), try arguments.bytes(1))
            try budget.pass(over: text.count)
            return .bool(text.reversed().starts(with: part.reversed()))
        },
    ]

    private static func mapped(
        _ text: [UInt8], _ budget: inout Budget, _ map: (Unicode.Scalar) -> Unicode.Scalar
    ) throws(Fault) -> ExpressionValue {
        try budget.text(text.count)
        var out = String.UnicodeScalarView()
        for character in ByteText.characters(of: text) { out.append(map(character.scalar)) }
        return .string(String(out))
    }

    private static func splitting(_ name: String, keepingSeparator keeps: Bool) -> Builtin {
        Builtin(name, [.string, .string, .int], optional: 1, gives: .list(of: .string, typed: true)) { (arguments, budget) throws(Fault) in
            let (text, separator) = (try arguments.bytes(0), try arguments.bytes(1))
            let limit = arguments.count > 2 ? Int(truncatingIfNeeded: try arguments[2].truncated()) : -1
            try budget.text(text.count)
            let parts = ByteText.split(text, by: separator, limit: limit, keepingSeparator: keeps)
            try budget.grow(by: parts.count)
            let values = parts.map { ExpressionValue(text: text[$0]) }
            let strings = values.compactMap { value in if case .string(let text) = value { text } else { nil } }
            // A part that is no valid text cannot stand in a list of Swift strings.
            return strings.count == values.count ? .strings(strings) : .typedArray(.string, values)
        }
    }

    private static func replace(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        let (text, old, new) = (try arguments.bytes(0), try arguments.bytes(1), try arguments.bytes(2))
        var left = arguments.count > 3 ? try arguments[3].truncated() : -1
        try budget.pass(over: text.count + old.count)
        var out: [UInt8] = []
        var last = 0
        for found in ByteText.occurrences(of: old, in: text) {
            if left == 0 { break }
            left -= 1
            try budget.text(found - last + new.count)
            out += text[last..<found]
            out += new
            last = found + old.count
        }
        try budget.text(text.count - last)
        out += text[last...]
        return ExpressionValue(text: out)
    }

    private static func join(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        let glue = try arguments.bytes(1, default: "")
        guard arguments[0].isDynamicList || arguments[0].type == .list(of: .string, typed: true) else {
            throw Fault("invalid argument for join (type \(arguments[0].typeName))")
        }
        var out: [UInt8] = []
        for (index, element) in (arguments[0].listElements ?? []).enumerated() {
            guard let part = element.textBytes else { throw Fault.conversion(of: element, to: "string") }
            try budget.text(part.count + glue.count)
            if index > 0 { out += glue }
            out += part
        }
        return ExpressionValue(text: out)
    }
}
