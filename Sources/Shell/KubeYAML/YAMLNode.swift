import StrictJSON

/// A value in a YAML text, with its place. Aliases are followed and merge keys resolved already.
public struct YAMLNode: Sendable, Equatable {
    /// What stands there.
    public var content: Content
    /// From 1.
    public var line: Int
    /// In characters, from 1.
    public var column: Int

    /// The three kinds of nodes.
    public enum Content: Sendable, Equatable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([Member])
    }

    /// One entry of a mapping.
    public struct Member: Sendable, Equatable {
        /// The key as the JSON object has it.
        public var name: String
        /// The key as it was written.
        public var key: YAMLNode
        /// The value; for an alias or a merged member its place is that of the anchored value.
        public var value: YAMLNode
    }

    /// The value of the member `name`; nil unless this is a mapping that has it.
    public subscript(name: String) -> YAMLNode? { member(name)?.value }

    /// The element at `index`; nil unless this is a sequence that reaches so far.
    public subscript(index: Int) -> YAMLNode? {
        guard case .sequence(let elements) = content, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    func member(_ name: String) -> Member? {
        guard case .mapping(let members) = content else { return nil }
        return members.first { $0.name == name && $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The node as JSON.
    public var json: JSONValue {
        switch content {
        case .scalar(let scalar): return scalar.json
        case .sequence(let elements): return .array(elements.map(\.json))
        case .mapping(let members): return .object(JSONObject(members.map { (key: $0.name, value: $0.value.json) }))
        }
    }
}

/// A value without parts.
public struct YAMLScalar: Sendable, Equatable {
    /// The text after unquoting and unfolding.
    public var text: String
    /// Whether it was written without quotes and not as a block, so that its type was taken from its looks.
    public var isPlain: Bool
    /// The tag as it was written, in its long form; nil if there was none.
    public var tag: String?
    /// What it means.
    public var json: JSONValue
}

/// One document of a stream.
public struct YAMLDocument: Sendable, Equatable {
    /// The name of the stream that it came from.
    public var fileName: String
    /// The value with its places.
    public var root: YAMLNode
    /// The value.
    public var json: JSONValue

    /// Where the value at `pointer` was written, from 1: for a mapping or sequence its key, else the value itself. Nil if
    /// there is no such value.
    public func location(of pointer: JSONPointer) -> (line: Int, column: Int)? {
        let (place, found) = walk(pointer)
        return found == pointer.tokens.count ? place : nil
    }

    /// Where the value at `pointer` was written or, if it is missing, what is nearest to it: its closest ancestor.
    public func nearestLocation(of pointer: JSONPointer) -> (line: Int, column: Int) { walk(pointer).place }

    private func walk(_ pointer: JSONPointer) -> (place: (line: Int, column: Int), found: Int) {
        var node = root
        var place = (line: root.line, column: root.column)
        for (found, token) in pointer.tokens.enumerated() {
            switch node.content {
            case .mapping:
                guard let member = node.member(token) else { return (place, found) }
                node = member.value
                if case .scalar = node.content { place = (node.line, node.column) } else { place = (member.key.line, member.key.column) }
            case .sequence:
                guard let index = Int(token), String(index) == token, let element = node[index] else { return (place, found) }
                node = element
                place = (node.line, node.column)
            case .scalar: return (place, found)
            }
        }
        return (place, pointer.tokens.count)
    }
}
