import FoundationEssentials
import Testing

/// Habits that a test can watch. A place where a habit makes the code worse is listed here, with the reason.
@Suite("Habits") struct TidyTests {
    private static let core: Set<String> = [
        "StrictJSON", "Clockwork", "Safety", "SchemaModel", "KubeModel", "RolloutModel", "Expression", "Analysis", "Traffic", "Delivery",
    ]
    private static let shell: Set<String> = [
        "HTTPTransport", "KubeClient", "ControllerKit", "MetricProviders", "Controllers", "EmbeddedAPIServer", "KubeYAML",
    ]
    private static let collections: Set<String> = ["OrderedCollections", "DequeModule", "HeapModule", "BitCollections"]
    private static let shellPackages: Set<String> = [
        "Logging", "CoreMetrics", "Metrics", "HTTPTypes", "AsyncAlgorithms", "ServiceLifecycle", "FoundationEssentials", "Synchronization",
    ]

    /// Imports that the ring of a module does not allow, with the reason.
    private static let allowedImports: [String: [String: String]] = [
        "KubeYAML": ["CYAML": "reads with the system's libyaml; nothing but a parser over bytes in memory"],
        "ControllerKit": ["Glibc": "the system clock", "Musl": "the system clock"],
    ]

    @Test("imports point inwards only") func imports() throws {
        let edge: Set<String> = Set(try SourceTree.names(in: "Sources/Edge"))
        var offences: [String] = []
        for file in try SourceTree.swiftFiles(below: "Sources") {
            for name in file.imports where Self.allowedImports[file.module]?[name] == nil {
                let isAllowed: Bool
                switch file.ring {
                case "Core": isAllowed = Self.core.contains(name) || Self.collections.contains(name)
                case "Shell":
                    isAllowed = Self.core.contains(name) || Self.shell.contains(name) || Self.collections.contains(name)
                        || Self.shellPackages.contains(name)
                // Foundation links ICU: 58 MB instead of 14.
                default: isAllowed = name != "Foundation"
                }
                if !isAllowed { offences.append("\(file.path) imports \(name), which a module of \(file.ring) may not") }
            }
        }
        #expect(offences.isEmpty, "\(offences.joined(separator: "\n"))")
        #expect(edge.isDisjoint(with: Self.core) && edge.isDisjoint(with: Self.shell), "a module stands in two rings")
        #expect(Set(try SourceTree.names(in: "Sources/Core")).isSubset(of: Self.core), "a core module that the rule does not know")
        #expect(Set(try SourceTree.names(in: "Sources/Shell")).isSubset(of: Self.shell), "a shell module that the rule does not know")
    }

    @Test("tests don't import Foundation either") func testImports() throws {
        let offences: [String] = try SourceTree.swiftFiles(below: "Tests").filter { $0.imports.contains("Foundation") }.map(\.path)
        #expect(offences.isEmpty, "Foundation links ICU; use FoundationEssentials or Glibc: \(offences)")
    }

    @Test("the core is synchronous and owns no locks, clocks or loggers") func pureCore() throws {
        let words: Set<String> = ["async", "await", "actor", "Mutex", "NSLock", "Logger", "FoundationEssentials", "fputs", "print"]
        var offences: [String] = []
        for file in try SourceTree.swiftFiles(below: "Sources/Core") {
            for (number, line) in file.code.enumerated() {
                for word in Self.words(of: line) where words.contains(word) && !Self.isClockProtocol(file, word) {
                    offences.append("\(file.path):\(number + 1): \(word)")
                }
            }
        }
        #expect(offences.isEmpty, "\(offences.joined(separator: "\n"))")
    }

    /// The protocol of clocks is declared in the core so that everybody can name it; nothing there calls it.
    private static func isClockProtocol(_ file: SourceTree.File, _ word: String) -> Bool {
        file.module == "Clockwork" && file.path.hasSuffix("ControlClock.swift") && ["async", "await"].contains(word)
    }

    /// What may not occur in code, and the files in which it may after all.
    private static let forbidden: [(construct: String, allowedIn: [String: String])] = [
        ("Task {", [:]),
        ("Task(", ["Sources/Edge/SimulatedTime/SimulationLoop.swift": "the root of a simulation; the call that makes it outlives it"]),
        ("Task.detached", [:]),
        ("Task.sleep", ["Sources/Shell/ControllerKit/SystemClock.swift": "the system clock sleeps by it"]),
        ("Task.yield", [:]),
        ("DispatchQueue", [:]),
        ("Date()", [:]),
        ("ContinuousClock", ["Sources/Shell/ControllerKit/SystemClock.swift": "the system clock sleeps on it"]),
        ("SuspendingClock", [:]),
        ("fatalError", [:]),
        ("JSONSerialization", [:]),
        ("JSONDecoder", [:]),
        ("JSONEncoder", [:]),
    ]

