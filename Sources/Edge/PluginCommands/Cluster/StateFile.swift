import EmbeddedAPIServer
import Glibc

/// The file of `--state`: one snapshot, replaced as a whole.
struct StateFile: Sendable {
    let path: String

    /// What is kept there; nil where there is no file yet.
    func read() throws(CommandFailure) -> ServerSnapshot? {
        let bytes: [UInt8]
        do throws(FileTrouble) {
            bytes = try AtomicFile.read(path)
        } catch {
            if error.isMissing { return nil }
            throw .message("the state file \(path) \(error); make it readable, or name another one with --state")
        }
        do throws(SnapshotError) {
            return try ServerSnapshot(parsing: bytes)
        } catch {
            // It is left as it is: perhaps somebody can still make something of it.
            let remedy = if case .newer = error {
                "use that version, or name another file with --state"
            } else {
                "move it away, or name another file with --state, to begin anew"
            }
            throw .message("the state file \(path) cannot be used: \(error); \(remedy)")
        }
    }

    func write(_ snapshot: ServerSnapshot) throws(FileTrouble) { try AtomicFile.write(snapshot.text, to: path) }

    /// Keeps a second cluster from writing to the same file, for as long as this process lives.
    func lock() throws(CommandFailure) -> Lock {
        let descriptor: Int32
        do throws(FileTrouble) {
            descriptor = try AtomicFile.open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC)
        } catch {
            throw .message("the state file \(path) \(error); name one in a folder of yours with --state")
        }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return Lock(descriptor: descriptor) }
        close(descriptor)
        throw .message("the state file \(path) is in use by another cluster; end that one, or name another file with --state")
    }

    /// The kernel gives it up with the process, whatever ends that.
    struct Lock: Sendable {
        fileprivate let descriptor: Int32

        func release() { close(descriptor) }
    }
}
