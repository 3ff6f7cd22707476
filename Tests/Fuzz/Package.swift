// swift-tools-version: 6.2
import PackageDescription

// A package of its own: everything in it, the modules under test included, is built with coverage instrumentation, which
// `run.sh` switches on. Only the modules that are fuzzed are built.

let modules: [String] = [
    "StrictJSON", "Clockwork", "KubeModel", "Expression", "Traffic", "HTTPTransport", "KubeClient", "KubeYAML", "SimulatedTime",
]

let package = Package(
    name: "sluice-fuzz",
    dependencies: [
        .package(name: "sluice", path: "../.."),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        .executableTarget(
            name: "fuzz", dependencies: modules.map { .product(name: $0, package: "sluice") } + [.product(name: "HTTPTypes", package: "swift-http-types")],
            path: "Sources/Fuzz", swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    ],
    swiftLanguageModes: [.v6])
