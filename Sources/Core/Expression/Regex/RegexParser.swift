/// Reads RE2's syntax.
struct RegexParser {
    private let text: [Unicode.Scalar]
    private var place = 0
    private var flags = Flags()
    private var depth = 0

    /// Groups within each other.
    static let depthLimit = 250
    static let repeatLimit = 1_000

    private struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotTakesNewline = false
    }

    init(_ source: String) { text = Array(source.unicodeScalars) }

    mutating func parse() throws(RegexProblem) -> RegexPiece {
        let piece: RegexPiece = try choice()
        guard place == text.count else { throw RegexProblem("unexpected )", shown(0)) }
        return piece
    }

    private func shown(_ start: Int, _ end: Int? = nil) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text[start..<(end ?? text.count)])
        return String(view)
    }

    private var next: Unicode.Scalar? { place < text.count ? text[place] : nil }

    private mutating func take(_ wanted: String) -> Bool {
        let scalars = Array(wanted.unicodeScalars)
        guard place + scalars.count <= text.count, text[place..<(place + scalars.count)].elementsEqual(scalars) else { return false }
        place += scalars.count
        return true
    }

    private mutating func choice() throws(RegexProblem) -> RegexPiece {
        var branches: [RegexPiece] = []
        repeat { branches.append(try sequence()) } while take("|")
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(RegexProblem) -> RegexPiece {
        var parts: [RegexPiece] = []
        /// Where the last repetition begins, for a second one behind it.
        var repetition: Int?
        while let scalar = next, scalar != "|", scalar != ")" {
            let start: Int = place
            if let (least, most) = try repetitionHere() {
                guard let last = parts.popLast() else { throw RegexProblem("missing argument to repetition operator", shown(start, place)) }
                if let repetition { throw RegexProblem("invalid nested repetition operator", shown(repetition, place)) }
                _ = take("?")
                let piece = RegexPiece.repeated(last, least: least, most: most)
                guard piece.copies <= Self.repeatLimit || (most ?? least) <= 1 else { throw RegexProblem("invalid repeat count", shown(start, place)) }
                parts.append(piece)
                repetition = start
                continue
            }
            repetition = nil
            if let part = try atom() { parts.append(part) }
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    /// An operator here; a brace that is none stands for itself.
    private mutating func repetitionHere() throws(RegexProblem) -> (Int, Int?)? {
        switch next {
        case "*": place += 1; return (0, nil)
        case "+": place += 1; return (1, nil)
        case "?": place += 1; return (0, 1)
        case "{":
            let start: Int = place
            place += 1
            guard let least = number() else { place = start; return nil }
            var most: Int? = least
            if take(",") { most = next == "}" ? nil : number() ?? -1 }
            guard take("}"), most != -1 else { place = start; return nil }
            if least > Self.repeatLimit || most.map({ $0 > Self.repeatLimit || $0 < least }) ?? false {
                throw RegexProblem("invalid repeat count", shown(start, place))
            }
            return (least, most)
        default: return nil
        }
    }

    private mutating func number() -> Int? {
        let start: Int = place
        while let digit = next, ("0"..."9").contains(digit) { place += 1 }
        let digits: String = shown(start, place)
        guard !digits.isEmpty, digits == "0" || digits.first != "0" else { return nil }
        return digits.utf8.count > 8 ? Self.repeatLimit + 1 : Int(digits)
    }

    private mutating func atom() throws(RegexProblem) -> RegexPiece? {
        let start: Int = place
        let scalar: Unicode.Scalar = text[place]
        place += 1
        switch scalar {
        case "(": return try group(start)
        case "[": return .character(try characterClass(start))
        case ".": return .character(flags.dotTakesNewline ? .any : .anyButNewline)
        case "^": return .assertion(flags.isMultiline ? .lineBegin : .textBegin)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "\\": return try escape(start)
        default: return literal(scalar)
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> RegexPiece { .character(folded(CharacterSet(scalar))) }
    private func folded(_ set: CharacterSet) -> CharacterSet { flags.ignoresCase ? set.foldingCase : set }

    // MARK: Groups

    private mutating func group(_ start: Int) throws(RegexProblem) -> RegexPiece? {
        let outer: Flags = flags
        if take("?") {
            if take("P<") || take("<") {
                let name: Int = place
                while let scalar = next, CharacterSet.word.contains(scalar) { place += 1 }
                guard place > name, take(">") else {
                    let end: Int? = text[start...].firstIndex(of: ">")
                    throw RegexProblem("invalid named capture", shown(start, end.map { $0 + 1 }))
                }
            } else if try setsFlags(start) {
                return nil
            }
        }
        depth += 1
        guard depth <= Self.depthLimit else { throw RegexProblem("expression nests too deeply", shown(0)) }
        let piece: RegexPiece = try choice()
        guard take(")") else { throw RegexProblem("missing closing )", shown(0)) }
        depth -= 1
        flags = outer
        return piece
    }

    /// Flags behind `(?`; true where they are all and hold from here on, false where a group follows that they hold in.
    private mutating func setsFlags(_ start: Int) throws(RegexProblem) -> Bool {
        var (isOn, hasFlag): (Bool, Bool) = (true, false)
        while let scalar = next {
            place += 1
            switch scalar {
            case "i": flags.ignoresCase = isOn; hasFlag = true
            case "m": flags.isMultiline = isOn; hasFlag = true
            case "s": flags.dotTakesNewline = isOn; hasFlag = true
            // Which match is preferred does not matter to whether there is one.
            case "U": hasFlag = true
            case "-" where isOn: (isOn, hasFlag) = (false, false)
            case ":", ")":
                guard isOn || hasFlag else { throw RegexProblem("invalid or unsupported Perl syntax", shown(start, place)) }
                return scalar == ")"
            default: throw RegexProblem("invalid or unsupported Perl syntax", shown(start, place))
            }
        }
        throw RegexProblem("invalid or unsupported Perl syntax", shown(start, place))
    }

    // MARK: Escapes

    private mutating func escape(_ start: Int) throws(RegexProblem) -> RegexPiece? {
        switch next {
        case "A": place += 1; return .assertion(.textBegin)
        case "z": place += 1; return .assertion(.textEnd)
        case "b": place += 1; return .assertion(.wordBoundary)
        case "B": place += 1; return .assertion(.noWordBoundary)
        case "Q":
            place += 1
            var parts: [RegexPiece] = []
            while !take("\\E"), let scalar = next {
                place += 1
                parts.append(literal(scalar))
            }
            return parts.isEmpty ? nil : .sequence(parts)
        default: break
        }
        if let set = try escapedClass(start) { return .character(folded(set)) }
        return literal(try escapedScalar(start))
    }

    /// `\d`, `\pL` and their like, behind the backslash.
    private mutating func escapedClass(_ start: Int) throws(RegexProblem) -> CharacterSet? {
        guard let scalar = next else { return nil }
        switch scalar {
        case "d", "D", "s", "S", "w", "W":
            place += 1
            let set: CharacterSet = scalar == "d" || scalar == "D" ? .digit : scalar == "s" || scalar == "S" ? .space : .word
            return ("a"..."z").contains(scalar) ? set : set.negated
        case "p", "P":
            place += 1
            var isNegated: Bool = scalar == "P"
            var name: String = ""
            if take("{") {
                guard let end = text[place...].firstIndex(of: "}") else { throw RegexProblem("invalid character class range", shown(start)) }
                name = shown(place, end)
                place = end + 1
            } else if next != nil {
                name = shown(place, place + 1)
                place += 1
            }
            if name.hasPrefix("^") {
                isNegated.toggle()
                name.removeFirst()
            }
            guard CharacterSet.categoryNames.contains(name) else {
                let isScript: Bool = name.utf8.count > 2 && name.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || $0 == "_" }
                if isScript { throw RegexProblem(unsupported: "the script \(shown(start, place)) is not supported; write its range, such as [\\x{370}-\\x{3FF}]") }
                throw RegexProblem("invalid character class range", shown(start, place))
            }
            var set = CharacterSet()
            set.add(category: name, isNegated: isNegated)
            return set
        default: return nil
        }
    }

    private mutating func escapedScalar(_ start: Int) throws(RegexProblem) -> Unicode.Scalar {
        guard let scalar = next else { throw RegexProblem("trailing backslash at end of expression", "") }
        place += 1
        switch scalar {
        case "a": return "\u{7}"
        case "f": return "\u{C}"
        case "t": return "\t"
        case "n": return "\n"
        case "r": return "\r"
        case "v": return "\u{B}"
        case "0"..."7":
            // Without a further digit it would be a reference to a group.
            guard scalar == "0" || next.map({ ("0"..."7").contains($0) }) ?? false else { break }
            var value: UInt32 = scalar.value - 48
            for _ in 0..<2 {
                guard let digit = next, ("0"..."7").contains(digit) else { break }
                value = value * 8 + digit.value - 48
                place += 1
            }
            if let result = Unicode.Scalar(value) { return result }
        case "x":
            var value: UInt32 = 0
            if take("{") {
                var count = 0
                while let digit = next?.hexValue, value <= 0x10FFFF {
                    value = value * 16 + UInt32(digit)
                    count += 1
                    place += 1
                }
                if count > 0, take("}"), let result = Unicode.Scalar(value) { return result }
            } else if let high = next?.hexValue, place + 1 < text.count, let low = text[place + 1].hexValue {
                place += 2
                return Unicode.Scalar(UInt8(high * 16 + low))
            }
        default:
            if scalar.isASCII, !CharacterSet.word.contains(scalar) || scalar == "_" { return scalar }
        }
        throw RegexProblem("invalid escape sequence", shown(start, min(place, text.count)))
    }

    // MARK: Classes

    private mutating func characterClass(_ start: Int) throws(RegexProblem) -> CharacterSet {
        let isNegated: Bool = take("^")
        var set = CharacterSet()
        var isFirst = true
        while isFirst || next != "]" {
            guard let scalar = next else { throw RegexProblem("missing closing ]", shown(start)) }
            defer { isFirst = false }
            let item: Int = place
            if scalar == "[", place + 1 < text.count, text[place + 1] == ":", let named = try namedClass() {
                set.add(named)
                continue
            }
            if scalar == "\\" {
                place += 1
                if let escaped = try escapedClass(item) {
                    set.add(escaped)
                    continue
                }
                place = item
            }
            let low: Unicode.Scalar = try classScalar(start)
            var high: Unicode.Scalar = low
            if next == "-", place + 1 < text.count, text[place + 1] != "]" {
                place += 1
                high = try classScalar(start)
                guard low <= high else { throw RegexProblem("invalid character class range", shown(item, place)) }
            }
            set.add(low.value...high.value)
        }
        place += 1
        let all: CharacterSet = folded(set)
        return isNegated ? all.negated : all
    }

    private mutating func classScalar(_ start: Int) throws(RegexProblem) -> Unicode.Scalar {
        guard let scalar = next else { throw RegexProblem("missing closing ]", shown(start)) }
        let item: Int = place
        place += 1
        return scalar == "\\" ? try escapedScalar(item) : scalar
    }

    /// `[:alpha:]`; nil where no `:]` follows, and the bracket stands for itself.
    private mutating func namedClass() throws(RegexProblem) -> CharacterSet? {
        var end: Int = place + 2
        while end + 1 < text.count, !(text[end] == ":" && text[end + 1] == "]") { end += 1 }
        guard end + 1 < text.count else { return nil }
        var name: String = shown(place + 2, end)
        let isNegated: Bool = name.hasPrefix("^")
        if isNegated { name.removeFirst() }
        guard let set = CharacterSet.named[name] else { throw RegexProblem("invalid character class range", shown(place, end + 2)) }
        place = end + 2
        return isNegated ? set.negated : set
    }
}
