import ArgumentParser
import KubeYAML
import StrictJSON

/// Forms for programs, as kubectl has them.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case json, yaml, name

    func text(ofRollout rollout: JSONValue) -> String {
        switch self {
        case .json: rollout.text(.kubectl) + "\n"
        case .yaml: YAML.text(rollout, sortsKeys: true)
        case .name: "rollout.argoproj.io/\(rollout.at("metadata", "name")?.stringValue ?? "")\n"
        }
    }

    func text(ofRollouts rollouts: [JSONValue]) -> String {
        let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(rollouts), "metadata": ["resourceVersion": ""]]
        switch self {
        case .json: return list.text(.kubectl) + "\n"
        case .yaml: return YAML.text(list, sortsKeys: true)
        case .name: return rollouts.map { text(ofRollout: $0) }.joined()
        }
    }
}
