import Clockwork
import ControllerKit

/// How a piece of work that may be stopped came to its end.
enum Ending<Value: Sendable>: Sendable {
    case finished(Value)
    case failed(CommandFailure)
    /// By a signal.
    case interrupted
    case timedOut
}

extension PluginEnvironment {
    /// Does `work` until it is done, time is up, or the first signal comes; then it is cancelled. The second signal ends the process.
    ///
    /// - Parameters:
    ///   - timeout: nil sets no limit.
    ///   - conclusion: what is done afterwards, still under the eye of the second signal.
    func interruptible<Value: Sendable, Result: Sendable>(
        timeout: Duration?, _ work: @escaping @Sendable () async throws(CommandFailure) -> Value,
        conclusion: @escaping @Sendable (Ending<Value>) async -> Result
    ) async -> Result {
        let firstSignal = OneShot()
        return await withTaskGroup(of: Result?.self) { group in
            group.addTask {
                await catchSignals {
                    if firstSignal.hasFired { exitNow(1) }
                    firstSignal.fire()
                }
                return nil
            }
            group.addTask { await conclusion(await ending(of: work, timeout: timeout, firstSignal)) }
            while let result = await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            preconditionFailure("the work ended without a result")
        }
    }

    /// Does `work` until it is done, time is up, or the signal comes, whatever is first; the others are cancelled.
    func ending<Value: Sendable>(
        of work: @escaping @Sendable () async throws(CommandFailure) -> Value, timeout: Duration?, _ firstSignal: OneShot = OneShot()
    ) async -> Ending<Value> {
        await withTaskGroup(of: Ending<Value>.self) { group in
            group.addTask {
                do throws(CommandFailure) { return .finished(try await work()) } catch { return .failed(error) }
            }
            group.addTask {
                await firstSignal.wait()
                return .interrupted
            }
            if let timeout {
                let deadline: Timestamp = clock.now + timeout
                group.addTask {
                    // A cancelled sleep is no timeout, but nobody reads the answer then.
                    try? await clock.sleep(until: deadline, tolerance: nil)
                    return .timedOut
                }
            }
            let first: Ending<Value>? = await group.next()
            group.cancelAll()
            guard let first else { preconditionFailure("a group of three tasks had no first one") }
            return first
        }
    }
}
