import KubeClient
import StrictJSON

extension Session {
    /// Makes the same change to several Rollouts, in order, and stops at the first that fails.
    func make(_ change: RolloutChange, to names: [String]) async throws(CommandFailure) {
        for name in names {
            try await asking { () async throws(KubeError) in
                if change.concernsStatus {
                    try await patchStatus(of: name, change.mergePatch, whereThereIsNone: change.mergePatch)
                } else {
                    _ = try await client.patch(.rollouts, namespace: namespace, name: name, .merge(change.mergePatch))
                }
            }
            environment.console.print(change.confirmation(name))
        }
    }
}
