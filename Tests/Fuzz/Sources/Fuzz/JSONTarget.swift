import StrictJSON

extension Target {
    /// Any text: the tree parser, the pull reader and an independent grammar agree, and what is written is read as the same.
    static let json = Target(name: "json") { input in
        let parsed: Result<JSONValue, JSONError> = outcome { () throws(JSONError) in try JSONValue(parsing: input) }
        agreesWithGrammar(parsed, input)
        agreesWithReader(parsed, input)
        switch parsed {
        case .failure(let error): isPlaced(error, input)
        case .success(let value):
            isWrittenAndReadAgain(value)
            hasItsParts(value, input)
        }
    }

    /// The result of a throwing call.
    static func outcome<Value, Failure: Error>(_ body: () throws(Failure) -> Value) -> Result<Value, Failure> {
        Result(catching: body)
    }

    private static func isPlaced(_ error: JSONError, _ input: [UInt8]) {
        require((0...input.count).contains(error.offset), "an error is within the text: \(error), offset \(error.offset)")
        let before: ArraySlice<UInt8> = input[..<error.offset]
        require(error.line == 1 + before.count { $0 == 0x0A }, "an error has its line: \(error)")
        let lineStart: Int = (before.lastIndex(of: 0x0A) ?? -1) + 1
        require(error.column == 1 + before[lineStart...].count { $0 & 0xC0 != 0x80 }, "an error has its column: \(error)")
        require(!error.message.isEmpty && error.description.utf8.count < 400 + input.count, "an error says what is wrong: \(error)")
    }

    private static func agreesWithGrammar(_ parsed: Result<JSONValue, JSONError>, _ input: [UInt8]) {
        let isJSON: Bool = JSONGrammar.accepts(input)
        switch parsed {
        case .success: require(isJSON, "what is accepted is JSON")
        case .failure(let error):
            let isOurRule: Bool = error.message.contains("occurs twice") || error.message.contains("nested deeper")
            require(!isJSON || isOurRule, "JSON is accepted: \(error)")
        }
    }

    // MARK: The pull reader

    private static func agreesWithReader(_ parsed: Result<JSONValue, JSONError>, _ input: [UInt8]) {
        let whole: Result<JSONValue, JSONError> = outcome { () throws(JSONError) in
            var reader = JSONReader(input)
            let value = try reader.value()
            try reader.finish()
            return value
        }
        require(whole == parsed, "the reader's value is the parser's: \(whole) \(parsed)")
        let pulled: Result<JSONValue, JSONError> = outcome { () throws(JSONError) in
            var reader = JSONReader(input)
            let value = try Self.pulled(&reader)
            try reader.finish()
            return value
        }
        let digest: Result<UInt64, JSONError> = outcome { () throws(JSONError) in
            var reader = JSONReader(input)
            let digest = try reader.digestOfNextValue()
            try reader.finish()
            return digest
        }
        let raw: Result<[UInt8], JSONError> = outcome { () throws(JSONError) in
            var reader = JSONReader(input)
            let raw = try reader.raw()
            try reader.finish()
            return Array(raw)
        }
        switch (parsed, pulled, digest) {
        case (.success(let value), .success(let other), .success(let digest)):
            require(value == other && value.text() == other.text(), "pulling gives the value in its order")
            require(digest == value.structuralDigest, "the digest of a text is that of its tree")
        case (.failure(let error), .failure(let other), .failure(let third)):
            // The reader looks for the colon before it asks whether the key was there.
            let isLater: Bool = error.message.contains("occurs twice") && other.offset > error.offset
            require(isLater || (error.offset == other.offset && error.message == other.message), "pulling finds the same mistake: \(error) \(other)")
            require(error == third, "the digest finds the same mistake: \(error) \(third)")
        default: broken("parser, reader and digest accept the same: \(parsed) \(pulled) \(digest)")
        }
        switch (parsed, raw) {
        case (.success(let value), .success(let raw)):
            require((try? JSONValue(parsing: raw)) == value, "a captured value is the value")
        case (.failure(let error), .success): require(error.message.contains("occurs twice"), "capturing checks the syntax: \(error)")
        case (.failure(let error), .failure(let other)):
            require(other.offset >= error.offset, "capturing does not stop earlier: \(error) \(other)")
        case (.success, .failure(let error)): broken("what is read can be captured: \(error)")
        }
    }

    private static func pulled(_ reader: inout JSONReader) throws(JSONError) -> JSONValue {
        switch reader.nextKind {
        case .null:
            guard try reader.consumeNull() else { broken("a null is null") }
            return .null
        case .bool: return .bool(try reader.bool())
        case .number: return .number(try number(&reader))
        case .string: return .string(try reader.string())
        case .array: return .array(try reader.array { reader throws(JSONError) in try pulled(&reader) })
        case .object:
            var object = JSONObject()
            try reader.readObject { key, reader throws(JSONError) in object[key] = try pulled(&reader) }
            return .object(object)
        case nil: return try reader.value()
        }
    }

    private static func number(_ reader: inout JSONReader) throws(JSONError) -> JSONNumber {
        var copy = reader
        let number = try reader.number()
        let spelling = String(decoding: try copy.raw(), as: UTF8.self)
        require(JSONNumber(text: spelling) == number, "a number alone is the same number: \(spelling)")
        require(number.double == Double(spelling) ?? .nan, "a number has the nearest double: \(spelling), \(number.double)")
        if let integer = Int64(spelling) { require(number.int64 == integer, "an integer is that integer: \(spelling)") }
        require(JSONNumber(text: number.text) == number, "a number is what it is written as: \(spelling), \(number.text)")
        return number
    }

    // MARK: Writing

    /// All styles, and the digest that does not depend on them.
    static func isWrittenAndReadAgain(_ value: JSONValue) {
        for style in [JSONStyle.compact, .pretty, .sortedKeys, .go, .kubectl] {
            let bytes: [UInt8] = value.serialized(style)
            guard let again = try? JSONValue(parsing: bytes) else { broken("what is written can be read: \(String(decoding: bytes, as: UTF8.self))") }
            require(again == value, "what is written is read as the same: \(value) \(again)")
            require(again.serialized(style) == bytes, "writing it again gives the same text")
            require(again.structuralDigest == value.structuralDigest, "the digest depends on the value alone")
            require(again.hashValue == value.hashValue, "equal values have one hash")
        }
    }

    /// Every part is found at its pointer, and taking it out leaves the others.
    private static func hasItsParts(_ value: JSONValue, _ input: [UInt8]) {
        var left: Int = 64
        visit(value, JSONPointer(tokens: [])) { pointer, part in
            left -= 1
            require(value[pointer] == part, "a part is at its pointer: \(pointer)")
            guard let again = try? JSONPointer(pointer.text) else { broken("a pointer can be read: \(pointer.text)") }
            require(again.tokens.elementsEqual(pointer.tokens) { $0.utf8.elementsEqual($1.utf8) }, "a pointer is what it is written as: \(pointer.text)")
            return left > 0
        }
    }

    /// Calls `body` for every part until it returns false.
    @discardableResult
    static func visit(_ value: JSONValue, _ place: JSONPointer, _ body: (JSONPointer, JSONValue) -> Bool) -> Bool {
        guard body(place, value) else { return false }
        switch value {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                guard visit(element, place.appending(index), body) else { return false }
            }
        case .object(let object):
            for (key, member) in object {
                guard visit(member, place.appending(key), body) else { return false }
            }
        case .null, .bool, .number, .string: break
        }
        return true
    }
}
