import StrictJSON

/// A place in a Rollout that asks for an AnalysisRun: `canary.analysis` or a step's `analysis`.
public struct RolloutAnalysis: Sendable, Hashable {
    /// A template by name.
    public struct TemplateReference: Sendable, Hashable, Comparable {
        public var name: String
        /// Whether it is a ClusterAnalysisTemplate.
        public var isClusterScoped: Bool

        public init(name: String, isClusterScoped: Bool = false) {
            self.name = name
            self.isClusterScoped = isClusterScoped
        }

        public static func < (a: Self, b: Self) -> Bool {
            (a.isClusterScoped ? 1 : 0, a.name) < (b.isClusterScoped ? 1 : 0, b.name)
        }
    }

    /// An argument handed to the templates.
    public struct Argument: Sendable, Hashable {
        public enum Source: Sendable, Hashable {
            case value(String)
            /// `valueFrom.podTemplateHashValue: Latest`.
            case latestPodHash
            /// `valueFrom.podTemplateHashValue: Stable`.
            case stablePodHash
            /// `valueFrom.fieldRef.fieldPath`: a path on the Rollout.
            case field(path: String)
        }
        public var name: String
        public var source: Source
    }

    public var templates: [TemplateReference] = []
    public var arguments: [Argument] = []
    /// `dryRun` and `measurementRetention` as written; they are merged into the run's spec.
    public var dryRun: [JSONValue] = []
    public var measurementRetention: [JSONValue] = []
    public var runLabels: [String: String] = [:]
    public var runAnnotations: [String: String] = [:]
    /// For `canary.analysis` only: the step index at which the background run may begin.
    public var startingStep: Int = 0
    /// Where it stands, for messages.
    public var path: String

    public init(json: JSONValue, path: String, problems: inout [FieldProblem]) {
        self.path = path
        var reader = LenientFields(json, path: path)
        for (index, entry) in (reader.array("templates") ?? []).enumerated() {
            var item = LenientFields(entry, path: "\(path).templates[\(index)]")
            let name: String = item.string("templateName") ?? ""
            templates.append(TemplateReference(name: name, isClusterScoped: item.bool("clusterScope") ?? false))
            problems += item.problems
        }
        for (index, entry) in (reader.array("args") ?? []).enumerated() {
            let itemPath: String = "\(path).args[\(index)]"
            var item = LenientFields(entry, path: itemPath)
            let name: String = item.string("name") ?? ""
            let from: JSONValue? = item.object("valueFrom")
            if let hash = from?["podTemplateHashValue"]?.stringValue {
                switch hash {
                case "Stable": arguments.append(Argument(name: name, source: .stablePodHash))
                case "Latest": arguments.append(Argument(name: name, source: .latestPodHash))
                default:
                    problems.append(FieldProblem(
                        path: "\(itemPath).valueFrom.podTemplateHashValue",
                        message: "is \"\(hash)\"; it must be Stable or Latest"))
                }
            } else if let field = from?.at("fieldRef", "fieldPath")?.stringValue {
                arguments.append(Argument(name: name, source: .field(path: field)))
            } else {
                arguments.append(Argument(name: name, source: .value(item.string("value") ?? "")))
            }
            problems += item.problems
        }
        dryRun = reader.array("dryRun") ?? []
        measurementRetention = reader.array("measurementRetention") ?? []
        if let metadata = reader.object("analysisRunMetadata") {
            runLabels = Self.strings(metadata["labels"])
            runAnnotations = Self.strings(metadata["annotations"])
        }
        startingStep = reader.int("startingStep") ?? 0
        problems += reader.problems
    }

    private static func strings(_ value: JSONValue?) -> [String: String] {
        var result: [String: String] = [:]
        for (key, member) in value?.objectValue ?? [:] {
            if let text = member.stringValue { result[key] = text }
        }
        return result
    }
}
