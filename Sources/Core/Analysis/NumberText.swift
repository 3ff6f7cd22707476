/// A number as measurements show it: the shortest digits that give the same number again, never an exponent;
/// `NaN`, `+Inf` and `-Inf`.
public func numberText(_ number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
    // Swift's description has the shortest digits too, but an exponent for large and small numbers.
    var digits = number.magnitude.description
    var exponent = 0
    if let mark = digits.firstIndex(where: { $0 == "e" || $0 == "E" }) {
        exponent = Int(digits[digits.index(after: mark)...]) ?? 0
        digits = String(digits[..<mark])
    }
    var whole = digits.prefix { $0 != "." }.map(\.self)
    var fraction = digits.drop { $0 != "." }.dropFirst().map(\.self)
    while exponent > 0 {
        whole.append(fraction.isEmpty ? "0" : fraction.removeFirst())
        exponent -= 1
    }
    while exponent < 0 {
        fraction.insert(whole.popLast() ?? "0", at: 0)
        exponent += 1
    }
    while whole.count > 1, whole.first == "0" { whole.removeFirst() }
    while fraction.last == "0" { fraction.removeLast() }
    let sign = number.sign == .minus ? "-" : ""
    let text = sign + (whole.isEmpty ? "0" : String(whole))
    return fraction.isEmpty ? text : "\(text).\(String(fraction))"
}

/// A list of numbers as measurements show it: `[0.5,1]`.
public func numberListText(_ numbers: [Double]) -> String {
    "[" + numbers.map(numberText).joined(separator: ",") + "]"
}
