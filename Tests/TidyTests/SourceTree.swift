import FoundationEssentials

/// The files of the repository, as the tests about habits read them.
enum SourceTree {
    /// One file with its lines.
    struct File: Sendable {
        /// From the root of the repository: `Sources/Core/Traffic/RouteEdit.swift`.
        var path: String
        var lines: [String]

        /// The lines with comments, and what stands between quotes, taken out.
        var code: [String] { CodeLines.of(lines) }

        /// `Core`, `Shell`, `Edge` or `Executables`; empty outside `Sources`.
        var ring: String { component(0, of: "Sources") }
        /// The module: the name of its folder.
        var module: String { component(1, of: "Sources") }

        private func component(_ index: Int, of top: String) -> String {
            let parts: [Substring] = path.split(separator: "/")
            return parts.first == Substring(top) && parts.count > index + 2 ? String(parts[index + 1]) : ""
        }

        /// The modules that are imported, in order.
        var imports: [String] {
            code.compactMap { line in
                var words: [Substring] = line.split(separator: " ")
                while let first = words.first, first.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains(first) {
                    words.removeFirst()
                }
                guard words.first == "import", words.count >= 2 else { return nil }
                // `import struct Module.Name` names the module last.
                return String((words.last ?? "").split(separator: ".").first ?? "")
            }
        }
    }

    static let root: String = {
        var parts: [Substring] = #filePath.split(separator: "/")
        parts.removeLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    /// All Swift files below a folder, by path.
    static func swiftFiles(below folder: String) throws -> [File] {
        try paths(below: folder).filter { $0.hasSuffix(".swift") }.map { path in
            let text = try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
            return File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// The paths of all files below a folder, from the root of the repository, sorted. Build products and hidden files are left out.
    static func paths(below folder: String) throws -> [String] {
        var found: [String] = []
        for name in try names(in: folder) {
            let path: String = "\(folder)/\(name)"
            if isFolder(path) { found += try paths(below: path) } else { found.append(path) }
        }
        return found
    }

    /// What a folder holds, sorted.
    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").filter { !$0.hasPrefix(".") }.sorted()
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: Bool = false
        return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder) && isFolder
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }
}

/// Tells code from comments and from text in quotes.
enum CodeLines {
    static func of(_ lines: [String]) -> [String] {
        var result: [String] = []
        var isInBlockText: Bool = false
        var isInBlockComment: Bool = false
        for line in lines {
            if isInBlockComment {
                if line.contains("*/") { isInBlockComment = false }
                result.append("")
                continue
            }
            let fences: Int = line.split(separator: "\"\"\"", omittingEmptySubsequences: false).count - 1
            if fences % 2 == 1 {
                isInBlockText.toggle()
                result.append(isInBlockText ? String(line.prefix { $0 != "\"" }) : "")
                continue
            }
            if isInBlockText {
                result.append("")
                continue
            }
            if line.contains("/*") && !line.contains("\"") {
                isInBlockComment = !line.contains("*/")
                result.append("")
                continue
            }
            result.append(withoutTextAndComment(line))
        }
        return result
    }

    private static func withoutTextAndComment(_ line: String) -> String {
        var code: String = ""
        var isInText: Bool = false
        var previous: Character = " "
        for character in line {
            if isInText {
                if character == "\"" && previous != "\\" { isInText = false }
                previous = previous == "\\" && character == "\\" ? " " : character
                continue
            }
            if character == "\"" {
                isInText = true
            } else if character == "/" && previous == "/" {
                code.removeLast()
                return code
            } else {
                code.append(character)
            }
            previous = character
        }
        return code
    }
}
