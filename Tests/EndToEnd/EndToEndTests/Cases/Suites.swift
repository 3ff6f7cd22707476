import Testing

/// Everything on real parts: `make e2e`.
@Suite("EndToEnd", .serialized) enum EndToEnd {
    @Suite("on our own definitions", .serialized, .realCluster(.ours)) struct OnOurDefinitions {}

    @Suite("on Argo Rollouts' definitions", .serialized, .realCluster(.argo)) struct OnArgosDefinitions {}
}
