// swift-tools-version: 6.2
import PackageDescription

// Layers, lowest first; imports point only downward (Tests/StyleTests checks it):
//   0 Base · 1 Columns, Telemetry, Gzip · 2 Expressions, TopologyFile, Stores · 3 Operators, Planner, Fleet
//   4 Runtime, RocksStore, KafkaLog, SQLiteViews, PostgresViews · 5 HTTPAPI, Agents · 6 pioneer

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The targets every record passes through: no exclusivity checks in release builds. Their kernels touch
/// memory through buffers that one thread owns, which is what those checks would establish again per access.
let hot: [SwiftSetting] = strict + [
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func target(_ name: String, _ dependencies: [Target.Dependency], _ settings: [SwiftSetting] = strict) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A conformance suite: tests of a seam that each implementation's own tests run.
func suite(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

let package = Package(
    name: "CloudPioneer",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "pioneer", targets: ["pioneer"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CRocksDB", pkgConfig: "rocksdb", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        target("Base", [], hot),
        target("Columns", ["Base"], hot),
        target("Telemetry", [
            "Base", .product(name: "Logging", package: "swift-log"), .product(name: "Metrics", package: "swift-metrics"),
        ]),
        target("Gzip", ["Base", "CZlib"]),
        target("Expressions", ["Base", "Columns"], hot),
        target("TopologyFile", ["Base", "Columns", .product(name: "Yams", package: "Yams")]),
        target("Stores", ["Base", "Columns"], hot),
        target("Operators", ["Base", "Columns", "Expressions", "Stores"], hot),
        target("Planner", ["Base", "Columns", "Expressions", "TopologyFile", "Stores", "Operators"]),
        target("Fleet", ["Base"], hot),
        target("Runtime", ["Base", "Columns", "Telemetry", "Expressions", "TopologyFile", "Stores", "Operators", "Planner"], hot),
        target("RocksStore", ["Base", "Stores", "CRocksDB", "CLZ4"], hot),
        target("KafkaLog", ["Base", "Stores", "Telemetry", "CRdKafka"], hot),
        target("SQLiteViews", ["Base", "Columns", "Stores", .product(name: "GRDB", package: "GRDB.swift")]),
        target("PostgresViews", ["Base", "Columns", "Stores", "Telemetry", "CPostgres"]),
        target("HTTPAPI", [
            "Base", "Columns", "Telemetry", "Stores", "Gzip", "Runtime",
            .product(name: "Hummingbird", package: "hummingbird"), .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        ]),
        target("Agents", [
            "Base", "Telemetry", .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
        ]),
        .executableTarget(
            name: "pioneer",
            dependencies: [
                "Base", "Columns", "Telemetry", "Expressions", "TopologyFile", "Stores", "Operators", "Planner", "Runtime",
                "RocksStore", "KafkaLog", "SQLiteViews", "PostgresViews", "HTTPAPI", "Agents", "Fleet", "Gzip", "CMalloc",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: hot),

        tests("BaseTests", ["Base"]),
        tests("ColumnsTests", ["Base", "Columns"]),
        tests("TelemetryTests", [
            "Base", "Telemetry", .product(name: "Logging", package: "swift-log"),
            .product(name: "MetricsTestKit", package: "swift-metrics"),
        ]),
        tests("GzipTests", ["Base", "Gzip"]),
        tests("ExpressionsTests", ["Base", "Columns", "Expressions"]),
        tests("TopologyFileTests", ["Base", "Columns", "TopologyFile"]),
        suite("StoresConformance", ["Base", "Stores"]),
        tests("StoresTests", ["Base", "Stores", "StoresConformance"]),
        tests("RocksStoreTests", [
            "Base", "Columns", "TopologyFile", "Stores", "Planner", "Runtime", "RocksStore", "StoresConformance", "OwnThreads",
        ]),
        suite("OwnThreads", []),
        suite("KafkaBrokers", ["Base"]),
        tests("KafkaLogTests", ["Base", "Stores", "KafkaLog", "CRdKafka", "StoresConformance", "KafkaBrokers", "OwnThreads"]),
        suite("PostgresServer", []),
        tests("PostgresServerTests", ["PostgresServer", "OwnThreads"]),
        suite("SimulatedCluster", ["Base", "Stores"]),
        tests("SimulationTests", [
            "Base", "Columns", "TopologyFile", "Stores", "Operators", "Planner", "Runtime", "SimulatedCluster",
            "StoresConformance", "OwnThreads",
        ]),
        tests("PlannerTests", ["Base", "Columns", "Expressions", "TopologyFile", "Stores", "Operators", "Planner"]),
        tests("FleetTests", ["Base", "Columns", "Fleet", "Gzip"]),
        tests("RuntimeTests", ["Base", "Columns", "TopologyFile", "Stores", "Planner", "Runtime", "OwnThreads"]),
        suite("ViewConformance", ["Base", "Columns", "Stores"]),
        tests("SQLiteViewsTests", [
            "Base", "Columns", "Stores", "SQLiteViews", "ViewConformance", "OwnThreads",
            .product(name: "GRDB", package: "GRDB.swift"),
        ]),
        tests("PostgresViewsTests", [
            "Base", "Columns", "Stores", "Telemetry", "PostgresViews", "PostgresServer", "ViewConformance", "OwnThreads",
        ]),
        tests("HTTPAPITests", [
            "Base", "Columns", "Telemetry", "Stores", "SQLiteViews", "PostgresViews", "Gzip", "Planner", "Runtime", "HTTPAPI",
            "ViewConformance", "PostgresServer",
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdTesting", package: "hummingbird"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        ]),
        tests("AgentsTests", ["Base", "Telemetry", "Agents"]),
        tests("CommandLineTests", [
            "Base", "Columns", "Planner", "Runtime", "TopologyFile", "Stores", "KafkaLog", "Agents", "Fleet", "Gzip", "OwnThreads",
            "pioneer",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
        tests("ProcessTests", ["Base", "Stores", "KafkaLog", "KafkaBrokers", "PostgresServer", "OwnThreads", "pioneer"]),
        tests("StyleTests", []),
    ]
)
