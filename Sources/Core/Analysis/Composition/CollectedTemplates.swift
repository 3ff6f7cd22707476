import RolloutModel

/// The templates that `references` name and those which they include, each once: namespaced ones first, then
/// cluster-scoped ones, each in the order in which they were found, depth first.
///
/// Differs: templates that include each other are an error; upstream follows them for ever.
///
/// - Parameter lookup: the template that a reference names, nil where it does not exist.
public func collectedTemplates(
    _ references: [RolloutAnalysis.TemplateReference],
    lookup: (RolloutAnalysis.TemplateReference) -> AnalysisTemplate?
) throws(AnalysisProblem) -> [AnalysisTemplate] {
    var found: [AnalysisTemplate] = []
    var done: Set<RolloutAnalysis.TemplateReference> = []
    // A stack of its own instead of recursion: the depth of the inclusion is the user's choice.
    var open: [(reference: RolloutAnalysis.TemplateReference, rest: ArraySlice<RolloutAnalysis.TemplateReference>)] = []

    func enter(_ reference: RolloutAnalysis.TemplateReference) throws(AnalysisProblem) {
        if let start = open.firstIndex(where: { $0.reference == reference }) {
            throw .templateCycle(open[start...].map(\.reference.name) + [reference.name])
        }
        guard done.insert(reference).inserted else { return }
        guard let template = lookup(reference) else { throw .templateNotFound(reference) }
        found.append(template)
        open.append((reference, template.templates[...]))
    }

    for reference in references {
        try enter(reference)
        while let last = open.indices.last {
            if let next = open[last].rest.popFirst() {
                try enter(next)
            } else {
                open.removeLast()
            }
        }
    }
    return found.filter { !$0.isClusterScoped } + found.filter(\.isClusterScoped)
}
