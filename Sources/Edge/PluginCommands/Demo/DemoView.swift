import Clockwork
import RolloutModel

/// Turns a snapshot into lines of text; pure.
struct DemoView: Sendable {
    var usesColor: Bool

    /// A frame for a terminal that is redrawn in place.
    func frame(_ snapshot: DemoSnapshot, title: String, log: [String]) -> [String] {
        var lines: [String] = [
            "\(bold("Sluice demo"))  \(title)",
            "",
            row("time", "\(snapshot.now.rfc3339) (virtual)"),
            row("release", "\(snapshot.image)   \(phase(snapshot))"),
            row("steps", "\(bar(snapshot))  \(stepText(snapshot))"),
            row("weight", weightText(snapshot)),
            row("stable", pods(snapshot.stable)),
            row("canary", pods(snapshot.canary)),
            row("analysis", analysisText(snapshot)),
            row("waits for", snapshot.waitsFor.isEmpty ? "nothing" : snapshot.waitsFor),
            "",
        ]
        lines += log.suffix(12).map { dim("  \($0)") }
        return lines
    }

    /// One line that says what a change of state amounts to, for output that is not a terminal.
    func line(_ snapshot: DemoSnapshot) -> String {
        let weight: String = snapshot.weight.map {
            "weight wanted \($0.wanted) % observed \($0.observed.map { "\($0) %" } ?? "pending")"
        } ?? "no route"
        let measurements: String = snapshot.analysis.map { analysis in
            let last: String = analysis.measurements.last.map { "\(Self.short($0.value)) \($0.phase.rawValue)" } ?? "none yet"
            return " | \(analysis.metric): \(last) (\(analysis.condition)), run \(analysis.phase)"
        } ?? ""
        return "\(snapshot.now.rfc3339) \(snapshot.image) \(plainBar(snapshot)) \(stepText(snapshot)) | \(snapshot.phase)"
            + (snapshot.message.isEmpty ? "" : ": \(snapshot.message)")
            + " | \(weight) | stable \(count(snapshot.stable)) canary \(count(snapshot.canary))\(measurements)"
            + (snapshot.waitsFor.isEmpty ? "" : " | waits for \(snapshot.waitsFor)")
    }

    private func row(_ name: String, _ text: String) -> String {
        "  \(dim(name + String(repeating: " ", count: max(0, 10 - name.count)))) \(text)"
    }

    private func phase(_ snapshot: DemoSnapshot) -> String {
        let text: String = snapshot.phase + (snapshot.message.isEmpty ? "" : ": \(snapshot.message)")
        switch snapshot.phase {
        case "Healthy": return color(32, text)
        case "Degraded": return color(31, text)
        case "Paused": return color(36, text)
        default: return color(33, text)
        }
    }

    private func plainBar(_ snapshot: DemoSnapshot) -> String {
        let done: Int = snapshot.step
        return "[" + String(repeating: "#", count: done) + String(repeating: ".", count: snapshot.steps.count - done) + "]"
    }

    private func bar(_ snapshot: DemoSnapshot) -> String {
        let done: Int = snapshot.step
        let filled: String = String(repeating: "███", count: done)
        let open: String = String(repeating: "░░░", count: snapshot.steps.count - done)
        return color(snapshot.isAborted ? 31 : 32, filled) + dim(open)
    }

    private func stepText(_ snapshot: DemoSnapshot) -> String {
        let position: String = "step \(snapshot.step)/\(snapshot.steps.count)"
        guard snapshot.step < snapshot.steps.count else { return position }
        let left: String = snapshot.pauseLeft.map { ", \(GoDuration($0.wholeSeconds).text) left" } ?? ""
        return "\(position) (\(snapshot.steps[snapshot.step])\(left))"
    }

    private func weightText(_ snapshot: DemoSnapshot) -> String {
        guard let weight = snapshot.weight else { return "no route" }
        let observed: String = weight.observed.map { "\($0) %" } ?? color(33, "pending")
        return "wanted \(weight.wanted) %   written \(weight.written) %   observed \(observed)   "
            + dim("(httproute \(weight.route), generation \(weight.generation))")
    }

    private func pods(_ pods: DemoSnapshot.Pods?) -> String {
        guard let pods else { return dim("none") }
        let dots: String = color(32, String(repeating: "●", count: min(pods.ready, pods.wanted)))
            + color(33, String(repeating: "○", count: max(0, pods.wanted - pods.ready)))
        return "\(pods.image)  \(pods.ready)/\(pods.wanted) available  \(dots)  \(dim(pods.replicaSet))"
    }

    private func count(_ pods: DemoSnapshot.Pods?) -> String { pods.map { "\($0.ready)/\($0.wanted)" } ?? "0/0" }

    private func analysisText(_ snapshot: DemoSnapshot) -> String {
        guard let analysis = snapshot.analysis else { return dim("none") }
        let values: String = analysis.measurements.suffix(6).map { measurement in
            let value: String = Self.short(measurement.value)
            return switch measurement.phase {
            case .successful: color(32, "✔ \(value)")
            case .failed, .error: color(31, "✖ \(value)")
            case .inconclusive, .pending, .running: color(33, "? \(value)")
            }
        }.joined(separator: "  ")
        return "\(analysis.metric): \(analysis.condition)   \(values.isEmpty ? "no measurement yet" : values)   \(analysis.phase)"
    }

    /// The value of a single sample to four decimals; anything else as it is.
    static func short(_ value: String) -> String {
        guard value.hasPrefix("["), value.hasSuffix("]"), let number = Double(value.dropFirst().dropLast()) else { return value }
        let scaled: Int = Int((number * 10_000).rounded())
        let fraction: String = String(10_000 + scaled % 10_000).dropFirst().description
        return "\(scaled / 10_000).\(fraction)"
    }

    private func color(_ code: Int, _ text: String) -> String { usesColor && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
    private func bold(_ text: String) -> String { color(1, text) }
    private func dim(_ text: String) -> String { color(2, text) }
}

extension Duration {
    /// Fractions cut off.
    var wholeSeconds: Duration { .seconds(components.seconds) }
}
