/// What the name of an object may look like.
enum NameRule: Sendable {
    /// RFC 1123 subdomain: most kinds.
    case subdomain
    /// RFC 1123 label: namespaces.
    case label
    /// Whatever fits into a path: Events.
    case pathSegment
    /// RFC 1035 label: Services.
    case serviceLabel

    /// What is wrong with `name`, in the server's words.
    func complaints(about name: String) -> [String] {
        switch self {
        case .subdomain:
            return lengthComplaint(name, limit: 253) + (isSubdomain(name) ? [] : [Self.subdomainText])
        case .pathSegment:
            if name == "." || name == ".." { return ["may not be '\(name)'"] }
            return ["/", "%"].filter { name.contains($0) }.map { "may not contain '\($0)'" }
        case .label:
            return lengthComplaint(name, limit: 63) + (isLabel(name[...]) ? [] : [Self.labelText])
        case .serviceLabel:
            let startsWithLetter = name.utf8.first.map { isLowerLetter($0) } ?? false
            return lengthComplaint(name, limit: 63) + (startsWithLetter && isLabel(name[...]) ? [] : [Self.serviceLabelText])
        }
    }

    private static let subdomainText =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
        + "an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + #"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#
    private static let labelText =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    private static let serviceLabelText =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with "
        + "an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
}

private func lengthComplaint(_ text: String, limit: Int) -> [String] {
    text.utf8.count > limit ? ["must be no more than \(limit) characters"] : []
}

private func isLowerLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

/// Lower-case letters, digits and dashes, no dash at either end.
private func isLabel(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    return first != UInt8(ascii: "-") && last != UInt8(ascii: "-")
        && text.utf8.allSatisfy { isLowerLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
}

private func isSubdomain(_ text: String) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabel($0) }
}

/// Letters, digits, `-`, `_`, `.`; letters or digits at both ends.
private func isQualifiedPart(_ text: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool { isLowerLetter(byte | 0x20) || isDigit(byte) }
    guard let first = text.utf8.first, let last = text.utf8.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
    return text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
}

private let qualifiedText =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

private let labelValueText =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    + "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

/// What is wrong with a key of labels or annotations, or with a finalizer: `prefix/name` with an optional prefix.
func qualifiedNameComplaints(_ key: String) -> [String] {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count > 2 {
        return ["a qualified name \(qualifiedText) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    }
    var complaints: [String] = []
    if parts.count == 2 {
        let prefix = String(parts[0])
        if prefix.isEmpty { complaints.append("prefix part must be non-empty") }
        else { complaints += NameRule.subdomain.complaints(about: prefix).map { "prefix part \($0)" } }
    }
    let name = String(parts[parts.count - 1])
    if name.isEmpty { complaints.append("name part must be non-empty") }
    else if name.utf8.count > 63 { complaints.append("name part must be no more than 63 characters") }
    if !isQualifiedPart(name) { complaints.append("name part \(qualifiedText)") }
    return complaints
}

/// What is wrong with the value of a label.
func labelValueComplaints(_ value: String) -> [String] {
    if value.isEmpty { return [] }
    return lengthComplaint(value, limit: 63) + (isQualifiedPart(value) ? [] : [labelValueText])
}

/// What is wrong with labels at `field`, sorted by key.
func labelErrors(_ labels: [String: String], at field: String) -> [FieldError] {
    var errors: [FieldError] = []
    for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
        errors += qualifiedNameComplaints(key).map { .invalid(field, "\"\(key)\"", $0) }
        errors += labelValueComplaints(value).map { .invalid(field, "\"\(value)\"", $0) }
    }
    return errors
}
