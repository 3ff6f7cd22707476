extension History: CustomStringConvertible {
    /// Readable: the Rollout in a few lines, then all that happens in order of time.
    package var description: String {
        var lines: [String] = ["seed \(seed)", scene.description]
        var events: [(at: Int, text: String)] = actions.map { ($0.at, "user: \($0.action.text)") }
        for fault in faults {
            events.append((fault.at, "fault: \(fault.fault.text)\(fault.lasts > 0 ? " for \(Self.seconds(fault.lasts))" : "")"))
        }
        for event in events.enumerated().sorted(by: { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }) {
            lines.append("  \(Self.seconds(event.element.at))  \(event.element.text)")
        }
        return lines.joined(separator: "\n")
    }

    static func seconds(_ milliseconds: Int) -> String {
        let rest = String(abs(milliseconds % 1000))
        return "\(milliseconds < 0 ? "-" : "")\(abs(milliseconds / 1000)).\(String(repeating: "0", count: 3 - rest.count))\(rest)s"
    }
}

extension TortureScene: CustomStringConvertible {
    package var description: String {
        var parts: [String] = ["replicas \(replicas)", blueGreen.map { "blue-green: \($0.text)" } ?? "routing \(routing.rawValue)"]
        if let backgroundFrom { parts.append("background analysis from step \(backgroundFrom)") }
        if let maxSurge { parts.append("maxSurge \(maxSurge)") }
        if let maxUnavailable { parts.append("maxUnavailable \(maxUnavailable)") }
        if let abortScaleDownDelay { parts.append("abortScaleDownDelaySeconds \(abortScaleDownDelay)") }
        if let leastPods { parts.append("minPodsPerReplicaSet \(leastPods)") }
        switch threshold {
        case .percent(let value): parts.append("replicaProgressThreshold \(value) %")
        case .pods(let value): parts.append("replicaProgressThreshold \(value) pods")
        case nil: break
        }
        if let rollbackWindow { parts.append("rollbackWindow \(rollbackWindow)") }
        if let scaleDownDelay { parts.append("scaleDownDelaySeconds \(scaleDownDelay)") }
        if hasTwoControllers { parts.append("two controllers") }
        if isSkewed { parts.append("clocks ahead by \(skews.map { "\($0)s" }.joined(separator: ", "))") }
        if blueGreen != nil { return "  \(parts.joined(separator: ", "))" }
        return "  \(parts.joined(separator: ", "))\n  steps: \(steps.map(\.text).joined(separator: ", "))"
    }
}

extension TortureScene.BlueGreen {
    var text: String {
        var parts: [String] = labels
        if case .after(let seconds) = promotion { parts[0] += " \(seconds)s" }
        if let previewPods { parts.append("\(previewPods) pods") }
        if let delayedRevisions { parts.append("\(delayedRevisions) versions") }
        return parts.joined(separator: ", ")
    }

    /// For counting.
    var labels: [String] {
        let how: String = switch promotion {
        case .atOnce: "promoted at once"
        case .byHand: "promoted by hand"
        case .after: "promoted after seconds"
        }
        return [how] + [
            hasPreview ? "preview Service" : nil, previewPods == nil ? nil : "preview pods", hasAnalysisBefore ? "analysis before the switch" : nil,
            hasAnalysisAfter ? "analysis after the switch" : nil, delayedRevisions == nil ? nil : "few delayed revisions",
        ].compactMap { $0 }
    }
}

extension TortureScene.Step {
    var text: String {
        switch self {
        case .setWeight(let weight): "setWeight \(weight)"
        case .pause(let seconds): seconds.map { "pause \($0)s" } ?? "pause"
        case .analysis: "analysis"
        case .canaryScale(.weight(let weight)): "setCanaryScale weight \(weight)"
        case .canaryScale(.replicas(let replicas)): "setCanaryScale replicas \(replicas)"
        case .canaryScale(.matchingWeight): "setCanaryScale matchTrafficWeight"
        }
    }

    /// For counting.
    var label: String {
        switch self {
        case .setWeight: "setWeight"
        case .pause(let seconds): seconds == nil ? "pause without end" : "pause with end"
        case .analysis: "analysis"
        case .canaryScale(.weight): "setCanaryScale weight"
        case .canaryScale(.replicas): "setCanaryScale replicas"
        case .canaryScale(.matchingWeight): "setCanaryScale matchTrafficWeight"
        }
    }
}

extension TimedAction.Action {
    var text: String {
        switch self {
        case .setImage(let tag): "set image \(tag)"
        case .returnTo(let tag): "set image \(tag) again"
        case .scale(let replicas): "scale to \(replicas)"
        case .evict(let pods): "evict \(pods) pods"
        default: label
        }
    }

    /// For counting.
    var label: String {
        switch self {
        case .setImage(let tag): tag == "v1" ? "rollback" : tag.hasSuffix("2") ? "new image" : "third revision"
        case .returnTo: "return to a recent one"
        case .promote: "promote"
        case .promoteFully: "promote --full"
        case .abort: "abort"
        case .retry: "retry"
        case .scale: "scale"
        case .pause: "pause"
        case .resume: "resume"
        case .metricBad: "metric goes bad"
        case .metricGood: "metric goes good"
        case .evict: "evict"
        }
    }
}

extension TimedFault.Fault {
    var text: String {
        switch self {
        case .network(let kind, let share): "\(kind.rawValue), one in \(share)"
        case .silence(let resource): "watches of \(resource) tell nothing"
        case .crash(let writes): "crash after \(writes) writes"
        case .freeze: "the leading process stands still"
        case .leaseOutage: "leases get no answer"
        }
    }

    /// For counting.
    var label: String {
        switch self {
        case .network(let kind, _): kind.rawValue
        case .silence: "silent watch"
        case .crash: "crash"
        case .freeze: "freeze"
        case .leaseOutage: "lease outage"
        }
    }
}
