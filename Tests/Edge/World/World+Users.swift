import KubeClient
import KubeModel
import SimulatedCluster
import StrictJSON

/// What people do, with kubectl and with the plugin, by the patches that these send.
package extension World {
    var kubectl: KubeClient { cluster.client(userAgent: "kubectl") }

    func patchRollout(_ patch: JSONValue, of name: String = "my-app") async throws {
        _ = try await kubectl.patch(.rollouts, namespace: "default", name: name, .merge(patch))
    }

    func patchStatus(_ status: JSONValue, of name: String = "my-app") async throws {
        _ = try await kubectl.patch(.rollouts, namespace: "default", name: name, subresource: "status", .merge(["status": status]))
    }

    /// `kubectl set image`.
    func setImage(_ image: String, of name: String = "my-app") async throws {
        let stored: JSONValue = try await kubectl.get(.rollouts, namespace: "default", name: name)
        var template: JSONValue = stored.at("spec", "template") ?? [:]
        var containers: [JSONValue] = template.at("spec", "containers")?.arrayValue ?? []
        containers[0]["image"] = .string(image)
        template.set(.array(containers), at: ["spec", "containers"])
        try await patchRollout(["spec": ["template": template]], of: name)
    }

    /// `promote` where the Rollout is paused by a step.
    func promote(_ name: String = "my-app") async throws {
        try await patchStatus(["pauseConditions": nil], of: name)
    }

    /// `promote --full`.
    func promoteFully(_ name: String = "my-app") async throws {
        try await patchStatus(["promoteFull": true], of: name)
    }

    func abort(_ name: String = "my-app") async throws {
        try await patchStatus(["abort": true], of: name)
    }

    func retry(_ name: String = "my-app") async throws {
        try await patchStatus(["abort": false], of: name)
    }

    /// `pause`, and its end.
    func setPaused(_ isPaused: Bool, _ name: String = "my-app") async throws {
        try await patchRollout(["spec": ["paused": .bool(isPaused)]], of: name)
    }
}
