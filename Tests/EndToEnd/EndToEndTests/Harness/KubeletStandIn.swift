import Clockwork
import ControllerKit
import HTTPTypes
import KubeClient
import KubeModel
import StrictJSON

/// Stands in for the scheduler, one node and its kubelet: binds pods, makes them ready, and lets them go.
///
/// Pods whose image has `never-ready` in it run and do not become ready. Those of Jobs come to their end as soon as they have run: with
/// exit code 1 where `crash` is in the image, never where `never` is.
struct KubeletStandIn: Sendable {
    static let node: String = "stand-in"
    /// Well below the 40 seconds after which the control plane takes a silent node's pods as lost.
    private static let heartbeat: Duration = .seconds(10)

    let api: AdminAPI

    /// Until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keepNodeAlive() }
            group.addTask { await followPods() }
        }
    }

    private func keepNodeAlive() async {
        let nodes = GroupVersionResource(version: "v1", resource: "nodes")
        let clock = SystemClock()
        while !Task.isCancelled {
            let now: String = clock.now.rfc3339
            let ready: JSONValue = [
                "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "stand-in", "lastHeartbeatTime": .string(now),
                "lastTransitionTime": .string(now),
            ]
            do throws(KubeError) {
                _ = try await api.client.patch(
                    nodes, namespace: nil, name: Self.node, subresource: "status", .merge(["status": ["conditions": [ready]]]))
            } catch {
                // Not there yet, or the server is busy: the next heartbeat comes.
                _ = try? await api.client.create(nodes, namespace: nil, [
                    "apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(Self.node)],
                    "status": ["conditions": [ready], "capacity": ["pods": "500", "cpu": "64", "memory": "64Gi"]],
                ])
            }
            guard (try? await clock.sleep(until: clock.now + Self.heartbeat, tolerance: nil)) != nil else { return }
        }
    }

    private func followPods() async {
        var addresses: [String: Int] = [:]
        await api.follow(.pods) { pod, isGone in
            let uid: String = pod.at("metadata", "uid")?.stringValue ?? ""
            if isGone {
                addresses[uid] = nil
                return
            }
            let name: String = pod.at("metadata", "name")?.stringValue ?? ""
            let path: String = GroupVersionResource.pods.path(namespace: pod.at("metadata", "namespace")?.stringValue ?? "", name: name)
            if pod.at("metadata", "deletionTimestamp")?.stringValue != nil {
                try await api.send(.delete, path, ["apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0])
            } else if pod.at("spec", "nodeName")?.stringValue == nil {
                try await api.send(.post, path + "/binding", [
                    "apiVersion": "v1", "kind": "Binding", "metadata": ["name": .string(name)],
                    "target": ["apiVersion": "v1", "kind": "Node", "name": .string(Self.node)],
                ])
            } else if pod.at("status", "phase")?.stringValue != "Running" {
                let number: Int = addresses[uid] ?? ((1...).first { number in !addresses.values.contains(number) } ?? 1)
                addresses[uid] = number
                let isOver: Bool = ["Succeeded", "Failed"].contains(pod.at("status", "phase")?.stringValue)
                if !isOver { try await start(pod, address: "10.\(20 + number / 65536).\(number / 256 % 256).\(number % 256)") }
            } else if pod.at("spec", "restartPolicy")?.stringValue != "Always" {
                try await end(pod)
            }
        }
    }

    private func start(_ pod: JSONValue, address: String) async throws {
        let now: JSONValue = .string(SystemClock().now.rfc3339)
        let containers: [JSONValue] = pod.at("spec", "containers")?.arrayValue ?? []
        let isReady: Bool = !containers.contains { $0["image"]?.stringValue?.contains("never-ready") ?? false }
        let ready: JSONValue = isReady ? "True" : "False"
        let conditions: [JSONValue] = [("Initialized", "True"), ("Ready", ready), ("ContainersReady", ready), ("PodScheduled", "True")].map {
            ["type": .string($0.0), "status": $0.1, "lastTransitionTime": now]
        }
        let statuses: [JSONValue] = containers.map { container in
            [
                "name": container["name"] ?? "", "image": container["image"] ?? "", "imageID": "", "ready": .bool(isReady),
                "restartCount": 0, "started": true, "state": ["running": ["startedAt": now]],
            ]
        }
        _ = try await api.client.patch(
            .pods, namespace: pod.at("metadata", "namespace")?.stringValue, name: pod.at("metadata", "name")?.stringValue ?? "",
            subresource: "status", .merge(["status": [
                "phase": "Running", "podIP": .string(address), "podIPs": [["ip": .string(address)]], "startTime": now,
                "conditions": .array(conditions), "containerStatuses": .array(statuses),
            ]]))
    }

    private func end(_ pod: JSONValue) async throws {
        let containers: [JSONValue] = pod.at("spec", "containers")?.arrayValue ?? []
        func names(_ word: String) -> Bool { containers.contains { $0["image"]?.stringValue?.contains(word) ?? false } }
        if names("never") { return }
        let code: Int = names("crash") ? 1 : 0
        let now: JSONValue = .string(SystemClock().now.rfc3339)
        let statuses: [JSONValue] = containers.map { container in
            [
                "name": container["name"] ?? "", "image": container["image"] ?? "", "imageID": "", "ready": false, "restartCount": 0,
                "started": false, "state": ["terminated": [
                    "exitCode": JSONValue(code), "reason": code == 0 ? "Completed" : "Error", "startedAt": now, "finishedAt": now,
                ]],
            ]
        }
        _ = try await api.client.patch(
            .pods, namespace: pod.at("metadata", "namespace")?.stringValue, name: pod.at("metadata", "name")?.stringValue ?? "",
            subresource: "status",
            .merge(["status": ["phase": code == 0 ? "Succeeded" : "Failed", "containerStatuses": .array(statuses)]]))
    }
}
