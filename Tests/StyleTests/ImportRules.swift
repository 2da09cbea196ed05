import Testing

/// The layers of `Package.swift`, lowest first: what each target may import of the project. Arrows point only downward;
/// adapters (RocksStore, SQLiteViews, PostgresViews) know the seams of `Stores` and nothing of `Runtime`, and it nothing of them.
private let projectImports: [String: Set<String>] = [
    "Base": [],
    "Columns": ["Base"],
    "Telemetry": ["Base"],
    "Gzip": ["Base"],
    "Fleet": ["Base"],
    "Expressions": ["Base", "Columns"],
    "TopologyFile": ["Base", "Columns"],
    "Stores": ["Base", "Columns"],
    "Operators": ["Base", "Columns", "Expressions", "Stores"],
    "Planner": ["Base", "Columns", "Expressions", "TopologyFile", "Stores", "Operators"],
    "Runtime": ["Base", "Columns", "Telemetry", "Expressions", "TopologyFile", "Stores", "Operators", "Planner"],
    "RocksStore": ["Base", "Stores", "Telemetry"],
    "KafkaLog": ["Base", "Stores", "Telemetry"],
    "SQLiteViews": ["Base", "Columns", "Stores", "Telemetry"],
    "PostgresViews": ["Base", "Columns", "Stores", "Telemetry"],
    "HTTPAPI": ["Base", "Columns", "Telemetry", "Gzip", "Stores", "Planner", "Runtime"],
    "Agents": ["Base", "Columns", "Telemetry"],
    "pioneer": [
        "Base", "Columns", "Telemetry", "Expressions", "TopologyFile", "Stores", "Operators", "Planner", "Runtime", "RocksStore",
        "KafkaLog", "SQLiteViews", "PostgresViews", "HTTPAPI", "Agents", "Fleet", "Gzip",
    ],
]

/// Which targets may import which foreign module.
private let foreignImports: [String: Set<String>] = [
    "CRocksDB": ["RocksStore"],
    "CLZ4": ["RocksStore"],
    "CRdKafka": ["KafkaLog"],
    "CPostgres": ["PostgresViews"],
    "CZlib": ["Gzip"],
    "Configuration": ["pioneer"],
    "CMalloc": ["pioneer"],
    "Yams": ["TopologyFile"],
    "GRDB": ["SQLiteViews"],
    "GRDBSQLite": ["SQLiteViews"],
    "Hummingbird": ["HTTPAPI", "pioneer"],
    "HummingbirdCore": ["HTTPAPI"],
    "HTTPTypes": ["HTTPAPI"],
    "NIOCore": ["HTTPAPI", "Agents", "pioneer"],
    "NIOHTTP1": ["Agents", "pioneer"],
    "NIOPosix": ["HTTPAPI", "pioneer"],
    "AsyncHTTPClient": ["Agents", "pioneer"],
    "ArgumentParser": ["pioneer"],
    "ServiceLifecycle": ["HTTPAPI", "pioneer"],
    "UnixSignals": ["pioneer"],
    "Dispatch": ["pioneer", "KafkaLog", "SQLiteViews"],
    "Logging": ["Telemetry", "HTTPAPI", "pioneer"],
    "Metrics": ["Telemetry"],
    "Foundation": foundation,
    "FoundationEssentials": foundation,
]

/// Not the targets that records pass through, where each of its calls costs more than the work.
private let foundation: Set<String> = ["TopologyFile", "Planner", "SQLiteViews", "HTTPAPI", "Agents", "pioneer"]

/// The language's own.
private let anywhere: Set<String> = ["Glibc", "Musl", "Darwin", "Synchronization", "Swift"]

func importViolations(_ files: [SourceFile]) -> [Violation] {
    files.flatMap { file in
        file.imports.compactMap { module, line -> Violation? in
            guard let allowed = projectImports[file.target] else {
                return Violation(
                    file: file.path, line: line, what: "the target '\(file.target)' has no layer",
                    remedy: "Give it one in Tests/StyleTests/ImportRules.swift.")
            }
            if anywhere.contains(module) || allowed.contains(module) { return nil }
            if projectImports[module] != nil {
                return Violation(
                    file: file.path, line: line, what: "'\(file.target)' imports '\(module)', which is not below it",
                    remedy: "It may import \(allowed.sorted().joined(separator: ", ")). Pass what it needs in from above.")
            }
            guard let targets = foreignImports[module] else {
                return Violation(
                    file: file.path, line: line, what: "the module '\(module)' belongs to no target",
                    remedy: "Say in Tests/StyleTests/ImportRules.swift which target may import it.")
            }
            if targets.contains(file.target) { return nil }
            return Violation(
                file: file.path, line: line, what: "'\(file.target)' imports '\(module)'",
                remedy: "Only \(targets.sorted().joined(separator: ", ")) may; ask for what is needed through it.")
        }
    }
}

@Test func `imports point downward, and each foreign library has its targets`() {
    expect("imports", importViolations(Repository.sources))
}

@Test func `an import upward, of another's library, or of nobody's is a violation`() {
    let text = "public import Pioneer\n@testable import struct Runtime.Task\nimport Yams\nimport Base\n// import GRDB\nimport Glibc\n"
    let found = importViolations([SourceFile(path: "Sources/Stores/X.swift", text: text)])
    #expect(found.map(\.line) == [1, 2, 3])
}
