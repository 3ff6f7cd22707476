import ArgumentParser
import KubeClient
import RolloutModel
import StrictJSON

/// `promote NAME`: go on from a pause, to the next step, or all the way.
struct PromoteCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Go on from a pause or to the next step; with --full to the end.")

    @Argument(help: "Name of the rollout.") var name: String
    @Flag(help: "Skip all remaining steps, pauses and analyses.") var full = false
    @Option(help: "Promote only if this is the current step.") var expectStep: Int?
    @Option(help: "Promote only if this is the newest revision.") var expectRevision: Int?
    @Flag(name: [.customShort("c"), .long], help: .hidden) var skipCurrentStep = false
    @Flag(name: [.customShort("a"), .long], help: .hidden) var skipAllSteps = false
    @OptionGroup(title: "Global options") var options: GlobalOptions

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        if skipCurrentStep {
            environment.console.note("Flag --skip-current-step has been deprecated, use without the flag instead ex: promote ROLLOUT_NAME")
        }
        if skipAllSteps { environment.console.note("Flag --skip-all-steps has been deprecated, use --full instead") }
        if skipCurrentStep, skipAllSteps { throw .message("Cannot use skip-current-step and skip-all-steps flags at the same time") }
        let session = try Session(options, in: environment)
        let mode: PromoteMode = skipCurrentStep ? .skipCurrentStep : skipAllSteps ? .skipAllSteps : full ? .full : .normal
        let expectation = PromoteExpectation(step: expectStep, revision: expectRevision)
        try await session.promote(name, mode, expecting: expectation)
        environment.console.print("rollout '\(name)' \(full ? "fully promoted" : "promoted")")
    }
}

extension Session {
    /// How often to look again when others write between our look and our patch.
    private static var promoteAttempts: Int { 5 }

    fileprivate func promote(_ name: String, _ mode: PromoteMode, expecting expectation: PromoteExpectation) async throws(CommandFailure) {
        for _ in 1...Self.promoteAttempts {
            let document: JSONValue = try await asking { () async throws(KubeError) in
                try await client.get(.rollouts, namespace: namespace, name: name)
            }
            let rollout: Rollout = try decoded(document)
            try expectation.check(rollout)
            var patches = try PromotePatches(mode, of: rollout)
            // With an expectation the patch only applies to what was checked.
            if !expectation.isEmpty { patches.require(resourceVersion: rollout.metadata.resourceVersion) }
            do throws(KubeError) {
                return try await send(patches, to: name)
            } catch {
                guard case .conflict = error, !expectation.isEmpty else { throw CommandFailure(error, origin: origin) }
            }
        }
        throw .message("rollout \(namespace)/\(name) keeps changing; it was not promoted, try again")
    }

    /// Sends the status patch, then the spec patch.
    private func send(_ patches: PromotePatches, to name: String) async throws(KubeError) {
        if let status = patches.status {
            try await patchStatus(of: name, status, whereThereIsNone: patches.unified ?? status)
        }
        if let spec = patches.spec { _ = try await client.patch(.rollouts, namespace: namespace, name: name, .merge(spec)) }
    }

    /// Patches the status subresource, or the object itself where the kind has no such subresource.
    func patchStatus(of name: String, _ patch: JSONValue, whereThereIsNone fallback: JSONValue) async throws(KubeError) {
        do throws(KubeError) {
            _ = try await client.patch(.rollouts, namespace: namespace, name: name, subresource: "status", .merge(patch))
        } catch {
            // The same answer may mean that there is no such Rollout; the second one then says so.
            guard case .notFound = error else { throw error }
            _ = try await client.patch(.rollouts, namespace: namespace, name: name, .merge(fallback))
        }
    }
}
