/// An image that runs, and what as.
struct TaggedImage: Sendable, Equatable {
    /// What an image is used for: a part in the release, or a template of an experiment.
    enum Tag: Sendable, Hashable {
        case part(ReplicaSetTag)
        case experiment(template: String)

        var text: String {
            switch self {
            case .part(let tag): tag.rawValue
            case .experiment(let template): "\(Icon.experiment.rawValue):\(template)"
            }
        }
    }

    var image: String
    var tags: [Tag]

    /// The images of all ReplicaSets that have pods, in alphabetical order, each once.
    static func all(in overview: RolloutOverview) -> [TaggedImage] {
        // Images name the canary first, rows the stable part.
        let order: [ReplicaSetTag] = [.canary, .stable, .active, .preview, .ping, .pong]
        var images: [TaggedImage] = []
        for set in overview.replicaSets where set.replicas > 0 {
            for image in set.images { add(image, order.filter(set.tags.contains).map(Tag.part), to: &images) }
        }
        for set in overview.experiments.flatMap(\.replicaSets) where set.replicas > 0 {
            for image in set.images { add(image, [.experiment(template: set.experimentTemplate)], to: &images) }
        }
        return images.sorted { $0.image < $1.image }
    }

    /// Tags of one source keep their order; merged ones are sorted.
    private static func add(_ image: String, _ tags: [Tag], to images: inout [TaggedImage]) {
        if let index = images.firstIndex(where: { $0.image == image }) {
            images[index].tags = Set(images[index].tags + tags).sorted { $0.text < $1.text }
        } else {
            images.append(TaggedImage(image: image, tags: tags))
        }
    }
}
