import StrictJSON

extension Target {
    /// Two values and patches between them, made from the bytes: merge patches and JSON patches keep their laws, and JSON
    /// patches do what a plain reading of RFC 6902 does.
    static let patch = Target(name: "patch") { input in
        var source = ByteSource(input)
        let from: JSONValue = source.value()
        let to: JSONValue = source.once(in: 3) ? source.value() : nearby(from, &source)
        isMerged(from, to)
        isMerged(to, from)
        let patch = JSONPatch((0..<source.below(6)).map { _ in operation(on: from, &source) })
        isSpelled(patch)
        doesWhatIsWritten(patch, to: from)
        doesWhatIsWritten(patch, to: to)
        hasOneSpelling(&source, in: from)
    }

    /// The value with a few members changed.
    private static func nearby(_ value: JSONValue, _ source: inout ByteSource) -> JSONValue {
        switch value {
        case .object(let object):
            var changed = JSONObject()
            for (key, member) in object {
                switch source.below(5) {
                case 0: break
                case 1: changed[key] = source.value(depth: 2)
                case 2: changed[key] = nearby(member, &source)
                default: changed[key] = member
                }
            }
            if source.once(in: 3) { changed[source.text()] = source.value(depth: 2) }
            return .object(changed)
        case .array(let array) where !array.isEmpty && source.once(in: 2): return .array(array.reversed())
        case .null, .bool, .number, .string, .array: return source.once(in: 3) ? source.value(depth: 2) : value
        }
    }

    // MARK: Merge patches

    private static func isMerged(_ from: JSONValue, _ to: JSONValue) {
        let patch: JSONValue? = JSONValue.mergePatch(from: from, to: to)
        require((patch == nil) == (from == to), "there is a patch exactly where there is a difference")
        guard let patch else { return }
        let merged: JSONValue = from.applying(mergePatch: patch)
        require(merged == plainMerge(from, patch), "a merge is the one of RFC 7386: \(from) \(patch)")
        require(merged.applying(mergePatch: patch) == merged, "a merge patch applied again changes nothing: \(from) \(patch)")
        require(plainMerge(from, to) == from.applying(mergePatch: to), "any value is a merge patch: \(from) \(to)")
        if !hasNullMember(to) { require(merged == to, "the patch leads there: \(from) \(to) \(patch)") }
        require(from.applying(mergePatch: [:]) == (from.objectValue == nil ? [:] : from), "an empty patch changes no object")
    }

    /// Along the objects from the root: a merge patch can't say null there.
    private static func hasNullMember(_ value: JSONValue) -> Bool {
        guard case .object(let object) = value else { return false }
        return object.contains { $0.value.isNull || hasNullMember($0.value) }
    }

    /// RFC 7386, section 2, line by line.
    private static func plainMerge(_ target: JSONValue, _ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result: JSONObject = target.objectValue ?? JSONObject()
        for (name, value) in changes {
            if value.isNull {
                result[name] = nil
            } else {
                result[name] = plainMerge(result[name] ?? .null, value)
            }
        }
        return .object(result)
    }

    // MARK: JSON patches

    private static func operation(on value: JSONValue, _ source: inout ByteSource) -> JSONPatch.Operation {
        let place: JSONPointer = pointer(in: value, &source)
        switch source.below(7) {
        case 0: return .add(place, source.value(depth: 2))
        case 1: return .remove(place)
        case 2: return .replace(place, source.value(depth: 2))
        case 3: return .move(from: pointer(in: value, &source), to: place)
        case 4: return .copy(from: pointer(in: value, &source), to: place)
        case 5: return .test(place, value[place] ?? source.value(depth: 1))
        default: return .test(place, source.value(depth: 1))
        }
    }

    /// Mostly a place that is there, or beside one.
    private static func pointer(in value: JSONValue, _ source: inout ByteSource) -> JSONPointer {
        var place = JSONPointer(tokens: [])
        var value: JSONValue = value
        for _ in 0..<source.below(5) {
            switch value {
            case .object(let object) where !object.isEmpty && !source.once(in: 6): place = place.appending(source.pick(object.keys))
            case .array(let array) where !source.once(in: 8): place = place.appending(source.below(array.count + 1))
            case .array: place = place.appending(source.pick(["-", "01", "", "-1", "99999999999999999999", "1"]))
            case .null, .bool, .number, .string, .object: place = place.appending(source.text())
            }
            guard let next = value[place.tokens.last.map { JSONPointer(tokens: [$0]) } ?? place] else { return place }
            value = next
        }
        return place
    }

    private static func isSpelled(_ patch: JSONPatch) {
        guard let again = try? JSONPatch(json: patch.json) else { broken("a patch can be read: \(patch.json)") }
        require(again == patch, "a patch is what it is written as: \(patch.json)")
    }

    private static func doesWhatIsWritten(_ patch: JSONPatch, to value: JSONValue) {
        let expected: (value: JSONValue?, failed: Int) = PlainPatch.apply(patch, to: value)
        switch outcome({ () throws(JSONPatchError) in try patch.applied(to: value) }) {
        case .success(let result):
            require(expected.value == result, "a patch does what RFC 6902 says: \(value) \(patch.json) \(result)")
            isWrittenAndReadAgain(result)
        case .failure(let error):
            require(expected.value == nil, "a patch is applied where RFC 6902 applies it: \(value) \(patch.json) \(error)")
            require(error.operation == expected.failed, "a patch fails at the first operation that cannot be done: \(error)")
            require(!error.description.isEmpty, "a failure has words")
        }
    }

    // MARK: Pointers

    /// Any text is a pointer with exactly that spelling, or none.
    private static func hasOneSpelling(_ source: inout ByteSource, in value: JSONValue) {
        let text: String = source.once(in: 2) ? source.text() : "/" + source.text() + "/" + source.text()
        switch outcome({ () throws(JSONPointerError) in try JSONPointer(text) }) {
        case .success(let pointer):
            require(pointer.text.utf8.elementsEqual(text.utf8), "a pointer has one spelling: \(text)")
            _ = value[pointer]
        case .failure(let error):
            let isWrong: Bool = !text.utf8.starts(with: "/".utf8) || text.replacing("~0", with: "").replacing("~1", with: "").utf8.contains(UInt8(ascii: "~"))
            require(isWrong && !error.description.isEmpty, "what is refused is no pointer: \(text)")
        }
    }
}
