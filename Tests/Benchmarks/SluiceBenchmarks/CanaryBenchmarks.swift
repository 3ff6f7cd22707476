import Benchmark
import StrictJSON

func registerCanary() {
    // The canary by which requests are compared: two weights on a route, a second of pause after each.
    let steps: [JSONValue] = [["setWeight": 20], ["pause": ["duration": "1s"]], ["setWeight": 60], ["pause": ["duration": "1s"]]]

    Benchmark.register("canary: first deploy and one release in the simulator", iterations: 50) { benchmark in
        var requests: Int = 0
        try benchmark.measuring {
            requests = try CanaryWorld.run { world in
                try await world.begin(steps: steps)
                let before: Int = await world.requests()
                try await world.release()
                try await world.wait { $0.status.phase == .healthy && $0.status.stableRS == $0.status.currentPodHash && $0.status.currentStepIndex == 4 }
                try await world.cluster.sleep(.seconds(60))
                return await world.requests() - before
            }
        }
        benchmark.measurement(Count.requests, requests)
    }
}
