import StrictJSON

/// One application of a template to a document.
struct JSONPathWalk {
    typealias Match = JSONPath.Match
    typealias Node = JSONPath.Node
    typealias LookupError = JSONPath.LookupError

    /// Values that may still be looked at.
    var stepsLeft: Int

    /// All results, in order.
    mutating func find(_ roots: ArraySlice<Node>, in document: Match?) throws(LookupError) -> [Match] {
        var index = roots.startIndex
        return try block(roots, &index, in: document, isRange: false)
    }

    /// Applies templates up to the end of the text, or to the `end` of a range.
    ///
    /// - Parameter document: nil for the pass over a range without elements, which only looks for its end.
    private mutating func block(
        _ roots: ArraySlice<Node>, _ index: inout Int, in document: Match?, isRange: Bool
    ) throws(LookupError) -> [Match] {
        var results: [Match] = []
        while index < roots.endIndex {
            let node = roots[index]
            index += 1
            if case .list(let parts) = node, parts.contains(.word("end")) {
                guard isRange else { throw LookupError(message: "not in range, nothing to end") }
                return results
            }
            let found = try apply(node, to: document.map { [$0] } ?? [], isNothing: document == nil)
            guard case .list(let parts) = node, parts.contains(.word("range")) else {
                results += found
                continue
            }
            let start = index
            for element in found {
                index = start
                results += try block(roots, &index, in: element, isRange: true)
            }
            if found.isEmpty { _ = try block(roots, &index, in: nil, isRange: true) }
        }
        return results
    }

    private mutating func apply(_ node: Node, to input: [Match], isNothing: Bool = false) throws(LookupError) -> [Match] {
        stepsLeft -= 1 + input.count
        guard stepsLeft > 0 else {
            throw LookupError(message: "the path visits more than \(JSONPath.stepLimit) values; write a more exact one")
        }
        switch node {
        case .list(let nodes): return try list(nodes, input, isNothing: isNothing)
        case .text(let text): return [.json(.string(text))]
        case .int(let number): return input.map { _ in .int(number) }
        case .float(let number): return input.map { _ in .json(.number(JSONNumber(number))) }
        case .bool(let flag): return input.map { _ in .json(.bool(flag)) }
        case .word("range"): return input
        case .word(let word): throw LookupError(message: "unrecognized identifier \(word)", hasPartialResult: !input.isEmpty)
        case .field(let name): return try field(name, input, isNothing: isNothing)
        case .slice(let slice): return try elements(slice, input)
        case .wildcard: return input.flatMap(children)
        case .descendants: return try descendants(input)
        case .union(let parts):
            var results: [Match] = []
            for part in parts { results += try list(part, input, isNothing: isNothing) }
            return results
        case .filter(let left, let operation, let right): return try filtered(input, left, operation, right)
        }
    }

    private mutating func list(_ nodes: [Node], _ input: [Match], isNothing: Bool = false) throws(LookupError) -> [Match] {
        var current = input
        for (index, node) in nodes.enumerated() { current = try apply(node, to: current, isNothing: isNothing && index == 0) }
        return current
    }

    private func field(_ name: String, _ input: [Match], isNothing: Bool) throws(LookupError) -> [Match] {
        if input.isEmpty, !isNothing { return [] }
        let results: [Match] = input.compactMap { match in
            guard case .json(.object(let members)) = match, let value = members[name] else { return nil }
            return .json(value)
        }
        if results.isEmpty { throw LookupError(message: "\(name) is not found") }
        return results
    }

    private func elements(_ slice: JSONPath.Slice, _ input: [Match]) throws(LookupError) -> [Match] {
        var results: [Match] = []
        for match in input {
            if match == .json(.null) { continue }
            guard case .json(.array(let list)) = match else {
                throw LookupError(message: "\(typeName(match)) is not array or slice", hasPartialResult: true)
            }
            func outside(_ index: Int) -> LookupError {
                LookupError(message: "array index out of bounds: index \(index), length \(list.count)", hasPartialResult: true)
            }
            var from = slice.from ?? 0
            if from < 0 { from += list.count }
            var to = slice.to ?? list.count
            if to < 0 || (to == 0 && slice.isIndex) { to += list.count }
            // No elements are asked for: that is the end, also for what follows.
            if from == to { return results }
            if from >= list.count || from < 0 { throw outside(from) }
            if to > list.count || to < 0 { throw outside(to - 1) }
            if from > to {
                throw LookupError(message: "starting index \(from) is greater than ending index \(to)", hasPartialResult: true)
            }
            let step = slice.step ?? 1
            guard step > 0 else { throw LookupError(message: "step must be > 0", hasPartialResult: true) }
            for index in stride(from: from, to: to, by: min(step, list.count)) { results.append(.json(list[index])) }
        }
        return results
    }

    /// Members, elements, or the bytes of a string.
    private func children(_ match: Match) -> [Match] {
        switch match {
        case .json(.array(let list)): list.map { .json($0) }
        case .json(.object(let members)): members.sortedByKey().values.map { .json($0) }
        case .json(.string(let text)): text.utf8.map { .byte($0) }
        case .json, .int, .byte: []
        }
    }

