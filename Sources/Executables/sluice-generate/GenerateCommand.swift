import FoundationEssentials
import Glibc
import KubeYAML
import RolloutModel
import SchemaModel

/// Writes the files of the repository that follow from tables in the sources: the definitions in `crds/`.
@main struct GenerateCommand {
    static let usage = """
        usage: sluice-generate [--output DIR] [--check]

          --output DIR  folder for the definitions (default: crds)
          --check       write nothing; end with status 1 if a file is missing, differs or is not ours
        """

    var folder = "crds"
    var onlyChecks = false

    static func main() {
        do throws(GenerateError) {
            guard let command = try GenerateCommand(arguments: Array(CommandLine.arguments.dropFirst())) else {
                print(usage)
                return
            }
            try command.run()
        } catch {
            let text: [UInt8] = Array("sluice-generate: \(error.message)\n".utf8)
            _ = Glibc.write(STDERR_FILENO, text, text.count)
            exit(error.status)
        }
    }

    /// Nil if help was asked for.
    init?(arguments: [String]) throws(GenerateError) {
        var rest: ArraySlice<String> = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--check": onlyChecks = true
            case "--output":
                guard let value = rest.popFirst() else { throw .usage("--output needs the path of a folder\n\(Self.usage)") }
                folder = value
            case "--help", "-h": return nil
            default: throw .usage("unknown argument \(argument)\n\(Self.usage)")
            }
        }
    }

    func run() throws(GenerateError) {
        let files: [(name: String, text: String)] = RolloutDefinitions.all.map { definition in
            (name: definition.fileName, text: RolloutDefinitions.fileNote + YAML.text(definition.document))
        }
        if onlyChecks {
            try check(files)
        } else {
            try write(files)
        }
    }

    private func write(_ files: [(name: String, text: String)]) throws(GenerateError) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for file in files {
                try Data(file.text.utf8).write(to: URL(filePath: path(file.name)), options: .atomic)
                print(path(file.name))
            }
        } catch {
            throw .files("cannot write to \(folder): \(error)")
        }
    }

    private func check(_ files: [(name: String, text: String)]) throws(GenerateError) {
        var complaints: [String] = []
        for file in files {
            if let present = FileManager.default.contents(atPath: path(file.name)) {
                if present != Data(file.text.utf8) { complaints.append("\(path(file.name)) is not what the tables say") }
            } else {
                complaints.append("\(path(file.name)) is missing")
            }
        }
        let expected = Set(files.map(\.name))
        // A folder that cannot be listed has been reported above, file by file.
        let present: [String] = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in present.sorted() where name.hasSuffix(".yaml") && !expected.contains(name) {
            complaints.append("\(path(name)) comes from no table")
        }
        if !complaints.isEmpty {
            throw .files(complaints.joined(separator: "\n") + "\nrun: swift run sluice-generate")
        }
        print("\(files.count) definitions in \(folder) are current")
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }
}

/// Why nothing was generated.
enum GenerateError: Error {
    case usage(String)
    case files(String)

    var message: String {
        switch self {
        case .usage(let text), .files(let text): return text
        }
    }

    var status: Int32 {
        switch self {
        case .usage: return 2
        case .files: return 1
        }
    }
}
