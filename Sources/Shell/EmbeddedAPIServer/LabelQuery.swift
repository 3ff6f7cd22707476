/// The label selector of a query: `app=web,tier in (a,b),!legacy,size>3`.
///
/// - SeeAlso: Kubernetes, `k8s.io/apimachinery/pkg/labels/selector.go`, whose grammar and words these are.
struct LabelQuery: Sendable {
    private var requirements: [Requirement] = []

    private struct Requirement: Sendable {
        var key: String
        var comparison: Comparison
        var values: [String] = []
    }

    private enum Comparison: Sendable { case any, none, among, notAmong, greater, less }

    /// Nothing is required.
    init() {}

    var isEmpty: Bool { requirements.isEmpty }

    /// Whether an object with these labels is selected.
    func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            let value = labels[requirement.key]
            switch requirement.comparison {
            case .any: return value != nil
            case .none: return value == nil
            case .among: return value.map { requirement.values.contains($0) } ?? false
            case .notAmong: return value.map { !requirement.values.contains($0) } ?? true
            case .greater, .less:
                guard let number = value.flatMap({ Int64($0) }), let limit = Int64(requirement.values[0]) else { return false }
                return requirement.comparison == .greater ? number > limit : number < limit
            }
        }
    }

    /// What is wrong with a selector, in the server's words.
    struct Failure: Error { var message: String }

    /// Reads a selector.
    init(parsing text: String) throws(Failure) {
        var reader = TokenReader(text)
        while true {
            let next = reader.peek()
            if next == .end { return }
            guard next.isIdentifier || next == .symbol("!") else {
                throw Failure(message: "found '\(next.text)', expected: !, identifier, or 'end of string'")
            }
            do {
                requirements.append(try Self.requirement(&reader))
            } catch {
                throw Failure(message: "unable to parse requirement: \(error.message)")
            }
            let separator = reader.next()
            if separator == .end { return }
            guard separator == .symbol(",") else { throw Failure(message: "found '\(separator.text)', expected: ',' or 'end of string'") }
            let following = reader.peek()
            guard following.isIdentifier || following == .symbol("!") else {
                throw Failure(message: "found '\(following.text)', expected: identifier after ','")
            }
        }
    }

    private static func requirement(_ reader: inout TokenReader) throws(Failure) -> Requirement {
        var first = reader.next()
        let isNegated = first == .symbol("!")
        if isNegated { first = reader.next() }
        guard case .identifier(let key) = first else { throw Failure(message: "found '\(first.text)', expected: identifier") }
        let complaints = qualifiedNameComplaints(key)
        guard complaints.isEmpty else { throw Failure(message: "invalid label key \"\(key)\": \(complaints.joined(separator: "; "))") }
        if isNegated { return Requirement(key: key, comparison: .none) }
        if reader.peek() == .end || reader.peek() == .symbol(",") { return Requirement(key: key, comparison: .any) }
        let comparison = reader.next()
        var values: [String]
        var result: Requirement
        switch comparison {
        case .identifier("in"), .identifier("notin"):
            values = try list(&reader)
            result = Requirement(key: key, comparison: comparison.text == "in" ? .among : .notAmong)
        case .symbol("="), .symbol("=="), .symbol("!="), .symbol(">"), .symbol("<"):
            values = [try exact(&reader)]
            switch comparison.text {
            case ">": result = Requirement(key: key, comparison: .greater)
            case "<": result = Requirement(key: key, comparison: .less)
            default: result = Requirement(key: key, comparison: comparison.text == "!=" ? .notAmong : .among)
            }
            if result.comparison == .greater || result.comparison == .less, Int64(values[0]) == nil {
                throw Failure(message: "for 'Gt', 'Lt' operators, the value must be an integer")
            }
        default: throw Failure(message: "found '\(comparison.text)', expected: '=', '!=', '==', 'in', notin'")
        }
        for value in values {
            let complaints = labelValueComplaints(value)
            guard complaints.isEmpty else {
                throw Failure(message: "invalid label value: \"\(value)\": at key: \"\(key)\": \(complaints.joined(separator: "; "))")
            }
        }
        result.values = values
        return result
    }

    private static func exact(_ reader: inout TokenReader) throws(Failure) -> String {
        if reader.peek() == .end || reader.peek() == .symbol(",") { return "" }
        let token = reader.next()
        guard case .identifier(let value) = token else { throw Failure(message: "found '\(token.text)', expected: identifier") }
        return value
    }

    private static func list(_ reader: inout TokenReader) throws(Failure) -> [String] {
        let opening = reader.next()
        guard opening == .symbol("(") else { throw Failure(message: "found '\(opening.text)' expected: '('") }
        var values: [String] = []
        var isValueDue = true
        while true {
            let token = reader.next()
            switch token {
            case .identifier(let value) where isValueDue:
                values.append(value)
                isValueDue = false
            case .symbol(","):
                if isValueDue { values.append("") }
                isValueDue = true
            case .symbol(")"):
                if isValueDue { values.append("") }
                return values
            default: throw Failure(message: "found '\(token.text)', expected: ',' or ')'")
            }
        }
    }
}

/// The words and signs of a selector.
private struct TokenReader {
    enum Token: Equatable {
        case end
        case identifier(String)
        case symbol(String)

        var text: String {
            switch self {
            case .end: ""
            case .identifier(let text), .symbol(let text): text
            }
        }

        var isIdentifier: Bool {
            if case .identifier = self { return true }
            return false
        }
    }

    private var rest: Substring

    init(_ text: String) { rest = text[...] }

    func peek() -> Token {
        var copy = self
        return copy.next()
    }

    mutating func next() -> Token {
        while let first = rest.first, Self.isSpace(first) { rest.removeFirst() }
        guard let first = rest.first else { return .end }
        if Self.signs.contains(first) {
            let two = String(rest.prefix(2))
            let sign = two == "==" || two == "!=" ? two : String(first)
            rest.removeFirst(sign.count)
            return .symbol(sign)
        }
        let word = String(rest.prefix { !Self.signs.contains($0) && !Self.isSpace($0) })
        rest.removeFirst(word.count)
        return .identifier(word)
    }

    private static let signs: Set<Character> = ["=", "!", "(", ")", ",", ">", "<"]

    private static func isSpace(_ character: Character) -> Bool { [" ", "\t", "\r", "\n"].contains(character) }
}