    /// Everything that has children, from the outside inwards. The document's depth is limited by its parser.
    private mutating func descendants(_ input: [Match]) throws(LookupError) -> [Match] {
        var results: [Match] = []
        for match in input {
            let inner = children(match)
            stepsLeft -= 1 + inner.count
            guard stepsLeft > 0 else {
                throw LookupError(message: "the path visits more than \(JSONPath.stepLimit) values; write a more exact one")
            }
            guard !inner.isEmpty else { continue }
            results.append(match)
            if case .json(.string) = match { continue }
            results += try descendants(inner)
        }
        return results
    }

    private mutating func filtered(
        _ input: [Match], _ left: [Node], _ operation: String?, _ right: [Node]
    ) throws(LookupError) -> [Match] {
        var results: [Match] = []
        for match in input {
            guard case .json(.array(let list)) = match else {
                throw LookupError(message: "\(match.text) is not array or slice and cannot be filtered", hasPartialResult: true)
            }
            for element in list {
                guard let operation else {
                    if try exists(left, in: .json(element)) { results.append(.json(element)) }
                    continue
                }
                guard let leftValue = try single(left, of: .json(element)), let rightValue = try single(right, of: .json(element)) else {
                    continue
                }
                if try JSONPathComparison.holds(leftValue, operation, rightValue) { results.append(.json(element)) }
            }
        }
        return results
    }

    /// An error in the path of a filter for existence counts as "is not there", unless it comes where something was found.
    private mutating func exists(_ path: [Node], in element: Match) throws(LookupError) -> Bool {
        do throws(LookupError) { return !(try list(path, [element])).isEmpty } catch {
            if stepsLeft <= 0 { throw error }
            return error.hasPartialResult
        }
    }

    /// The one value on a side of a comparison; nil where there is none, which never passes.
    private mutating func single(_ path: [Node], of element: Match) throws(LookupError) -> Match? {
        let found = try list(path, [element])
        if found.count > 1 { throw LookupError(message: "can only compare one element at a time", hasPartialResult: true) }
        return found.first
    }

    private func typeName(_ match: Match) -> String {
        switch match {
        case .json(let value):
            switch value {
            case .null: "null"
            case .bool: "bool"
            case .number: "float64"
            case .string: "string"
            case .array: "[]interface {}"
            case .object: "map[string]interface {}"
            }
        case .int: "int"
        case .byte: "uint8"
        }
    }
}

/// Comparing in filters: both sides must be of one kind, and a number of the document is never an integer.
enum JSONPathComparison {
    private enum Operand {
        case bool(Bool), int(Int), uint(UInt8), float(Double), text([UInt8])
    }

    static func holds(_ left: JSONPath.Match, _ operation: String, _ right: JSONPath.Match) throws(JSONPath.LookupError) -> Bool {
        switch operation {
        case "==": return try equal(left, right)
        case "!=": return !(try equal(left, right))
        case "<": return try less(left, right)
        case "<=": return try isAtMost(left, right)
        case ">": return !(try isAtMost(left, right))
        case ">=": return !(try less(left, right))
        default: throw JSONPath.LookupError(message: "unrecognized filter operator \(operation)")
        }
    }

    private static func isAtMost(_ left: JSONPath.Match, _ right: JSONPath.Match) throws(JSONPath.LookupError) -> Bool {
        if try less(left, right) { return true }
        return try equal(left, right)
    }

    private static func equal(_ left: JSONPath.Match, _ right: JSONPath.Match) throws(JSONPath.LookupError) -> Bool {
        switch (try operand(left), try operand(right)) {
        case (.bool(let left), .bool(let right)): return left == right
        case (.int(let left), .int(let right)): return left == right
        case (.uint(let left), .uint(let right)): return left == right
        case (.float(let left), .float(let right)): return left == right
        case (.text(let left), .text(let right)): return left == right
        default: throw JSONPath.LookupError(message: "incompatible types for comparison")
        }
    }

    private static func less(_ left: JSONPath.Match, _ right: JSONPath.Match) throws(JSONPath.LookupError) -> Bool {
        switch (try operand(left), try operand(right)) {
        case (.bool, .bool): throw JSONPath.LookupError(message: "invalid type for comparison")
        case (.int(let left), .int(let right)): return left < right
        case (.uint(let left), .uint(let right)): return left < right
        case (.float(let left), .float(let right)): return left < right
        case (.text(let left), .text(let right)): return left.lexicographicallyPrecedes(right)
        default: throw JSONPath.LookupError(message: "incompatible types for comparison")
        }
    }

    private static func operand(_ match: JSONPath.Match) throws(JSONPath.LookupError) -> Operand {
        switch match {
        case .json(.bool(let flag)): return .bool(flag)
        case .json(.number(let number)): return .float(number.double)
        case .json(.string(let text)): return .text(Array(text.utf8))
        case .int(let number): return .int(number)
        case .byte(let byte): return .uint(byte)
        case .json: throw JSONPath.LookupError(message: "invalid type for comparison")
        }
    }
}
