// swift-tools-version: 6.2
import PackageDescription

// Three rings, as the folders show: the core knows only itself, the shell adds loops and caches, the edge touches the world.
// `Tests/TidyTests` proves that imports point inwards only.

let settings: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let hummingbird: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

/// Every module folder has a README beside its sources.
func target(_ ring: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(ring)/\(name)", exclude: ["README.md"], swiftSettings: settings)
}

func tests(_ ring: String, _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(ring)/\(name)Tests", resources: resources,
        swiftSettings: settings)
}

let core: [Target] = [
    target("Core", "StrictJSON"),
    target("Core", "Clockwork"),
    target("Core", "Safety"),
    target("Core", "SchemaModel", ["StrictJSON", "Clockwork"]),
    target("Core", "KubeModel", ["StrictJSON", "Clockwork"]),
    target("Core", "RolloutModel", ["StrictJSON", "Clockwork", "KubeModel", "SchemaModel"]),
    target("Core", "Expression", ["StrictJSON", "Clockwork"]),
    target("Core", "Analysis", ["Safety", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Expression"]),
    target("Core", "Traffic", ["Safety", "StrictJSON", "Clockwork", "KubeModel"]),
    target("Core", "Delivery", ["Safety", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Analysis", "Traffic"]),
]

let shell: [Target] = [
    target("Shell", "HTTPTransport", [httpTypes]),
    target("Shell", "KubeClient", ["StrictJSON", "Clockwork", "KubeModel", "HTTPTransport", httpTypes]),
    target("Shell", "ControllerKit", ["Safety", "StrictJSON", "Clockwork", "KubeModel", "KubeClient", heap, deque, logging]),
    target("Shell", "MetricProviders", [
        "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Expression", "Analysis", "HTTPTransport", "KubeClient", httpTypes,
    ]),
    target("Shell", "Controllers", [
        "Safety", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Analysis", "Traffic", "Delivery", "HTTPTransport", "KubeClient",
        "ControllerKit", "MetricProviders", logging,
    ]),
    target("Shell", "EmbeddedAPIServer", ["StrictJSON", "Clockwork", "SchemaModel", "KubeModel", httpTypes]),
    target("Shell", "KubeYAML", ["StrictJSON", "CYAML"]),
]

let edge: [Target] = [
    .systemLibrary(name: "CYAML", path: "Sources/Edge/CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CLibCurl", path: "Sources/Edge/CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(name: "CCurl", dependencies: ["CLibCurl"], path: "Sources/Edge/CCurl", exclude: ["README.md"]),
    .target(name: "CMemory", path: "Sources/Edge/CMemory", exclude: ["README.md"]),
    target("Edge", "CurlTransport", ["CCurl", "HTTPTransport", httpTypes]),
    target("Edge", "ExecCredentials", ["KubeClient"]),
    target("Edge", "HTTPServing", ["EmbeddedAPIServer", hummingbird, nioCore, nioPosix, httpTypes, logging]),
    target("Edge", "Observability", ["StrictJSON", "Clockwork", logging, metrics]),
    target("Edge", "ControllerProcess", [
        "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Analysis", "HTTPTransport", "KubeClient", "ControllerKit", "MetricProviders",
        "Controllers", "EmbeddedAPIServer", "KubeYAML", "HTTPServing", "CurlTransport", "ExecCredentials", "Observability", "CMemory", httpTypes, logging,
        metrics, signals,
    ]),
    target("Edge", "SimulatedTime", ["Clockwork"]),
    target("Edge", "PluginCommands", [
        "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Analysis", "Expression", "Traffic", "Delivery", "HTTPTransport", "KubeClient",
        "ControllerKit", "Controllers", "MetricProviders", "EmbeddedAPIServer", "KubeYAML", "SimulatedTime", "SimulatedCluster",
        argumentParser, logging,
    ]),
    target("Edge", "SimulatedCluster", [
        "StrictJSON", "Clockwork", "KubeModel", "HTTPTransport", "KubeClient", "ControllerKit", "EmbeddedAPIServer", httpTypes, logging,
    ]),
]

let executables: [Target] = [
    .executableTarget(
        name: "sluice-controller", dependencies: ["ControllerProcess"], path: "Sources/Executables/sluice-controller",
        exclude: ["README.md"], swiftSettings: settings),
    .executableTarget(
        name: "kubectl-sluice",
        dependencies: [
            "PluginCommands", "CurlTransport", "ExecCredentials", "ControllerKit", "KubeClient", "EmbeddedAPIServer", "HTTPServing", logging, signals,
        ],
        path: "Sources/Executables/kubectl-sluice", exclude: ["README.md"], swiftSettings: settings),
    .executableTarget(
        name: "sluice-generate", dependencies: ["RolloutModel", "SchemaModel", "KubeYAML"], path: "Sources/Executables/sluice-generate",
        exclude: ["README.md"], swiftSettings: settings),
]

let allTests: [Target] = [
    tests("Core", "StrictJSON", ["StrictJSON", "Clockwork"]),
    tests("Core", "Clockwork", ["Clockwork"]),
    tests("Core", "SchemaModel", ["SchemaModel", "StrictJSON"]),
    tests("Core", "KubeModel", ["KubeModel", "StrictJSON", "Clockwork"]),
    tests("Core", "RolloutModel", ["RolloutModel", "SchemaModel", "StrictJSON", "KubeYAML", "KubeModel", "Clockwork"]),
    tests("Core", "Expression", ["Expression", "Clockwork", "StrictJSON"], resources: [.copy("Resources")]),
    tests("Core", "Analysis", ["Analysis", "MutantUnderTest", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Expression"]),
    tests("Core", "Traffic", ["Traffic", "MutantUnderTest", "StrictJSON", "Clockwork", "KubeModel"]),
    tests("Core", "Delivery", ["Delivery", "MutantUnderTest", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Traffic", "Analysis", "KubeYAML"]),
    tests("Shell", "HTTPTransport", ["HTTPTransport", httpTypes]),
    .target(
        name: "APIContract", dependencies: ["StrictJSON", "Clockwork"], path: "Tests/Shell/EmbeddedAPIServerTests/Contract",
        exclude: ["README.md"], swiftSettings: settings),
    .testTarget(
        name: "EmbeddedAPIServerTests",
        dependencies: ["EmbeddedAPIServer", "APIContract", "StrictJSON", "Clockwork", "KubeModel", httpTypes],
        path: "Tests/Shell/EmbeddedAPIServerTests", exclude: ["Contract"], swiftSettings: settings),
    tests("Edge", "HTTPServing", [
        "HTTPServing", "EmbeddedAPIServer", "APIContract", "StrictJSON", "Clockwork", logging, nioCore, nioPosix,
    ]),
    tests("Shell", "KubeYAML", ["KubeYAML", "StrictJSON", "Clockwork"]),
    tests("Shell", "KubeClient", [
        "KubeClient", "KubeModel", "StrictJSON", "Clockwork", "HTTPTransport", "SimulatedTime", "KubeYAML", httpTypes,
    ]),
    tests("Shell", "ControllerKit", [
        "ControllerKit", "MutantUnderTest", "KubeClient", "KubeModel", "StrictJSON", "Clockwork", "HTTPTransport", "EmbeddedAPIServer", "SimulatedCluster",
        "SimulatedTime", httpTypes, logging,
    ]),
    tests("Shell", "MetricProviders", [
        "MetricProviders", "Analysis", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Expression", "HTTPTransport", "KubeClient",
        "EmbeddedAPIServer", httpTypes,
    ]),
    tests("Shell", "Controllers", [
        "Controllers", "MutantUnderTest", "EmbeddedAPIServer", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Analysis", "Expression",
        "Delivery", "Traffic",
        "HTTPTransport", "KubeClient", "ControllerKit", "MetricProviders", httpTypes, logging,
    ]),
    tests("Edge", "CurlTransport", [
        "CurlTransport", "HTTPTransport", "KubeClient", "ExecCredentials", "KubeYAML", "KubeModel", "Clockwork", "StrictJSON", httpTypes,
    ]),
    tests("Edge", "MetricServers", [
        "MetricProviders", "Analysis", "RolloutModel", "KubeModel", "KubeClient", "ControllerKit", "CurlTransport", "HTTPServing",
        "EmbeddedAPIServer", "Clockwork", "StrictJSON", httpTypes, logging,
    ]),
    tests("Edge", "ExecCredentials", ["ExecCredentials", "KubeClient"]),
    tests("Edge", "SimulatedTime", ["SimulatedTime", "Clockwork"]),
    tests("Edge", "SimulatedCluster", [
        "SimulatedCluster", "SimulatedTime", "StrictJSON", "Clockwork", "KubeModel", "HTTPTransport", "KubeClient", "EmbeddedAPIServer",
        "KubeYAML", httpTypes,
    ]),
    tests("Edge", "Observability", ["Observability", "Clockwork", "StrictJSON", logging, metrics]),
    tests("Edge", "ControllerProcess", [
        "ControllerProcess", "Controllers", "ControllerKit", "CurlTransport", "HTTPServing", "EmbeddedAPIServer", "SimulatedCluster",
        "RolloutModel", "SimulatedTime", "HTTPTransport", "KubeClient", "KubeModel", "KubeYAML", "Clockwork", "StrictJSON",
        "Observability", httpTypes, logging,
    ], resources: [.copy("Golden")]),
    tests("Edge", "PluginCommands", [
        "PluginCommands", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "HTTPTransport", "KubeClient", "KubeYAML",
        "EmbeddedAPIServer", "SimulatedCluster", "SimulatedTime", httpTypes,
    ]),
    .target(
        name: "World",
        dependencies: [
            "MutantUnderTest", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "Expression", "KubeYAML", "HTTPTransport", "KubeClient", "ControllerKit",
            "MetricProviders", "Controllers", "EmbeddedAPIServer", "SimulatedTime", "SimulatedCluster", httpTypes, logging,
        ],
        path: "Tests/Edge/World", exclude: ["README.md"], swiftSettings: settings),
    .executableTarget(
        name: "sluice-torture", dependencies: ["World", "Clockwork", "ControllerKit", argumentParser], path: "Tests/Edge/Torture",
        exclude: ["README.md"], swiftSettings: settings),
    tests("Edge", "World", [
        "World", "MutantUnderTest", "StrictJSON", "Clockwork", "KubeModel", "RolloutModel", "KubeYAML", "HTTPTransport", "KubeClient", "ControllerKit",
        "MetricProviders", "Controllers", "EmbeddedAPIServer", "SimulatedTime", "SimulatedCluster", httpTypes, logging,
    ]),
    .testTarget(
        name: "EndToEndTests",
        dependencies: [
            "StrictJSON", "Clockwork", "KubeModel", "HTTPTransport", "KubeClient", "KubeYAML", "ControllerKit", "CurlTransport",
            "EmbeddedAPIServer", "HTTPServing", "SimulatedCluster", "APIContract", httpTypes, logging,
        ],
        path: "Tests/EndToEnd/EndToEndTests", swiftSettings: settings),
    .testTarget(name: "TidyTests", dependencies: ["Safety"], path: "Tests/TidyTests", swiftSettings: settings),
    // Tests take one rule out at a time with it; see `docs/testing.md`.
    .target(name: "MutantUnderTest", dependencies: ["Safety"], path: "Tests/Mutants/MutantUnderTest", swiftSettings: settings),
]

let package = Package(
    name: "sluice",
    // For the nested packages under Tests, and for nobody else: no interface is promised. Benchmarks are built into the same folder
    // and take all modules; the fuzzer builds its few anew, with coverage.
    products: [.library(name: "SluiceModules", targets: (core + shell + edge).filter { $0.type == .regular }.map(\.name))]
        + [
            "StrictJSON", "Clockwork", "KubeModel", "Expression", "Analysis", "Traffic", "HTTPTransport", "KubeClient", "KubeYAML", "SimulatedTime",
        ].map { .library(name: $0, targets: [$0]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: core + shell + edge + executables + allTests,
    swiftLanguageModes: [.v6])
