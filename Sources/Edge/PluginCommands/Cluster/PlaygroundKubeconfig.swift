import KubeClient

/// The kubeconfig by which kubectl finds the playground.
enum PlaygroundKubeconfig {
    /// By this line a file is known as one that may be written over.
    static let mark: String = "# Written by kubectl sluice cluster."

    static func text(server: String) -> String {
        """
        \(mark)
        apiVersion: v1
        kind: Config
        current-context: sluice
        clusters:
        - name: sluice
          cluster: {server: "\(server)"}
        contexts:
        - name: sluice
          context: {cluster: sluice, user: sluice, namespace: default}
        users:
        - name: sluice
          user: {}

        """
    }

    /// Somebody's kubeconfig, with ways to his clusters in it, must not be lost.
    static func check(_ path: String, files: FileSource) throws(CommandFailure) {
        do throws(FileSource.Failure) {
            let found = try files.read(path)
            guard found.isEmpty || found.starts(with: mark.utf8) else {
                throw FileSource.Failure(cause: "it is there already and was not written by this command; name another file")
            }
        } catch {
            if !error.isMissing { throw .message("--write-kubeconfig \(path): \(error.cause)") }
        }
    }

    static func write(_ text: String, to path: String) throws(CommandFailure) {
        do throws(FileTrouble) {
            try AtomicFile.write(Array(text.utf8), to: path)
        } catch {
            throw .message("--write-kubeconfig \(path): \(error)")
        }
    }
}
