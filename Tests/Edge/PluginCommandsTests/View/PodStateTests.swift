import KubeModel
import StrictJSON
import Testing

@testable import PluginCommands

@Suite("A pod as kubectl shows it") struct PodStateTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var status: JSONValue
        var text: String
        var icon: Icon
        var metadata: JSONValue = [:]
        var spec: JSONValue = ["containers": [["name": "a"], ["name": "b"]]]

        init(_ description: String, _ status: JSONValue, _ text: String, _ icon: Icon, metadata: JSONValue = [:], initContainers: JSONValue? = nil) {
            testDescription = description
            self.status = status
            self.text = text
            self.icon = icon
            self.metadata = metadata
            if let initContainers { spec["initContainers"] = initContainers }
        }
    }

    static func container(_ state: JSONValue, ready: Bool = false, restarts: Int = 0) -> JSONValue {
        ["name": "a", "ready": .bool(ready), "restartCount": .number(JSONNumber(restarts)), "state": state]
    }

    static let running: JSONValue = container(["running": [:]], ready: true)
    static let deleted: JSONValue = ["deletionTimestamp": "2026-03-01T10:00:00Z"]

    static let cases: [Case] = [
        Case("waits for a node", ["phase": "Pending"], "Pending 0/2 0", .progressing),
        Case("runs", ["phase": "Running", "containerStatuses": [running, running]], "Running 2/2 0", .good),
        Case(
            "crashes", ["phase": "Running", "containerStatuses": [running, container(["waiting": ["reason": "CrashLoopBackOff"]], restarts: 4)]],
            "CrashLoopBackOff 1/2 4", .bad),
        Case("lacks its image", ["phase": "Pending", "containerStatuses": [container(["waiting": ["reason": "ErrImagePull"]])]], "ErrImagePull 0/2 0", .warning),
        Case("was killed", ["phase": "Failed", "containerStatuses": [container(["terminated": ["signal": 9, "exitCode": 137]])]], "Signal:9 0/2 0", .bad),
        Case("failed", ["phase": "Failed", "containerStatuses": [container(["terminated": ["exitCode": 3]])]], "ExitCode:3 0/2 0", .bad),
        Case(
            "still runs beside a finished container",
            ["phase": "Running", "containerStatuses": [container(["terminated": ["reason": "Completed", "exitCode": 0]]), running]], "Running 1/2 0", .good),
        Case("was evicted", ["phase": "Failed", "reason": "Evicted"], "Evicted 0/2 0", .none),
        Case("ends", ["phase": "Running", "containerStatuses": [running, running]], "Terminating 2/2 0", .progressing, metadata: deleted),
        Case("is lost with its node", ["phase": "Running", "reason": "NodeLost"], "Unknown 0/2 0", .unknown, metadata: deleted),
        Case(
            "initialises",
            ["phase": "Pending", "initContainerStatuses": [container(["terminated": ["exitCode": 0]]), container(["running": [:]], restarts: 1)]],
            "Init:1/2 0/2 1", .progressing, initContainers: [["name": "x"], ["name": "y"]]),
        Case(
            "fails to initialise", ["phase": "Pending", "initContainerStatuses": [container(["terminated": ["exitCode": 1, "reason": "Error"]])]],
            "Init:Error 0/2 0", .progressing, initContainers: [["name": "x"]]),
        Case(
            "has a sidecar that runs",
            [
                "phase": "Running", "containerStatuses": [running, running],
                "initContainerStatuses": [["name": "a", "started": true, "ready": true, "restartCount": 2, "state": ["running": [:]]]],
            ],
            "Running 2/2 0", .good, initContainers: [["name": "a", "restartPolicy": "Always"]]),
    ]

    @Test(arguments: cases) func isSummedUp(_ c: Case) throws {
        let metadata: JSONValue = JSONValue.object(["name": "p"]).applying(mergePatch: c.metadata)
        let pod: JSONValue = ["metadata": metadata, "spec": c.spec, "status": c.status]
        let state = PodState(pod: pod, metadata: try ObjectMeta(object: pod))
        #expect("\(state.status) \(state.ready) \(state.restarts)" == c.text)
        #expect(Icon(podStatus: state.status) == c.icon)
    }
}
