import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON

/// What became known about the objects of a kind.
enum ResourceChange: Sendable, Equatable {
    /// These are all that there are.
    case listed([JSONValue])
    /// This one is new or has changed.
    case stored(JSONValue)
    case removed(ObjectKey)
}

/// Follows the objects of one kind: lists, watches, resumes where a watch broke off, lists again where it can't.
///
/// What waiting cannot heal, such as a missing right, is an error at once; an outage is waited out, with one warning.
struct ResourceFollower: Sendable {
    /// How outages are borne.
    enum Patience: Sendable, Equatable {
        /// As client-go: 800 ms doubling to 30 s, for as long as anybody watches.
        case endless
        /// So many failures in a row, one second apart; the next one is an error.
        case failures(Int)
    }

    var client: KubeClient
    var clock: any ControlClock
    var resource: GroupVersionResource
    /// Nil: all namespaces.
    var namespace: String?
    var selection = Selection()
    var patience: Patience = .endless
    var seed: UInt64
    /// Is told once of each outage.
    var warn: @Sendable (String) -> Void

    private struct Progress {
        var machine = WatchMachine()
        var random: SeededGenerator
        var backoff = Backoff(base: .milliseconds(800), factor: 2, cap: .seconds(30), jitter: Ratio(1, of: 2))
        var items: [JSONValue] = []
        var failures = 0

        mutating func succeeded() {
            failures = 0
            backoff.reset()
        }
    }

    /// Runs until the task is cancelled.
    ///
    /// - Throws: what waiting does not heal. A missing kind is `.notFound`.
    func run(_ apply: @Sendable (ResourceChange) async -> Void) async throws(KubeError) {
        var progress = Progress(random: SeededGenerator(seed: seed))
        var step: WatchMachine.Step = progress.machine.first
        while !Task.isCancelled {
            if case .backOff(let atLeast) = step.pause {
                let usual: Duration = patience == .endless ? progress.backoff.next(using: &progress.random) : .seconds(1)
                let deadline: Timestamp = clock.now + max(usual, atLeast ?? .zero)
                // Only cancellation ends a sleep early.
                do { try await clock.sleep(until: deadline, tolerance: nil) } catch { return }
            }
            switch step.question {
            case .list(let token): step = try await list(continuingAt: token, &progress, apply)
            case .watch(let version): step = try await watch(from: version, &progress, apply)
            }
        }
    }

    private func list(
        continuingAt token: String?, _ progress: inout Progress, _ apply: @Sendable (ResourceChange) async -> Void
    ) async throws(KubeError) -> WatchMachine.Step {
        if token == nil { progress.items = [] }
        do throws(KubeError) {
            let page = try await client.list(resource, namespace: namespace, selection: selection, continue: token)
            progress.items += page.items
            if page.continueToken == nil {
                await apply(.listed(progress.items))
                progress.items = []
                progress.succeeded()
            }
            return progress.machine.pageCame(resourceVersion: page.resourceVersion, continueToken: page.continueToken)
        } catch {
            if case .notFound = error { throw error }
            try note(error, &progress)
            return progress.machine.listFailed(error)
        }
    }

    private func watch(
        from version: String, _ progress: inout Progress, _ apply: @Sendable (ResourceChange) async -> Void
    ) async throws(KubeError) -> WatchMachine.Step {
        do throws(KubeError) {
            let stream = try await client.watch(resource, namespace: namespace, selection: selection, from: version)
            var events = stream.makeAsyncIterator()
            while let event = try await events.next() {
                switch event {
                case .added(let object), .modified(let object):
                    await apply(.stored(object))
                    progress.machine.versionCame(object.at("metadata", "resourceVersion")?.stringValue ?? "")
                case .deleted(let object):
                    await apply(.removed(Self.key(of: object)))
                    progress.machine.versionCame(object.at("metadata", "resourceVersion")?.stringValue ?? "")
                case .bookmark(let version):
                    progress.machine.versionCame(version)
                case .failed(let status):
                    throw status.code == 410 ? .gone(status.message) : .unavailable(after: nil, cause: status.message)
                }
                progress.succeeded()
            }
            return progress.machine.watchEnded(.closed)
        } catch {
            try note(error, &progress)
            return progress.machine.watchEnded(.failed(error))
        }
    }

    /// Passes on what waiting does not heal, and warns of the beginning of an outage.
    private func note(_ error: KubeError, _ progress: inout Progress) throws(KubeError) {
        switch error {
        // An expired version is the server's usual way to make us list again.
        case .gone: return
        case .cancelled: return
        case .forbidden, .unauthorized, .misconfigured, .unsupported, .badResponse, .notLeading: throw error
        case .notFound, .conflict, .alreadyExists, .invalid, .tooManyRequests, .unavailable: break
        }
        progress.failures += 1
        if case .failures(let limit) = patience, progress.failures > limit { throw error }
        if progress.failures == 1 { warn("Warning: \(resource) cannot be watched at the moment, trying again: \(error)") }
    }

    static func key(of object: JSONValue) -> ObjectKey {
        let metadata: JSONValue? = object["metadata"]
        return ObjectKey(namespace: metadata?["namespace"]?.stringValue ?? "", name: metadata?["name"]?.stringValue ?? "")
    }
}
