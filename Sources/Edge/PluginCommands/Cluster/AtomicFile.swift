import Glibc

/// Why a file could not be written or read.
struct FileTrouble: Error, CustomStringConvertible {
    /// What was tried: `cannot be written`.
    var action: String
    var code: Int32

    var description: String { "\(action): \(String(cString: strerror(code)))" }

    var isMissing: Bool { code == ENOENT }
}

/// Files that are there as a whole or not at all.
enum AtomicFile {
    /// Puts `bytes` in place of the file, in one step: whoever reads, now or after a crash at any instant, finds the old content or the new one.
    static func write(_ bytes: [UInt8], to path: String) throws(FileTrouble) {
        // In the same folder, since a rename must not leave the file system. Of the same name each time, so that a crash leaves one at most.
        let temporary = path + ".tmp"
        let descriptor = try open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC)
        do throws(FileTrouble) {
            try writeAll(bytes, to: descriptor)
            guard fsync(descriptor) == 0 else { throw FileTrouble(action: "cannot be written to the disk", code: errno) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw FileTrouble(action: "cannot be put in place", code: code)
        }
        try syncFolder(of: path)
    }

    static func read(_ path: String) throws(FileTrouble) -> [UInt8] {
        let descriptor = try open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk: [UInt8] = Array(repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileTrouble(action: "cannot be read", code: errno)
            }
            if count == 0 { return content }
            content += chunk.prefix(count)
        }
    }

    /// - Parameter flags: of `open`; a new file is for its owner alone, since the state may hold secrets.
    static func open(_ path: String, _ flags: Int32) throws(FileTrouble) -> Int32 {
        while true {
            let descriptor = Glibc.open(path, flags, 0o600)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw FileTrouble(action: flags & O_CREAT == 0 ? "cannot be read" : "cannot be written", code: errno) }
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(FileTrouble) {
        var failure: Int32?
        bytes.withUnsafeBytes { buffer in
            var rest = buffer
            while !rest.isEmpty, failure == nil {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count >= 0 { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) } else if errno != EINTR { failure = errno }
            }
        }
        if let failure { throw FileTrouble(action: "cannot be written", code: failure) }
    }

    /// Makes the rename itself outlive a loss of power.
    private static func syncFolder(of path: String) throws(FileTrouble) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = try open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        // Some file systems cannot do this for a folder; the content itself is safe.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw FileTrouble(action: "cannot be written to the disk", code: errno) }
    }
}
