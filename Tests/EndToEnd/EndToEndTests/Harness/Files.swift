import Glibc

/// Reads a whole file; nil where it cannot be opened.
func readFile(_ path: String, from offset: Int = 0) -> [UInt8]? {
    let descriptor: Int32 = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    lseek(descriptor, offset, SEEK_SET)
    var content: [UInt8] = []
    var chunk: [UInt8] = Array(repeating: 0, count: 1 << 20)
    while true {
        let count: Int = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return content }
        content += chunk.prefix(count)
    }
}

func readText(_ path: String) throws -> String {
    guard let bytes = readFile(path) else { throw CommandFailure("\(path) cannot be read") }
    return String(decoding: bytes, as: UTF8.self)
}

func writeFile(_ path: String, _ text: String) throws {
    let descriptor: Int32 = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CommandFailure("\(path) cannot be written: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var rest: ArraySlice<UInt8> = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count: Int = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw CommandFailure("\(path) cannot be written: \(String(cString: strerror(errno)))") }
        rest = rest.dropFirst(count)
    }
}

func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
        throw CommandFailure("\(path) cannot be made: \(String(cString: strerror(errno)))")
    }
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The last lines of a file, for messages.
func tail(_ path: String, lines count: Int = 60) -> String {
    let text: String = (try? readText(path)) ?? "(no \(path))"
    return text.split(separator: "\n", omittingEmptySubsequences: false).suffix(count).joined(separator: "\n")
}

/// The environment of this process.
func processEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
    while let pointer = entry.pointee {
        let text = String(cString: pointer)
        if let equals = text.firstIndex(of: "=") { result[String(text[..<equals])] = String(text[text.index(after: equals)...]) }
        entry += 1
    }
    return result
}

/// The folder of the checkout.
let checkout: String = {
    var parts: [Substring] = #filePath.split(separator: "/")
    parts.removeLast(5)
    return "/" + parts.joined(separator: "/")
}()

/// Where the build put the programs: beside the test bundle that is running.
let programs: String = {
    var buffer: [CChar] = Array(repeating: 0, count: Int(PATH_MAX))
    let count: Int = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let path = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 }
}()