    @Test("every task has a parent, and time and JSON have one source each") func constructs() throws {
        var offences: [String] = []
        for file in try SourceTree.swiftFiles(below: "Sources") {
            for (number, line) in file.code.enumerated() {
                for (construct, allowedIn) in Self.forbidden where Self.contains(line, construct) && allowedIn[file.path] == nil {
                    offences.append("\(file.path):\(number + 1): \(construct)")
                }
            }
        }
        #expect(offences.isEmpty, "\(offences.joined(separator: "\n"))")
        for (construct, allowedIn) in Self.forbidden {
            for path in allowedIn.keys { #expect(SourceTree.exists(path), "the exception for \(construct) in \(path) is out of date") }
        }
    }

    @Test("nothing starts tasks behind our back") func asyncAlgorithms() throws {
        // These operators start unstructured tasks, which escape cancellation and the simulator.
        let operators: [String] = ["merge(", "zip(", "combineLatest(", ".debounce(", ".buffer(", ".share(", ".throttle("]
        var offences: [String] = []
        for file in try SourceTree.swiftFiles(below: "Sources") where file.imports.contains("AsyncAlgorithms") {
            for (number, line) in file.code.enumerated() {
                for name in operators where line.contains(name) { offences.append("\(file.path):\(number + 1): \(name)") }
            }
        }
        #expect(offences.isEmpty, "\(offences.joined(separator: "\n"))")
    }

    @Test("an error that is dropped says why") func droppedErrors() throws {
        var offences: [String] = []
        for file in try SourceTree.swiftFiles(below: "Sources") {
            let code: [String] = file.code
            for (number, line) in code.enumerated() where Self.containsTry(line) && !Self.isCommented(file, code, number) {
                offences.append("\(file.path):\(number + 1): \(line.drop { $0 == " " })")
            }
        }
        #expect(offences.isEmpty, "a `try?` needs a comment on its line, or above it, or above its function:\n\(offences.joined(separator: "\n"))")
    }

    /// Whether an error is dropped; `throws(E) -> T?` and `entry?.member` are something else.
    private static func containsTry(_ line: String) -> Bool { contains(line, "try?") }

    /// Whether a comment stands on the line, directly above its statement, or above the declaration that it is the whole of.
    private static func isCommented(_ file: SourceTree.File, _ code: [String], _ number: Int) -> Bool {
        func hasComment(_ index: Int) -> Bool { file.lines.indices.contains(index) && file.lines[index].contains("//") }
        if hasComment(number) { return true }
        var index: Int = number - 1
        var statements: Int = 0
        // Up to two statements above still belong to what the comment speaks of: a guard, a declaration.
        while index >= 0, statements <= 2 {
            if hasComment(index) { return true }
            if code[index].allSatisfy({ $0 == " " }) { return false }
            statements += 1
            index -= 1
        }
        return false
    }

    @Test("each module says what it is for") func readmes() throws {
        var offences: [String] = []
        // Executables are wiring; what they wire says what it is for.
        for ring in ["Core", "Shell", "Edge"] {
            for module in try SourceTree.names(in: "Sources/\(ring)") where !SourceTree.exists("Sources/\(ring)/\(module)/README.md") {
                offences.append("Sources/\(ring)/\(module)/README.md is missing")
            }
        }
        #expect(offences.isEmpty, "\(offences.joined(separator: "\n"))")
    }

    /// Files that are longer than one subject needs, with the reason.
    private static let longFiles: [String: String] = [:]

    @Test("a file has one subject") func length() throws {
        let files: [SourceTree.File] = try SourceTree.swiftFiles(below: "Sources") + SourceTree.swiftFiles(below: "Tests")
        let offences: [String] = files
            .filter { $0.lines.count > 500 && Self.longFiles[$0.path] == nil }
            .map { "\($0.path) has \($0.lines.count) lines; which second subject has moved in?" }
        #expect(offences.isEmpty, "\(offences.joined(separator: "\n"))")
    }

    @Test("nothing names the machine that it was written on") func paths() throws {
        // Put together here, so that this file does not name them itself.
        let paths: [String] = ["/wo" + "rk/", "/ro" + "ot/", "/opt/sw" + "ift", "/home/us" + "er", "/tmp/ba" + "sh"]
        var offences: [String] = []
        let folders: [String] = ["Sources", "Tests", "docs", "deploy", "scripts", "examples"].filter(SourceTree.isFolder)
        for folder in folders {
            for path in try SourceTree.paths(below: folder) where Self.isText(path) {
                let text: String = try String(contentsOfFile: "\(SourceTree.root)/\(path)", encoding: .utf8)
                for name in paths where text.contains(name) { offences.append("\(path) names \(name)") }
            }
        }
        #expect(offences.isEmpty, "\(offences.joined(separator: "\n"))")
    }

    @Test("no unfinished business") func leftovers() throws {
        let marks: [String] = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
        var offences: [String] = []
        for file in try SourceTree.swiftFiles(below: "Sources") {
            for (number, line) in file.lines.enumerated() {
                for mark in marks where line.contains(mark) { offences.append("\(file.path):\(number + 1): \(mark)") }
            }
        }
        #expect(offences.isEmpty, "\(offences.joined(separator: "\n"))")
    }

    // MARK: Reading lines

    private static func isText(_ path: String) -> Bool {
        [".swift", ".md", ".yaml", ".yml", ".json", ".sh", ".py", ".txt", ".h", ".c"].contains { path.hasSuffix($0) }
    }

    private static func words(of line: String) -> [String] {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }

    /// Whether a construct occurs as such, not as the end of a longer name: `addTask {` is no `Task {`.
    private static func contains(_ line: String, _ construct: String) -> Bool {
        var rest: Substring = line[...]
        while let range = rest.firstRange(of: construct) {
            let before: Character? = range.lowerBound == line.startIndex ? nil : line[line.index(before: range.lowerBound)]
            if before.map({ !($0.isLetter || $0.isNumber || $0 == "_") }) ?? true { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
