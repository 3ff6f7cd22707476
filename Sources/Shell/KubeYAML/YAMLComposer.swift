import StrictJSON

/// Events to documents: follows aliases, resolves merge keys, gives scalars their types, refuses duplicate keys.
struct YAMLComposer {
    let events: YAMLEvents
    let fileName: String
    let limits: YAMLLimits
    private var anchors: [String: Composed] = [:]
    private var aliasedNodes = 0

    init(events: YAMLEvents, fileName: String, limits: YAMLLimits) {
        self.events = events
        self.fileName = fileName
        self.limits = limits
    }

    /// A node with what its expansion costs.
    private struct Composed {
        var node: YAMLNode
        /// Nodes within it, itself included, aliases followed.
        var size: Int
        /// Levels of mappings and sequences within it, itself included.
        var height: Int
    }

    mutating func documents() throws(YAMLError) -> [YAMLDocument] {
        var documents: [YAMLDocument] = []
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return documents
            case .documentStart:
                anchors = [:]
                let first = try events.next()
                let root = try compose(first, depth: 0).node
                _ = try events.next()  // the end of the document
                if case .scalar(let text, true) = first.kind, text.isEmpty, first.tag == nil { continue }
                documents.append(YAMLDocument(fileName: fileName, root: root, json: root.json))
            case .streamStart, .documentEnd, .alias, .scalar, .sequenceStart, .sequenceEnd, .mappingStart, .mappingEnd: continue
            }
        }
    }

    private mutating func compose(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Composed {
        var composed: Composed
        switch event.kind {
        case .alias(let name): return try follow(name, event, depth: depth)
        case .scalar(let text, let isPlain):
            let scalar = try resolved(text, isPlain: isPlain, event)
            composed = Composed(node: YAMLNode(content: .scalar(scalar), line: event.line, column: event.column), size: 1, height: 0)
        case .sequenceStart: composed = try composeSequence(event, depth: depth)
        case .mappingStart: composed = try composeMapping(event, depth: depth)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw failure(event, "expected a value")
        }
        if let anchor = event.anchor { anchors[anchor] = composed }
        return composed
    }

    private mutating func follow(_ name: String, _ event: YAMLEvent, depth: Int) throws(YAMLError) -> Composed {
        guard let target = anchors[name] else {
            throw failure(event, "\"*\(name)\" refers to an anchor that is not complete before it; write \"&\(name)\" in front of the value that is meant, further up and not around this place")
        }
        aliasedNodes += target.size
        guard aliasedNodes <= limits.maxAliasedNodes else {
            throw failure(event, "the aliases stand for more than \(limits.maxAliasedNodes) values; write out what is really needed")
        }
        guard depth + target.height <= limits.maxDepth else { throw tooDeep(event) }
        return target
    }

    private mutating func composeSequence(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> Composed {
        guard depth < limits.maxDepth else { throw tooDeep(start) }
        var elements: [YAMLNode] = []
        var size = 1
        var height = 0
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let element = try compose(event, depth: depth + 1)
            elements.append(element.node)
            size += element.size
            height = max(height, element.height)
        }
        return Composed(node: YAMLNode(content: .sequence(elements), line: start.line, column: start.column), size: size, height: height + 1)
    }

    private mutating func composeMapping(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> Composed {
        guard depth < limits.maxDepth else { throw tooDeep(start) }
        var members: [YAMLNode.Member] = []
        var merged: [YAMLNode.Member] = []
        var places: [Name: YAMLNode] = [:]
        var mergeKey: YAMLNode?
        var size = 1
        var height = 0
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try compose(event, depth: depth + 1).node
            let value = try compose(try events.next(), depth: depth + 1)
            size += value.size + 1
            height = max(height, value.height)
            if isMergeKey(key) {
                if let mergeKey { throw duplicate("<<", mergeKey, key) }
                mergeKey = key
                merged = try mergedMembers(of: value.node, event)
                continue
            }
            let name = try memberName(key)
            if let earlier = places.updateValue(key, forKey: Name(text: name)) { throw duplicate(name, earlier, key) }
            members.append(YAMLNode.Member(name: name, key: key, value: value.node))
        }
        // What is written in the mapping itself wins over what is merged, and of several merged mappings the first one.
        for member in merged where places.updateValue(member.key, forKey: Name(text: member.name)) == nil { members.append(member) }
        return Composed(node: YAMLNode(content: .mapping(members), line: start.line, column: start.column), size: size, height: height + 1)
    }

    private func isMergeKey(_ key: YAMLNode) -> Bool {
        guard case .scalar(let scalar) = key.content, scalar.text == "<<" else { return false }
        return (scalar.isPlain && scalar.tag == nil) || scalar.tag == "tag:yaml.org,2002:merge"
    }

    private func mergedMembers(of value: YAMLNode, _ event: YAMLEvent) throws(YAMLError) -> [YAMLNode.Member] {
        switch value.content {
        case .mapping(let members): return members
        case .sequence(let elements):
            var all: [YAMLNode.Member] = []
            for element in elements {
                guard case .mapping(let members) = element.content else { throw failure(event, "\"<<\" merges mappings; an element of its list is none") }
                all += members
            }
            return all
        case .scalar: throw failure(event, "\"<<\" merges a mapping or a list of mappings; its value is neither")
        }
    }

    private func memberName(_ key: YAMLNode) throws(YAMLError) -> String {
        guard case .scalar(let scalar) = key.content else {
            throw failure(key, "a key must be a text; this one is a \(isSequence(key) ? "sequence" : "mapping") (a value that begins with a brace, such as \"{{ … }}\", must be put in quotes)")
        }
        switch scalar.json {
        case .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .number(let number): return YAMLScalarRules.keyText(number)
        case .null, .array, .object: throw failure(key, "a key must be a text; this one is null; put it in quotes if the word is meant")
        }
    }

    private func isSequence(_ node: YAMLNode) -> Bool {
        if case .sequence = node.content { return true }
        return false
    }

    private func resolved(_ text: String, isPlain: Bool, _ event: YAMLEvent) throws(YAMLError) -> YAMLScalar {
        do throws(YAMLScalarRules.Refusal) {
            let json = try YAMLScalarRules.value(of: text, isPlain: isPlain, tag: event.tag)
            return YAMLScalar(text: text, isPlain: isPlain, tag: event.tag, json: json)
        } catch { throw failure(event, error.message) }
    }

    // MARK: Errors

    private func duplicate(_ name: String, _ earlier: YAMLNode, _ later: YAMLNode) -> YAMLError {
        failure(
            later,
            "the key \"\(name)\" occurs twice in this mapping, at line \(earlier.line), column \(earlier.column) and at line \(later.line), column \(later.column); remove one of them")
    }

    private func tooDeep(_ event: YAMLEvent) -> YAMLError { failure(event, "mappings and sequences are nested deeper than \(limits.maxDepth) levels") }

    private func failure(_ event: YAMLEvent, _ message: String) -> YAMLError {
        YAMLError(fileName: fileName, line: event.line, column: event.column, message: message)
    }

    private func failure(_ node: YAMLNode, _ message: String) -> YAMLError {
        YAMLError(fileName: fileName, line: node.line, column: node.column, message: message)
    }

    /// A key by its bytes; `String ==` would take canonically equivalent keys for duplicates.
    private struct Name: Hashable {
        let text: String
        static func == (left: Name, right: Name) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
        func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
    }
}
