import RolloutModel

/// A key of a Secret that a run's argument names.
public struct SecretReference: Sendable, Hashable {
    /// The Secret, in the run's namespace.
    public var name: String
    public var key: String

    public init(name: String, key: String) {
        self.name = name
        self.key = key
    }
}

/// What came of reading one key of a Secret.
public enum SecretReading: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    case value(String)
    /// Not there, or not for us; the text ends the run.
    case refused(String)

    /// Never the value: safe to log.
    public var description: String {
        switch self {
        case .value: "<redacted>"
        case .refused(let cause): "refused: \(cause)"
        }
    }

    public var debugDescription: String { description }
}

/// What stands for every secret where the real value is not needed: validation and scheduling.
let secretPlaceholder = "temp-for-secret"

/// The Secrets that a run's arguments name, each once, in their order. They are read for every reconcile of an
/// unfinished run, also when nothing is due, and are never kept.
public func neededSecrets(by run: AnalysisRun) -> [SecretReference] {
    if run.metadata.isBeingDeleted || run.status.phase?.isCompleted == true { return [] }
    var references: [SecretReference] = []
    for argument in run.spec.arguments {
        guard case .secret(let name, let key)? = argument.source else { continue }
        let reference = SecretReference(name: name, key: key)
        if !references.contains(reference) { references.append(reference) }
    }
    return references
}

/// The value of every argument; a secret wins over a value that is there as well, as upstream.
///
/// - Parameter secret: the value that stands for a secret.
func argumentValues(
    _ arguments: [AnalysisArgument], secret: (SecretReference) throws(AnalysisProblem) -> String
) throws(AnalysisProblem) -> [String: String] {
    var values: [String: String] = [:]
    for argument in arguments {
        if case .secret(let name, let key)? = argument.source {
            values[argument.name] = try secret(SecretReference(name: name, key: key))
        } else if let value = argument.value {
            values[argument.name] = value
        } else {
            throw .invalid("argument \"\(argument.name)\" was not supplied")
        }
    }
    return values
}
