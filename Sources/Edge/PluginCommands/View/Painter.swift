/// Colours text for a terminal, or leaves it as it is.
struct Painter: Sendable, Equatable {
    /// Whether anything is coloured at all.
    var usesColour: Bool

    /// Colours are shown on a terminal that can show them, unless somebody has said no.
    ///
    /// Differs: upstream colours without a terminal too, and does not know `NO_COLOR`.
    static func forConsole(isTerminal: Bool, noColour: Bool, variables: [String: String]) -> Painter {
        let isDumb: Bool = variables["TERM"] == "dumb"
        let isRefused: Bool = !(variables["NO_COLOR"] ?? "").isEmpty
        return Painter(usesColour: isTerminal && !noColour && !isDumb && !isRefused)
    }

    /// ANSI's codes, as upstream chose them.
    private enum Code: Int {
        case plain = 0, red = 31, green = 32, yellow = 33, brightBlue = 94
    }

    func paint(_ icon: Icon) -> String {
        switch icon {
        case .waiting, .unknown: wrap(icon.rawValue, .yellow)
        case .progressing: wrap(icon.rawValue, .brightBlue)
        case .warning, .bad: wrap(icon.rawValue, .red)
        case .good: wrap(icon.rawValue, .green)
        case .paused, .scaledDown, .none, .rollout, .revision, .replicaSet, .pod, .experiment, .analysisRun, .job: wrap(icon.rawValue, .plain)
        }
    }

    func paint(_ tag: ReplicaSetTag) -> String { wrap(tag.rawValue, code(of: tag)) }

    /// The name of a ReplicaSet in the colours of its tags, one around the other.
    func paint(_ name: String, as tags: [ReplicaSetTag]) -> String { tags.reduce(name) { wrap($0, code(of: $1)) } }

    /// The name of something that runs stands out until it is finished.
    func paint(_ name: String, inPhase phase: String) -> String {
        wrap(name, phase == "Pending" || phase == "Running" ? .brightBlue : .plain)
    }

    private func code(of tag: ReplicaSetTag) -> Code {
        switch tag {
        case .canary: .yellow
        case .stable, .active: .green
        case .preview, .ping, .pong: .brightBlue
        }
    }

    private func wrap(_ text: String, _ code: Code) -> String {
        usesColour ? "\u{1B}[\(code.rawValue)m\(text)\u{1B}[0m" : text
    }
}
