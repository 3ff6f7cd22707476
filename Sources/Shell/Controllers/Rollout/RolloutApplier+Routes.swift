import Clockwork
import KubeClient
import KubeModel
import RolloutModel
import StrictJSON
import Synchronization
import Traffic

extension RolloutApplier {
    /// Writes a route: as a patch of what changes, or, where patches are not allowed to us, as the whole document that was read.
    ///
    /// Either way a change that somebody made meanwhile is not lost: the patch tests what it found, the document carries the
    /// version that it was read at. Then the cache first has to follow, and everything is decided anew.
    func patchRoute(_ edit: RouteEdit, for rollout: Rollout) async throws(KubeError) {
        let client: KubeClient = client.forSafetyWrites
        let resource: GroupVersionResource = versions.version(of: .httpRoutes)
        let namespace: String = edit.route.namespace
        var refusal: KubeError? = patchRefusals.current(in: namespace, now: clock.now)
        do throws(KubeError) {
            if refusal == nil {
                do throws(KubeError) {
                    expect(
                        try await client.patch(resource, namespace: namespace, name: edit.route.name, .json(edit.patch)),
                        in: caches.httpRoutes, for: rollout)
                    return
                } catch .forbidden(let verb, let kind, let status) {
                    // Roles made for Argo's plugin grant update, not patch.
                    let error = KubeError.forbidden(verb: verb, resource: kind, status: status)
                    refusal = error
                    // An admission policy may forbid this very patch and no other.
                    if error.missingRight != nil { patchRefusals.add(error, in: namespace, now: clock.now) }
                    refusalLog.tell(error, "routes are written as whole documents, since they may not be patched", ["route": "\(edit.route)"])
                }
            }
            // The document carries the version it was read at: what somebody wrote meanwhile is not overwritten.
            var document: JSONValue = edit.document
            if !guards.have(.routeVersion) { document.set("", at: ["metadata", "resourceVersion"]) }
            expect(try await client.update(resource, namespace: namespace, document), in: caches.httpRoutes, for: rollout)
        } catch .forbidden(let verb, let kind, let status) {
            // Patching is what a role should grant; who may do neither is told of that.
            throw refusal ?? .forbidden(verb: verb, resource: kind, status: status)
        } catch .conflict(let text) {
            await readAgain(resource, edit.route, for: rollout)
            throw .conflict(text)
        } catch .invalid(let status) {
            // A test in the patch has failed: the route is not what it was.
            await readAgain(resource, edit.route, for: rollout)
            throw .invalid(status)
        }
    }

    private func readAgain(_ resource: GroupVersionResource, _ route: ObjectKey, for rollout: Rollout) async {
        await readAgain(resource, namespace: route.namespace, name: route.name, in: caches.httpRoutes, for: rollout)
    }
}

/// Namespaces in which routes may not be patched, so that not each write is refused first.
final class PatchRefusals: Sendable {
    /// Patching touches less than writing whole documents, so it is tried again now and then.
    static let patience: Duration = .seconds(600)

    private let refused = Mutex<[String: (error: KubeError, until: Timestamp)]>([:])

    func add(_ error: KubeError, in namespace: String, now: Timestamp) {
        refused.withLock { $0[namespace] = (error, now + Self.patience) }
    }

    /// What the server said; nil where it has not refused, or so long ago that it is asked again.
    func current(in namespace: String, now: Timestamp) -> KubeError? {
        refused.withLock { refused in
            guard let entry = refused[namespace] else { return nil }
            if now < entry.until { return entry.error }
            refused[namespace] = nil
            return nil
        }
    }
}
