import Glibc

/// `fuzz TARGET [libFuzzer's options and folders]` searches; `fuzz TARGET --replay FILE…` runs inputs once, with the Swift
/// runtime's own backtrace; `fuzz --list` names the targets.
@main struct Main {
    static func main() {
        let arguments: [String] = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "--list" {
            for target in Target.all { print(target.name) }
            return
        }
        // libFuzzer starts this program again to merge and to minimise, with options of its own and no target.
        if let name = getenv(variable).map({ String(cString: $0) }), let target = Target.all.first(where: { $0.name == name }) {
            search(target, CommandLine.arguments)
        }
        guard let name = arguments.first, let target = Target.all.first(where: { $0.name == name }) else {
            complain("usage: fuzz TARGET [--replay FILE… | options of libFuzzer and folders]; targets: "
                + Target.all.map(\.name).joined(separator: ", "))
            exit(2)
        }
        if arguments.dropFirst().first == "--replay" {
            for path in arguments.dropFirst(2) { replay(path, target) }
            return
        }
        setenv(variable, name, 1)
        search(target, [CommandLine.arguments[0]] + arguments.dropFirst())
    }

    /// Which target a program that libFuzzer has started runs.
    private static let variable = "SLUICE_FUZZ_TARGET"

    private static func replay(_ path: String, _ target: Target) {
        guard let bytes = contents(of: path) else {
            complain("\(path) cannot be read")
            exit(2)
        }
        target.run(bytes)
        print("\(path): holds")
    }

    /// - Parameter words: the program and libFuzzer's own arguments.
    private static func search(_ target: Target, _ words: [String]) -> Never {
        // libFuzzer leaves handlers alone that somebody else has set; the runtime's would end the process before the input is kept.
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE] { signal(number, SIG_DFL) }
        chosen = target
        var copies: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var count = CInt(words.count)
        let code: CInt = copies.withUnsafeMutableBufferPointer { buffer in
            var arguments = buffer.baseAddress.unsafelyUnwrapped
            return runLibFuzzer(&count, &arguments, oneInput)
        }
        exit(code)
    }

    private static func contents(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk: [UInt8] = Array(repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return bytes
    }
}

/// The target that `oneInput` runs. Written once, before the search begins, on the one thread that there is.
nonisolated(unsafe) private var chosen: Target?

private func oneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen?.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

/// Swift keeps what is made once until the end, which a search for leaks at the end would take for lost. Called before
/// anything else runs, so it must not allocate.
@_cdecl("__asan_default_options")
public func addressSanitizerOptions() -> UnsafePointer<CChar> {
    let options: StaticString = "detect_leaks=0"
    return UnsafeRawPointer(options.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// libFuzzer as a library: `main` stays ours.
@_silgen_name("LLVMFuzzerRunDriver")
private func runLibFuzzer(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ oneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Writes a line to standard error.
func complain(_ text: String) {
    let bytes: [UInt8] = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}
