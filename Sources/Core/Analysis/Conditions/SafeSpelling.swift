import Expression

extension Condition {
    /// The text with `result[0]` in place of a bare `result`, where that is a condition for a vector; nil where it is none.
    public var spellingForFirstSample: String? {
        let spelling = firstSampleSpelling(of: text)
        return spelling != text && Condition(name, spelling).problem(for: .vector) == nil ? spelling : nil
    }
}

/// `result` replaced by `result[0]` wherever it stands as a name of its own, outside of texts in quotes.
func firstSampleSpelling(of condition: String) -> String {
    func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "$" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
    let scalars = Array(condition.unicodeScalars)
    var output = String.UnicodeScalarView()
    var index = 0
    var quote: Unicode.Scalar?
    while index < scalars.count {
        let scalar = scalars[index]
        if let open = quote {
            output.append(scalar)
            if scalar == "\\", open != "`", index + 1 < scalars.count {
                index += 1
                output.append(scalars[index])
            } else if scalar == open {
                quote = nil
            }
            index += 1
        } else if isNamePart(scalar) {
            var word = String.UnicodeScalarView()
            let isMember = index > 0 && (scalars[index - 1] == "." || scalars[index - 1] == "#")
            while index < scalars.count, isNamePart(scalars[index]) {
                word.append(scalars[index])
                index += 1
            }
            output.append(contentsOf: word)
            if String(word) == ExpressionEnvironment.resultName, !isMember { output.append(contentsOf: "[0]".unicodeScalars) }
        } else {
            if scalar == "\"" || scalar == "'" || scalar == "`" { quote = scalar }
            output.append(scalar)
            index += 1
        }
    }
    return String(output)
}
