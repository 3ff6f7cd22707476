/// What a spec names beside itself, whichever strategy it has.
extension RolloutSpec {
    /// The Services, each once where it is named twice as well.
    public var services: [String] {
        var names: [String] = blueGreen?.services ?? []
        if let canary { names += [canary.stableService, canary.canaryService].filter { !$0.isEmpty } }
        return names.enumerated().filter { names.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    }

    /// The analyses, those of steps included.
    public var analyses: [RolloutAnalysis] {
        var found: [RolloutAnalysis] = blueGreen?.analyses ?? []
        if let analysis = canary?.analysis { found.append(analysis) }
        for step in canary?.steps ?? [] {
            if case .analysis(let analysis) = step.kind { found.append(analysis) }
        }
        return found
    }
}
