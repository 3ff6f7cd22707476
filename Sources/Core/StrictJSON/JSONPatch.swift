/// A list of changes (RFC 6902), applied all or not at all.
public struct JSONPatch: Sendable, Equatable {
    /// The changes in order.
    public var operations: [Operation]

    /// One change.
    public enum Operation: Sendable, Equatable {
        case add(JSONPointer, JSONValue)
        case remove(JSONPointer)
        case replace(JSONPointer, JSONValue)
        case move(from: JSONPointer, to: JSONPointer)
        case copy(from: JSONPointer, to: JSONPointer)
        case test(JSONPointer, JSONValue)
    }

    /// A patch of these changes.
    public init(_ operations: [Operation]) { self.operations = operations }

    /// The value after all changes.
    ///
    /// - Throws: the first operation that can't be applied; the value is unchanged then, since it is a value.
    public func applied(to value: JSONValue) throws(JSONPatchError) -> JSONValue {
        var result = value
        for (index, operation) in operations.enumerated() {
            do throws(JSONPatchError.Cause) {
                try operation.apply(to: &result)
            } catch {
                throw JSONPatchError(operation: index, pointer: operation.pointer, cause: error)
            }
        }
        return result
    }
}

/// Why a patch was not applied, or not understood.
public struct JSONPatchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Index of the operation in the list, from 0; nil if the patch as a whole is no list.
    public var operation: Int?
    /// The place that the operation is about; nil if it names none.
    public var pointer: JSONPointer?
    /// What is wrong with it.
    public var cause: Cause

    /// What can be wrong with an operation.
    public enum Cause: Error, Sendable, Equatable {
        /// A test found another value (nil: none): someone else changed what the patch relies on.
        case testFailed(found: JSONValue?)
        /// Nothing is at the place, or its parent is missing.
        case notFound
        /// An array index that is no number, or beyond the end.
        case badIndex(String)
        /// The parent is neither object nor array, so nothing can be in it.
        case noContainer(kind: String)
        /// A value can't be moved into itself.
        case moveIntoItself
        /// The patch itself is not well formed; says what is expected.
        case malformed(String)
    }

    /// `operation 2 (/spec/rules/0/name): the test failed: found "b"`.
    public var description: String {
        var text: String
        switch cause {
        case .testFailed(let found?): text = "the test failed: found \(found.text())"
        case .testFailed(nil): text = "the test failed: there is no such value"
        case .notFound: text = "there is no such value"
        case .badIndex(let token): text = "\"\(token)\" is not an index of this array"
        case .noContainer(let kind): text = "the parent is a \(kind), it has no members"
        case .moveIntoItself: text = "a value can't be moved into itself"
        case .malformed(let reason): text = reason
        }
        if let pointer, !pointer.tokens.isEmpty { text = "\(pointer.text): \(text)" }
        guard let operation else { return text }
        return "operation \(operation): \(text)"
    }
}

extension JSONPatch.Operation {
    /// The place that the operation changes or tests.
    public var pointer: JSONPointer {
        switch self {
        case .add(let pointer, _), .remove(let pointer), .replace(let pointer, _), .test(let pointer, _): return pointer
        case .move(_, let pointer), .copy(_, let pointer): return pointer
        }
    }

    fileprivate func apply(to root: inout JSONValue) throws(JSONPatchError.Cause) {
        switch self {
        case .add(let pointer, let value): try root.add(value, at: pointer.tokens[...])
        case .remove(let pointer): _ = try root.remove(at: pointer.tokens[...])
        case .replace(let pointer, let value): try root.replace(value, at: pointer.tokens[...])
        case .move(let from, let to):
            guard from != to else {
                guard root[from] != nil else { throw .notFound }
                return
            }
            guard !to.isWithin(from) else { throw .moveIntoItself }
            let value = try root.remove(at: from.tokens[...])
            try root.add(value, at: to.tokens[...])
        case .copy(let from, let to):
            guard let value = root[from] else { throw .notFound }
            try root.add(value, at: to.tokens[...])
        case .test(let pointer, let expected):
            let found = root[pointer]
            guard let found, found == expected else { throw .testFailed(found: found) }
        }
    }
}

extension JSONValue {
    fileprivate mutating func add(_ value: JSONValue, at path: ArraySlice<String>) throws(JSONPatchError.Cause) {
        guard path.count > 1 else {
            guard let token = path.first else {
                self = value
                return
            }
            switch self {
            case .object: self[token] = value
            case .array(var array):
                self = .null  // gives up this reference, so that the storage is changed in place
                defer { self = .array(array) }
                if token == "-" {
                    array.append(value)
                } else {
                    guard let index = JSONPointer.index(token), index <= array.count else { throw .badIndex(token) }
                    array.insert(value, at: index)
                }
            case .null, .bool, .number, .string: throw .noContainer(kind: kindName)
            }
            return
        }
        try descend(path) { child, rest throws(JSONPatchError.Cause) in try child.add(value, at: rest) }
    }

    fileprivate mutating func replace(_ value: JSONValue, at path: ArraySlice<String>) throws(JSONPatchError.Cause) {
        guard !path.isEmpty else {
            self = value
            return
        }
        try descend(path) { child, rest throws(JSONPatchError.Cause) in try child.replace(value, at: rest) }
    }

    fileprivate mutating func remove(at path: ArraySlice<String>) throws(JSONPatchError.Cause) -> JSONValue {
        guard path.count > 1 else {
            guard let token = path.first else {
                let removed = self
                self = .null
                return removed
            }
            switch self {
            case .object(let object):
                guard let removed = object[token] else { throw .notFound }
                self[token] = nil
                return removed
            case .array(var array):
                guard let index = JSONPointer.index(token), index < array.count else { throw .badIndex(token) }
                self = .null  // gives up this reference, so that the storage is changed in place
                let removed = array.remove(at: index)
                self = .array(array)
                return removed
            case .null, .bool, .number, .string: throw .noContainer(kind: kindName)
            }
        }
        return try descend(path) { child, rest throws(JSONPatchError.Cause) -> JSONValue in try child.remove(at: rest) }
    }

    /// Calls `change` on the child that the first token names, in place.
    private mutating func descend<Result>(
        _ path: ArraySlice<String>,
        _ change: (inout JSONValue, ArraySlice<String>) throws(JSONPatchError.Cause) -> Result
    ) throws(JSONPatchError.Cause) -> Result {
        let token = path[path.startIndex]
        let rest = path.dropFirst()
        switch self {
        case .object(var object):
            self = .null  // gives up this reference, so that the storage is changed in place
            defer { self = .object(object) }
            return try object.update(token) { (member: inout JSONValue?) throws(JSONPatchError.Cause) -> Result in
                guard var child = member else { throw .notFound }
                member = .null
                defer { member = child }
                return try change(&child, rest)
            }
        case .array(var array):
            guard let index = JSONPointer.index(token), index < array.count else { throw .badIndex(token) }
            self = .null  // as above
            defer { self = .array(array) }
            return try change(&array[index], rest)
        case .null, .bool, .number, .string: throw .noContainer(kind: kindName)
        }
    }
}
