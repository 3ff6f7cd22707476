import KubeYAML
import StrictJSON

extension Target {
    /// Any text: YAML is read or refused with a place, and what was read can be written and read as the same.
    static let yaml = Target(name: "yaml") { input in
        switch outcome({ () throws(YAMLError) in try YAMLStream.parse(input, fileName: "f") }) {
        case .failure(let error):
            isPlaced(error, input)
        case .success(let documents):
            for document in documents {
                require(document.json == document.root.json, "a document's value is that of its nodes")
                isWrittenAsYAML(document.json)
                hasPlaces(document, input)
            }
            areWrittenAsStream(documents.map(\.json))
        }
        // JSON is YAML, but for tabs and escapes; and every value can be written.
        if let value = try? JSONValue(parsing: input) { isWrittenAsYAML(value) }
    }

    /// Values made from the bytes: written as YAML they are read as the same, alone and in a stream.
    static let document = Target(name: "document") { input in
        var source = ByteSource(input)
        var documents: [JSONValue] = []
        while !source.isEmpty, documents.count < 4 { documents.append(source.value(depth: 5)) }
        for document in documents {
            isWrittenAsYAML(document)
            isWrittenAndReadAgain(document)
        }
        areWrittenAsStream(documents)
    }

    private static func isPlaced(_ error: YAMLError, _ input: [UInt8]) {
        let lines: Int = 1 + YAMLLines.breaks(in: input)
        require((1...(lines + 1)).contains(error.line), "an error is on a line of the text: \(error), \(lines) lines")
        require((1...(input.count + 1)).contains(error.column), "an error is within the text: \(error)")
        require(!error.message.isEmpty, "an error says what is wrong")
    }

    private static func isWrittenAsYAML(_ value: JSONValue) {
        for sorts in [false, true] {
            let text: String = YAML.text(value, sortsKeys: sorts)
            let again: [YAMLDocument]
            do throws(YAMLError) { again = try YAMLStream.parse(text, fileName: "f") } catch { broken("what is written can be read: \(error)\n\(value)\n\(text)") }
            require(again.count == 1, "a value is one document: \(value)\n\(text)")
            require(again[0].json == value, "what is written is read as the same: \(value)\n\(text)\n\(again[0].json)")
            require(YAML.text(again[0].json, sortsKeys: sorts) == text, "writing it again gives the same text")
        }
    }

    private static func areWrittenAsStream(_ documents: [JSONValue]) {
        let text: String = YAML.text(documents: documents)
        let again: [YAMLDocument]
        do throws(YAMLError) { again = try YAMLStream.parse(text, fileName: "f") } catch { broken("a stream that is written can be read: \(error)\n\(text)") }
        require(again.map(\.json) == documents, "a stream is read as the same documents: \(documents)\n\(text)")
    }

    private static func hasPlaces(_ document: YAMLDocument, _ input: [UInt8]) {
        // What is left out at the very end stands on a line of its own.
        let lines: Int = 2 + YAMLLines.breaks(in: input)
        var left: Int = 48
        visit(document.json, JSONPointer(tokens: [])) { pointer, _ in
            left -= 1
            guard let place = document.location(of: pointer) else { broken("every value has a place: \(pointer)") }
            require((1...lines).contains(place.line) && (1...(input.count + 1)).contains(place.column), "a place is within the text: \(pointer) \(place)")
            let beside: JSONPointer = pointer.appending("no such member")
            require(document.location(of: beside) == nil, "what is not there has no place: \(beside)")
            require(document.nearestLocation(of: beside) == place, "the nearest is the parent's: \(beside)")
            return left > 0
        }
    }
}

/// Lines as YAML counts them.
enum YAMLLines {
    /// Line feeds, carriage returns, both together, and Unicode's separators.
    static func breaks(in bytes: [UInt8]) -> Int {
        var count: Int = 0
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x0A: if index == 0 || bytes[index - 1] != 0x0D { count += 1 }
            case 0x0D, 0x85, 0xA8, 0xA9: count += 1
            default: break
            }
        }
        return count
    }
}
