import Glibc

/// What the kernel says of a process, at one moment.
struct ProcessFigures: Sendable {
    /// Processor time of all its threads, in seconds.
    var processorSeconds: Double
    /// Resident memory, in KiB, all of it, and the part that no file stands behind.
    var residentKiB: Int
    var anonymousKiB: Int
    /// The most that was ever resident, in KiB.
    var peakKiB: Int
    var threads: Int

    var residentMiB: Double { Double(residentKiB) / 1024 }

    init(of process: Int32) throws {
        let stat: String = try readText("/proc/\(process)/stat")
        // The name in parentheses may have anything in it; what follows are numbers.
        guard let end = stat.lastIndex(of: ")") else { throw CommandFailure("/proc/\(process)/stat has no name: \(stat)") }
        let fields: [Substring] = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 17, let user = Double(fields[11]), let system = Double(fields[12]), let threads = Int(fields[17]) else {
            throw CommandFailure("/proc/\(process)/stat is not as expected: \(stat)")
        }
        processorSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        self.threads = threads
        var amounts: [Substring: Int] = [:]
        for line in try readText("/proc/\(process)/status").split(separator: "\n") {
            let parts: [Substring] = line.split(whereSeparator: { $0 == ":" || $0 == "\t" || $0 == " " })
            if parts.count == 3, parts[2] == "kB" { amounts[parts[0]] = Int(parts[1]) }
        }
        residentKiB = amounts["VmRSS"] ?? 0
        anonymousKiB = amounts["RssAnon"] ?? 0
        peakKiB = amounts["VmHWM"] ?? 0
        guard residentKiB > 0 else { throw CommandFailure("/proc/\(process)/status has no VmRSS") }
    }

    var memoryText: String {
        "\(tenths(residentMiB)) MiB (\(tenths(Double(anonymousKiB) / 1024)) of them its own), at most \(tenths(Double(peakKiB) / 1024)) so far, "
            + "\(threads) threads"
    }
}

/// With one digit after the point.
func tenths(_ value: Double) -> String {
    let whole: Int = Int((abs(value) * 10).rounded())
    return "\(value < 0 ? "-" : "")\(whole / 10).\(whole % 10)"
}
