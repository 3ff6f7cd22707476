import Glibc

/// The `process_*` metrics, read from `/proc`.
public struct ProcessMetrics: Sendable {
    static let cpuSeconds = MetricDefinition(
        "process_cpu_seconds_total", .counter, help: "Total user and system CPU time spent in seconds.")
    static let openDescriptors = MetricDefinition("process_open_fds", .gauge, help: "Number of open file descriptors.")
    static let maxDescriptors = MetricDefinition("process_max_fds", .gauge, help: "Maximum number of open file descriptors.")
    static let residentBytes = MetricDefinition("process_resident_memory_bytes", .gauge, help: "Resident memory size in bytes.")
    static let virtualBytes = MetricDefinition("process_virtual_memory_bytes", .gauge, help: "Virtual memory size in bytes.")
    static let startTime = MetricDefinition(
        "process_start_time_seconds", .gauge, help: "Start time of the process since unix epoch in seconds.")

    /// What the system says about this process.
    public struct Source: Sendable {
        /// The text of a file; nil where it cannot be read, as on systems without `/proc`.
        public var file: @Sendable (String) -> String?
        /// How many entries a folder has; nil where it cannot be read.
        public var entryCount: @Sendable (String) -> Int?
        public var ticksPerSecond: Double
        public var pageBytes: Double

        /// A source with the given answers.
        public init(
            file: @escaping @Sendable (String) -> String?, entryCount: @escaping @Sendable (String) -> Int?, ticksPerSecond: Double,
            pageBytes: Double
        ) {
            self.file = file
            self.entryCount = entryCount
            self.ticksPerSecond = ticksPerSecond
            self.pageBytes = pageBytes
        }

        /// This machine.
        public static let system = Source(
            file: readFile, entryCount: countEntries, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
            pageBytes: Double(sysconf(Int32(_SC_PAGESIZE))))
    }

    private let source: Source

    /// Metrics of this process, unless another source is given.
    public init(source: Source = .system) { self.source = source }

    /// Adds what can be read; what cannot is left out.
    public func collect(into page: inout MetricPage) {
        if let stat = source.file("/proc/self/stat"), let end = stat.lastIndex(of: ")") {
            // The name of the program may hold blanks, so fields are counted from behind it: the first is the third of proc(5).
            let fields = stat[stat.index(after: end)...].split(separator: " ").map { Double($0) ?? 0 }
            if fields.count > 21 {
                page.add(Self.cpuSeconds, (fields[11] + fields[12]) / source.ticksPerSecond)
                page.add(Self.virtualBytes, fields[20])
                page.add(Self.residentBytes, fields[21] * source.pageBytes)
                if let boot = number(behind: "btime", in: source.file("/proc/stat")) {
                    page.add(Self.startTime, boot + fields[19] / source.ticksPerSecond)
                }
            }
        }
        if let count = source.entryCount("/proc/self/fd") { page.add(Self.openDescriptors, Double(count)) }
        if let limit = number(behind: "Max open files", in: source.file("/proc/self/limits")) { page.add(Self.maxDescriptors, limit) }
    }

    private func number(behind name: String, in text: String?) -> Double? {
        guard let line = text?.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        return line.dropFirst(name.count).split(separator: " ").first.flatMap { Double($0) }
    }
}

/// Small files of `/proc`, whose size is not known before they are read.
private func readFile(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func countEntries(_ path: String) -> Int? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var count = 0
    while let entry = readdir(folder) {
        // The names "." and ".." and the descriptor of this very folder are no open files of the process.
        if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
    }
    return max(0, count - 1)
}
