import StrictJSON

/// Writes YAML.
public enum YAML {
    /// `value` in block style as kubectl prints it: lists not indented below their key, quotes only where the text would
    /// otherwise be read as something else, texts of several lines as literal blocks. Reading it gives `value` again.
    ///
    /// - Parameter sortsKeys: members in the order of their keys' bytes, as kubectl prints them, instead of their own.
    public static func text(_ value: JSONValue, sortsKeys: Bool = false) -> String {
        var writer = YAMLWriter(sortsKeys: sortsKeys)
        writer.writeDocument(value)
        return String(decoding: writer.out, as: UTF8.self)
    }

    /// Several documents in one stream, separated by `---`.
    public static func text(documents: [JSONValue], sortsKeys: Bool = false) -> String {
        documents.map { text($0, sortsKeys: sortsKeys) }.joined(separator: "---\n")
    }
}

/// Appends values to a buffer, in block style.
private struct YAMLWriter {
    let sortsKeys: Bool
    var out: [UInt8] = []

    init(sortsKeys: Bool) { self.sortsKeys = sortsKeys }

    mutating func writeDocument(_ value: JSONValue) {
        switch value {
        case .object(let object) where !object.isEmpty: writeMembers(object, indent: 0, continuesLine: false)
        case .array(let array) where !array.isEmpty: writeElements(array, indent: 0, continuesLine: false)
        case .null, .bool, .number, .string, .array, .object: writeLeaf(value, indent: 2)
        }
    }

    /// - Parameter continuesLine: whether the first member stands on the line that was begun, after `- `.
    private mutating func writeMembers(_ object: JSONObject, indent: Int, continuesLine: Bool) {
        var continues = continuesLine
        for (key, value) in sortsKeys ? object.sortedByKey() : object {
            if !continues { pad(indent) }
            continues = false
            let name = YAMLScalarStyle.key(key)
            // A parser looks for the colon only so far.
            if name.utf8.count > 512 {
                append("? \(name)\n")
                pad(indent)
            } else {
                append(name)
            }
            append(":")
            switch value {
            case .object(let object) where !object.isEmpty:
                append("\n")
                writeMembers(object, indent: indent + 2, continuesLine: false)
            case .array(let array) where !array.isEmpty:
                append("\n")
                writeElements(array, indent: indent, continuesLine: false)
            case .null, .bool, .number, .string, .array, .object:
                append(" ")
                writeLeaf(value, indent: indent + 2)
            }
        }
    }

    private mutating func writeElements(_ array: [JSONValue], indent: Int, continuesLine: Bool) {
        var continues = continuesLine
        for element in array {
            if !continues { pad(indent) }
            continues = false
            append("- ")
            switch element {
            case .object(let object) where !object.isEmpty: writeMembers(object, indent: indent + 2, continuesLine: true)
            case .array(let array) where !array.isEmpty: writeElements(array, indent: indent + 2, continuesLine: true)
            case .null, .bool, .number, .string, .array, .object: writeLeaf(element, indent: indent + 2)
            }
        }
    }

    /// Writes what fits behind a key or dash, and the end of the line.
    private mutating func writeLeaf(_ value: JSONValue, indent: Int) {
        switch value {
        case .null: append("null")
        case .bool(let bool): append(bool ? "true" : "false")
        case .number(let number): append(number.text)
        case .array: append("[]")
        case .object: append("{}")
        case .string(let text):
            if YAMLScalarStyle.canBeLiteral(text) { return writeLiteral(text, indent: indent) }
            append(YAMLScalarStyle.flow(text))
        }
        append("\n")
    }

    private mutating func writeLiteral(_ text: String, indent: Int) {
        let bytes = Array(text.utf8)
        let trailing = bytes.reversed().prefix { $0 == 0x0A }.count
        append(trailing == 0 ? "|-\n" : (trailing == 1 ? "|\n" : "|+\n"))
        let lines = (trailing > 0 ? bytes.dropLast() : bytes[...]).split(separator: 0x0A, omittingEmptySubsequences: false)
        for line in lines {
            if !line.isEmpty { pad(indent) }
            out += line
            append("\n")
        }
    }

    private mutating func pad(_ indent: Int) { out.append(contentsOf: repeatElement(0x20, count: indent)) }

    private mutating func append(_ text: String) { out.append(contentsOf: text.utf8) }
}
