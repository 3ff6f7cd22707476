import Clockwork
import KubeClient
import KubeModel
import RolloutModel
import StrictJSON

extension Session {
    /// Which ReplicaSets and pods can belong to a Rollout: those of its selector, or any where that is not sure.
    static func partsSelection(of rollout: Rollout) -> Selection {
        let selector: String = rollout.status.selector
        // The pods of experiments have labels of their own.
        let hasExperiments: Bool = rollout.spec.canary?.steps.contains { $0.keys.contains("experiment") } ?? false
        return selector.isEmpty || selector.hasPrefix("<") || hasExperiments ? Selection() : Selection(labels: selector)
    }

    /// The Rollout and its parts, read once.
    func readObjects(of name: String) async throws(CommandFailure) -> RolloutObjects {
        let document: JSONValue = try await rolloutDocument(name)
        let parts: Selection = Self.partsSelection(of: try decoded(document))
        let replicaSets: [JSONValue] = try await list(.replicaSets, namespace: namespace, selection: parts)
        let pods: [JSONValue] = try await list(.pods, namespace: namespace, selection: parts)
        let runs: [JSONValue] = try await list(.analysisRuns, namespace: namespace)
        let experiments: [JSONValue] = try await list(.experiments, namespace: namespace)
        return try objects(rollout: document, replicaSets: replicaSets, pods: pods, runs: runs, experiments: experiments)
    }

    private func objects(
        rollout: JSONValue, replicaSets: [JSONValue], pods: [JSONValue], runs: [JSONValue], experiments: [JSONValue]
    ) throws(CommandFailure) -> RolloutObjects {
        do throws(DecodeError) {
            return try RolloutObjects(rollout: rollout, replicaSets: replicaSets, pods: pods, analysisRuns: runs, experiments: experiments)
        } catch {
            throw .message("rollout \(namespace)/\(rollout.at("metadata", "name")?.stringValue ?? ""): \(error)")
        }
    }

    /// What a watcher of a Rollout sees next.
    enum Sight: Sendable {
        case objects(RolloutObjects)
        /// The Rollout was there and is gone.
        case deleted
    }

    /// Shows the Rollout and its parts whenever they may have changed, until `show` returns false or the Rollout is gone.
    ///
    /// - Parameters:
    ///   - spacing: the least time between two looks.
    ///   - tick: how often to look although nothing has changed; nil: never.
    func watchObjects(
        of name: String, spacing: Duration, tick: Duration?, show: @escaping @Sendable (Sight) -> Void
    ) async throws(CommandFailure) {
        // Which parts to follow depends on the Rollout; where that changes, following starts over.
        var selection: Selection = Self.partsSelection(of: try decoded(try await rolloutDocument(name)))
        while !Task.isCancelled {
            switch try await follow(name, parts: selection, spacing: spacing, tick: tick, show: show) {
            case .over: return
            case .otherParts(let other): selection = other
            }
        }
    }

    private enum FollowEnding: Sendable {
        case over
        case otherParts(Selection)
    }

    private func follow(
        _ name: String, parts: Selection, spacing: Duration, tick: Duration?, show: @escaping @Sendable (Sight) -> Void
    ) async throws(CommandFailure) -> FollowEnding {
        let board = ObjectBoard()
        let sources: [(GroupVersionResource, Selection)] = [
            (.rollouts, Selection(fields: "metadata.name=\(name)")), (.replicaSets, parts), (.pods, parts),
            (.analysisRuns, Selection()), (.experiments, Selection()),
        ]
        let clock: any ControlClock = environment.clock
        let first: Result<FollowEnding, CommandFailure> = await withTaskGroup(of: Result<FollowEnding, CommandFailure>.self) { group in
            for (index, source) in sources.enumerated() {
                group.addTask { await self.feed(board, source.0, source.1, seed: UInt64(index)).map { .over } }
            }
            if let tick {
                group.addTask {
                    // Only cancellation ends the beat.
                    while (try? await clock.sleep(until: clock.now + tick, tolerance: nil)) != nil { board.nudge() }
                    return .success(.over)
                }
            }
            group.addTask {
                do throws(CommandFailure) {
                    return .success(try await self.look(at: board, name, parts: parts, spacing: spacing, show: show))
                } catch {
                    return .failure(error)
                }
            }
            // Followers only end by failing or by being cancelled, so the first to end decides.
            let first: Result<FollowEnding, CommandFailure> = await group.next() ?? .success(.over)
            group.cancelAll()
            return first
        }
        return try first.get()
    }

    /// Keeps one kind of the board up to date until the task is cancelled.
    func feed(
        _ board: ObjectBoard, _ resource: GroupVersionResource, _ selection: Selection, seed: UInt64
    ) async -> Result<Void, CommandFailure> {
        let console: Console = environment.console
        let follower = ResourceFollower(
            client: client, clock: environment.clock, resource: resource, namespace: namespace, selection: selection,
            seed: environment.seed &+ seed, warn: { console.note($0) })
        do throws(KubeError) {
            try await follower.run { board.apply($0, of: resource) }
            return .success(())
        } catch {
            if case .notFound = error { return .failure(.missingKind(resource)) }
            return .failure(CommandFailure(error, origin: origin))
        }
    }

    private func look(
        at board: ObjectBoard, _ name: String, parts: Selection, spacing: Duration, show: @Sendable (Sight) -> Void
    ) async throws(CommandFailure) -> FollowEnding {
        var lastLook = Timestamp.distantPast
        var wasThere = false
        for await _ in board.changes {
            guard let rollouts = board.objects(of: .rollouts), let replicaSets = board.objects(of: .replicaSets),
                  let pods = board.objects(of: .pods), let runs = board.objects(of: .analysisRuns),
                  let experiments = board.objects(of: .experiments)
            else { continue }
            guard let document = rollouts.first(where: { $0.at("metadata", "name")?.stringValue == name }) else {
                guard wasThere else { throw .rolloutNotFound(name) }
                show(.deleted)
                return .over
            }
            wasThere = true
            let objects: RolloutObjects = try objects(rollout: document, replicaSets: replicaSets, pods: pods, runs: runs, experiments: experiments)
            let wanted: Selection = Self.partsSelection(of: objects.rollout)
            if wanted != parts { return .otherParts(wanted) }
            // Changes that come faster than eyes are drawn together.
            let now: Timestamp = environment.clock.now
            if lastLook + spacing > now {
                do { try await environment.clock.sleep(until: lastLook + spacing, tolerance: nil) } catch { return .over }
                board.nudge()
                continue
            }
            show(.objects(objects))
            lastLook = now
        }
        return .over
    }
}
