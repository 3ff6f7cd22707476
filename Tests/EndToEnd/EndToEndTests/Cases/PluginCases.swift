import StrictJSON
import Testing

extension EndToEnd.OnOurDefinitions {
    @Test("the plugin shows, pauses, promotes, aborts and retries")
    func plugin() async throws {
        let cluster: RealCluster = try RealCluster.here
        try await Scene.play(.guide, in: "plugin") { scene in
            try await cluster.withController { _ in
                let kubectl: Kubectl = scene.kubectl
                try await scene.apply()
                try await scene.waitUntilHealthy()
                #expect(try await kubectl("sluice", "status", "my-app", "--watch=false") == "Healthy\n")
                try await scene.apply(image: Release.goodImage)
                try await scene.waitFor("at its first pause") { $0.isObserved && $0.phase == "Paused" && $0.step == 1 }
                let shown: String = try await kubectl("sluice", "get", "rollout", "my-app", "--no-color")
                for line in ["Status:          ॥ Paused", "Message:         CanaryPauseStep", "SetWeight:     5", "Step:          1/6"] {
                    #expect(shown.contains(line), "\(shown)")
                }
                #expect(try await kubectl("sluice", "list", "rollouts").contains("my-app"))

                #expect(try await kubectl("sluice", "promote", "my-app") == "rollout 'my-app' promoted\n")
                try await scene.waitFor("at its second pause") { $0.phase == "Paused" && $0.step == 3 }

                #expect(try await kubectl("sluice", "abort", "my-app") == "rollout 'my-app' aborted\n")
                let aborted: RolloutView = try await scene.waitFor("aborted") { $0.isAborted && $0.phase == "Degraded" && $0.updatedReplicas == 0 }
                #expect(aborted.message.hasPrefix("RolloutAborted: "), "\(aborted.message)")
                try await scene.expectReplicaSets(images: [Scene.stableImage, Release.goodImage], ready: 0)
                let status: CommandResult = try await kubectl.command(["sluice", "status", "my-app", "--watch=false"]).run()
                #expect(status.output.hasPrefix("Degraded"))

                #expect(try await kubectl("sluice", "retry", "rollout", "my-app") == "rollout 'my-app' retried\n")
                try await scene.waitFor("at its first pause again") { !$0.isAborted && $0.phase == "Paused" && $0.step == 1 }

                #expect(try await kubectl("sluice", "pause", "my-app") == "rollout 'my-app' paused\n")
                #expect(try await scene.rollout().at("spec", "paused")?.boolValue == true)
                #expect(try await kubectl("sluice", "promote", "my-app", "--full") == "rollout 'my-app' fully promoted\n")
                try await scene.waitUntilHealthy()
                try await scene.expectReplicaSets(images: [Scene.stableImage, Release.goodImage], ready: 1)
                #expect(try await scene.rollout().at("spec", "paused")?.boolValue != true)
            }
        }
    }
}
