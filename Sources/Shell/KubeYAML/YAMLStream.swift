import CYAML
import StrictJSON

/// Reads streams of YAML documents.
public enum YAMLStream {
    /// The documents in `bytes`, in order; those without any content (only comments) are left out, as kubectl does.
    ///
    /// - Parameter fileName: what messages call the text: a path, `-` for standard input.
    /// - Throws: the first mistake. Nothing of the stream is handed out then.
    public static func parse(_ bytes: [UInt8], fileName: String, limits: YAMLLimits = .standard) throws(YAMLError) -> [YAMLDocument] {
        guard bytes.count <= limits.maxBytes else {
            throw YAMLError(fileName: fileName, line: 1, column: 1, message: "the text has \(bytes.count) bytes; at most \(limits.maxBytes) are accepted")
        }
        return try bytes.withUnsafeBufferPointer { buffer throws(YAMLError) -> [YAMLDocument] in
            let events = YAMLEvents(buffer, fileName: fileName)
            var composer = YAMLComposer(events: events, fileName: fileName, limits: limits)
            return try composer.documents()
        }
    }

    /// The documents in `text`, in order.
    public static func parse(_ text: String, fileName: String, limits: YAMLLimits = .standard) throws(YAMLError) -> [YAMLDocument] {
        try parse(Array(text.utf8), fileName: fileName, limits: limits)
    }
}

/// One event of libyaml's parser, as a value of ours.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(text: String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }
    var kind: Kind
    var anchor: String?
    var tag: String?
    var line: Int
    var column: Int
}

/// libyaml's parser over bytes that outlive it.
final class YAMLEvents {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeBufferPointer<UInt8>
    private let fileName: String
    private let isInitialized: Bool

    init(_ bytes: UnsafeBufferPointer<UInt8>, fileName: String) {
        self.bytes = bytes
        self.fileName = fileName
        parser = .allocate(capacity: 1)
        isInitialized = yaml_parser_initialize(parser) == 1
        guard isInitialized else { return }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        if isInitialized { yaml_parser_delete(parser) }
        parser.deallocate()
    }

    func next() throws(YAMLError) -> YAMLEvent {
        guard isInitialized else { throw YAMLError(fileName: fileName, line: 1, column: 1, message: "there is no memory left to read YAML") }
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        var result = YAMLEvent(kind: .streamEnd, line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
        switch event.type {
        case YAML_STREAM_START_EVENT: result.kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: result.kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: result.kind = .documentEnd
        case YAML_ALIAS_EVENT: result.kind = .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let value = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            result.kind = .scalar(text: String(decoding: value, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            result.anchor = text(scalar.anchor)
            result.tag = text(scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            result.kind = .sequenceStart
            result.anchor = text(event.data.sequence_start.anchor)
            result.tag = text(event.data.sequence_start.tag)
        case YAML_SEQUENCE_END_EVENT: result.kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            result.kind = .mappingStart
            result.anchor = text(event.data.mapping_start.anchor)
            result.tag = text(event.data.mapping_start.tag)
        case YAML_MAPPING_END_EVENT: result.kind = .mappingEnd
        default: break  // the end of the stream, or "no event", which follows only after it
        }
        return result
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let pointer else { return nil }
        return String(cString: pointer)
    }

    /// libyaml's complaint in our words where we have better ones.
    private func failure() -> YAMLError {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "the text is not YAML"
        if state.error == YAML_READER_ERROR {
            let (line, column) = place(ofByte: Int(state.problem_offset))
            let message =
                problem.contains("control characters")
                ? "a control character (\(state.problem_value)) must be written as an escape in a double-quoted string"
                : "the text is not valid UTF-8; save the file as UTF-8"
            return YAMLError(fileName: fileName, line: line, column: column, message: message)
        }
        if state.error == YAML_MEMORY_ERROR { return YAMLError(fileName: fileName, line: 1, column: 1, message: "there is no memory left to read YAML") }
        var message = problem
        if let context = state.context.map({ String(cString: $0) }) {
            message = "\(problem) (\(context), which began at line \(state.context_mark.line + 1), column \(state.context_mark.column + 1))"
        }
        if let remedy = Self.remedy(for: problem, byte: byte(atLine: Int(state.problem_mark.line), column: Int(state.problem_mark.column))) {
            message += "; " + remedy
        }
        return YAMLError(fileName: fileName, line: Int(state.problem_mark.line) + 1, column: Int(state.problem_mark.column) + 1, message: message)
    }

    private static func remedy(for problem: String, byte: UInt8?) -> String? {
        if problem.contains("cannot start any token") {
            switch byte {
            case UInt8(ascii: "\t"): return "indent with blanks, not with tabs"
            case UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "%"): return "put the text in quotes"
            default: return nil
            }
        }
        if problem.contains("tab character") { return "indent with blanks, not with tabs" }
        if problem.contains("mapping values are not allowed") { return "put a text that contains \": \" in quotes, or check the indentation" }
        if problem.contains("did not find expected key") || problem.contains("did not find expected '-' indicator") {
            return "check the indentation, and that quotes and brackets are closed"
        }
        if problem.contains("could not find expected ':'") { return "write \"key: value\", with a blank after the colon" }
        if problem.contains("alphabetic or numeric character") { return "put a text that begins with \"*\" or \"&\" in quotes" }
        return nil
    }

    private func place(ofByte offset: Int) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }

    /// The first byte of a character, for remedies.
    private func byte(atLine line: Int, column: Int) -> UInt8? {
        var remaining = line
        var index = bytes.startIndex
        while remaining > 0, index < bytes.endIndex {
            if bytes[index] == 0x0A { remaining -= 1 }
            index += 1
        }
        var left = column
        while left > 0, index < bytes.endIndex {
            index += 1
            while index < bytes.endIndex, bytes[index] & 0xC0 == 0x80 { index += 1 }
            left -= 1
        }
        return index < bytes.endIndex ? bytes[index] : nil
    }
}
