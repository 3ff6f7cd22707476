import RolloutModel

/// Why an analysis cannot be made or go on, in words for the user.
public enum AnalysisProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// A template that is named does not exist (yet).
    case templateNotFound(RolloutAnalysis.TemplateReference)
    /// Templates that include each other; the first name is also the last.
    case templateCycle([String])
    /// What was given does not fit together.
    case invalid(String)

    /// The text for conditions and messages.
    public var message: String {
        switch self {
        case .templateNotFound(let reference):
            "\(reference.isClusterScoped ? "ClusterAnalysisTemplate" : "AnalysisTemplate") '\(reference.name)' not found"
        case .templateCycle(let names):
            "analysis template cycle: \(names.joined(separator: " -> "))"
        case .invalid(let text):
            text
        }
    }

    public var description: String { message }
}
