// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that neither the product nor its tests depend on the benchmark library. It is built into the
// build folder of the root package with the same flags (`make bench`), and so finds the modules that are measured compiled already.

let package = Package(
    name: "sluice-benchmarks",
    dependencies: [
        .package(name: "sluice", path: "../.."),
        // Without its traits: its interposers are libraries to be preloaded; allocations are counted by `CAllocations` instead.
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .target(name: "CAllocations", path: "CAllocations"),
        .executableTarget(
            name: "SluiceBenchmarks",
            dependencies: [
                "CAllocations",
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "SluiceModules", package: "sluice"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "SluiceBenchmarks",
            swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    ],
    swiftLanguageModes: [.v6])
