import StrictJSON

/// What is kept of a pod template where templates by the thousand would be too much: whether another one means the same, and the few
/// members that decisions and views read.
public struct PodTemplateSummary: Sendable, Hashable {
    /// Digest of the template as written, labels and all.
    public var digest: UInt64
    /// Digest of what the template means, its labels aside.
    public var meaning: UInt64
    /// Labels of the pods.
    public var labels: [String: String]
    /// As written; empty where it is not.
    public var restartPolicy: String
    public var containers: [Container]

    /// What is read of a container; empty where it is not written, or no string.
    public struct Container: Sendable, Hashable {
        public var name: String
        public var image: String
    }

    /// The images of all containers that have one.
    public var images: [String] { containers.map(\.image).filter { !$0.isEmpty } }

    /// Whether pods of the two templates would be the same, apart from the labels named: as `PodTemplate.isSemanticallyEqual`, by digest.
    ///
    /// Two templates that differ are taken for equal with a chance of 1 in 2⁶⁴.
    public func isSemanticallyEqual(to other: PodTemplateSummary, ignoringLabels ignored: Set<String> = []) -> Bool {
        meaning == other.meaning && hasLabels(of: other, except: ignored) && other.hasLabels(of: self, except: ignored)
    }

    private func hasLabels(of other: PodTemplateSummary, except ignored: Set<String>) -> Bool {
        other.labels.allSatisfy { ignored.contains($0.key) || labels[$0.key] == $0.value }
    }
}

extension PodTemplate {
    /// What is worth keeping of the template.
    public var summary: PodTemplateSummary {
        let labels: [String: String] = labels
        let pod: JSONValue? = raw["spec"]
        return PodTemplateSummary(
            digest: digest,
            // Labels that are no strings are not among `labels`, and stay part of the meaning.
            meaning: semanticDigest(ignoringLabels: Set(labels.keys)), labels: labels,
            restartPolicy: pod?["restartPolicy"]?.stringValue ?? "",
            containers: (pod?["containers"]?.arrayValue ?? []).map { container in
                PodTemplateSummary.Container(name: container["name"]?.stringValue ?? "", image: container["image"]?.stringValue ?? "")
            })
    }

    /// Whether pods of the two templates would be the same, apart from the labels named.
    public func isSemanticallyEqual(to other: PodTemplateSummary, ignoringLabels ignored: Set<String> = []) -> Bool {
        summary.isSemanticallyEqual(to: other, ignoringLabels: ignored)
    }
}
