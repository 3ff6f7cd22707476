/// What stands where a secret stood.
private let mask = Array("*****".utf8)

/// `text` with every occurrence of every non-empty secret replaced by `*****`.
///
/// Occurrences that overlap are masked together, so that no end of one of them is left standing. Secrets are
/// compared as plain text: copies in Base64 or URL encoding are not found.
public func redacted(_ text: String, secrets: [String]) -> String {
    let needles = secrets.filter { !$0.isEmpty }.map { Array($0.utf8) }
    if needles.isEmpty || text.isEmpty { return text }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
        var end = longestMatch(in: bytes, at: index, needles)
        guard end > index else {
            result.append(bytes[index])
            index += 1
            continue
        }
        var inside = index + 1
        while inside < end {
            end = max(end, longestMatch(in: bytes, at: inside, needles))
            inside += 1
        }
        result += mask
        index = end
    }
    return String(decoding: result, as: UTF8.self)
}

/// The end of the longest needle that begins at `start`, or `start` where none does.
private func longestMatch(in bytes: [UInt8], at start: Int, _ needles: [[UInt8]]) -> Int {
    var end = start
    for needle in needles where start + needle.count <= bytes.count && start + needle.count > end {
        if bytes[start..<start + needle.count].elementsEqual(needle) { end = start + needle.count }
    }
    return end
}
