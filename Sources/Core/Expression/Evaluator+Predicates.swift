extension Evaluator {
    /// A function over a collection with an expression about each element.
    mutating func predicateCall(
        _ function: PredicateFunction, _ collectionID: NodeID, _ predicate: NodeID?, _ extraID: NodeID?, _ id: NodeID
    ) throws(Fault) -> ExpressionValue {
        let collection = try evaluate(collectionID)
        enter(id)
        guard let count = collection.listCount else { throw Fault("builtin \(function.rawValue) takes only array (got \(collection.typeName))") }
        let extra: ExpressionValue? = if let extraID { try evaluate(extraID) } else { nil }
        open(collection)
        defer { close() }
        switch function {
        case .all: return .bool(try firstIndex(count, predicate!, where: false) == nil)
        case .any: return .bool(try firstIndex(count, predicate!, where: true) != nil)
        case .none: return .bool(try firstIndex(count, predicate!, where: true) == nil)
        case .one: return .bool(try self.count(count, predicate!) == 1)
        case .count: return .int(Int64(try self.count(count, predicate)))
        case .find, .findIndex:
            guard let index = try firstIndex(count, predicate!, where: true) else { return .null }
            return function == .find ? collection.listElement(index) : .int(Int64(index))
        case .findLast, .findLastIndex:
            for index in stride(from: count - 1, through: 0, by: -1) where try answer(index, predicate) {
                return function == .findLast ? collection.listElement(index) : .int(Int64(index))
            }
            return .null
        case .filter:
            var kept: [ExpressionValue] = []
            for index in 0..<count where try answer(index, predicate) { kept.append(collection.listElement(index)) }
            try budget.grow(by: kept.count)
            return .array(kept)
        case .map:
            try budget.grow(by: count)
            return .array(try values(count, predicate!))
        case .sum:
            var sum = ExpressionValue.int(0)
            for index in 0..<count {
                let value = try self.value(index, predicate)
                enter(id)
                sum = try Arithmetic.add(value, sum)
            }
            return sum
        case .groupBy: return try groups(count, predicate!, id)
        case .sortBy:
            let order = try SortOrder(extra, "unknown order, use asc or desc")
            let keys = try values(count, predicate!)
            try budget.grow(by: count)
            let sorted = try Sorting.order(keys, order, &budget)
            return .array(sorted.map { collection.listElement($0) })
        case .reduce: return try reduce(count, predicate!, initial: extra, id)
        }
    }

    /// The predicate's value for an element; the element itself where there is no predicate.
    private mutating func value(_ index: Int, _ predicate: NodeID?) throws(Fault) -> ExpressionValue {
        try budget.step()
        move(to: index)
        guard let predicate else { return scope!.collection.listElement(index) }
        return try evaluate(predicate)
    }

    private mutating func answer(_ index: Int, _ predicate: NodeID?) throws(Fault) -> Bool {
        let value = try value(index, predicate)
        if let predicate { enter(predicate) }
        return try boolean(value)
    }

    private mutating func values(_ count: Int, _ predicate: NodeID) throws(Fault) -> [ExpressionValue] {
        var values: [ExpressionValue] = []
        values.reserveCapacity(count)
        for index in 0..<count { values.append(try value(index, predicate)) }
        return values
    }

    private mutating func firstIndex(_ count: Int, _ predicate: NodeID, where wanted: Bool) throws(Fault) -> Int? {
        for index in 0..<count where try answer(index, predicate) == wanted { return index }
        return nil
    }

    private mutating func count(_ count: Int, _ predicate: NodeID?) throws(Fault) -> Int {
        var found = 0
        for index in 0..<count where try answer(index, predicate) { found += 1 }
        return found
    }

    private mutating func groups(_ count: Int, _ predicate: NodeID, _ id: NodeID) throws(Fault) -> ExpressionValue {
        var groups: [MapKey: [ExpressionValue]] = [:]
        for index in 0..<count {
            let value = try value(index, predicate)
            enter(id)
            guard let key = MapKey(value) else {
                throw Fault("cannot use \(value.typeName) as a key for groupBy: type is not comparable")
            }
            groups[key, default: []].append(scope!.collection.listElement(index))
        }
        return .map(ExpressionMap(kind: .groups, entries: groups.mapValues { .array($0) }))
    }

    private mutating func reduce(_ count: Int, _ predicate: NodeID, initial: ExpressionValue?, _ id: NodeID) throws(Fault) -> ExpressionValue {
        if initial == nil && count == 0 { throw Fault("reduce of empty array with no initial value") }
        accumulate(initial ?? scope!.collection.listElement(0))
        for index in (initial == nil ? 1 : 0)..<count {
            accumulate(try value(index, predicate))
            enter(id)
            // The only place where a value can grow deeper with each element.
            try ValueDepth.check(scope!.accumulator, &budget)
        }
        return scope!.accumulator
    }
}

/// Ascending or descending.
enum SortOrder {
    case ascending, descending

    init(_ value: ExpressionValue?, _ message: String) throws(Fault) {
        switch value {
        case nil: self = .ascending
        case .string("asc"): self = .ascending
        case .string("desc"): self = .descending
        case .string: throw Fault(message)
        case .some(let value): throw Fault("sort order argument must be a string (got \(value.typeName))")
        }
    }
}

enum ValueDepth {
    /// Refuses lists and maps nested deeper than other walks could follow.
    static func check(_ value: ExpressionValue, _ budget: inout Budget, depth: Int = 0) throws(Fault) {
        if depth > maximumValueDepth / 2 { throw Fault("recursion depth exceeded") }
        switch value {
        case .array(let elements), .typedArray(_, let elements):
            try budget.pass(over: elements.count)
            for element in elements { try check(element, &budget, depth: depth + 1) }
        case .map(let map):
            try budget.pass(over: map.count)
            for element in map.entries.values { try check(element, &budget, depth: depth + 1) }
        default: break
        }
    }
}

enum Sorting {
    /// The indexes of the keys in their order; equal keys stay as they were.
    static func order(_ keys: [ExpressionValue], _ order: SortOrder, _ budget: inout Budget) throws(Fault) -> [Int] {
        var indexes = Array(keys.indices)
        var merged = indexes
        var width = 1
        while width < indexes.count {
            var start = 0
            while start < indexes.count {
                let (middle, end) = (min(start + width, indexes.count), min(start + 2 * width, indexes.count))
                var (left, right) = (start, middle)
                for position in start..<end {
                    var takesRight = left == middle
                    if !takesRight, right < end {
                        try budget.step()
                        let (first, second) = (keys[indexes[left]], keys[indexes[right]])
                        takesRight = order == .ascending
                            ? try Comparison.ordered(second, .less, first, &budget) : try Comparison.ordered(first, .less, second, &budget)
                    }
                    if takesRight {
                        merged[position] = indexes[right]
                        right += 1
                    } else {
                        merged[position] = indexes[left]
                        left += 1
                    }
                }
                start = end
            }
            swap(&indexes, &merged)
            width *= 2
        }
        return indexes
    }
}
