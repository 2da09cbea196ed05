import ArgumentParser
import Base
import Columns
import Foundation
import Testing

@testable import pioneer

/// A file of settings that is gone afterwards.
private func withFile<Result>(_ text: String, _ body: (_ path: String) async throws -> Result) async throws -> Result {
    let path = NSTemporaryDirectory() + "/pioneer-settings-\(UUID().uuidString).yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try await body(path)
}

private func faults(_ text: String, _ environment: [String: String] = [:]) async throws -> [EngineError] {
    try await withFile(text) { path in
        do {
            _ = try await ResolvedSettings.resolve(GivenSettings(file: path), environment: environment)
            return []
        } catch let several as EngineErrors {
            return several.errors.map { error in
                var error = error
                error.message = error.message.replacing(path, with: "FILE")
                return error
            }
        }
    }
}

/// Values that each setting can have: what the random cases draw from.
private let values: [String: [String]] = [
    "data_dir": ["a", "/b c", "ü"], "engine": ["http://a:1", "https://b"], "schemas": ["s", "../t"],
    "listen": ["1", "localhost:2", "[::1]:3"], "partitions": ["1", "1024"], "workers": ["1", "7", "256"],
    "commit_interval": ["10ms", "1h30m"], "memory_max": ["64MB", "1.5GB"], "retention_age": ["1s", "30d"],
    "retention_bytes": ["1", "10GB"], "kafka": ["a:9092", "a:1,b:2"], "kafka_replication": ["1", "3"], "session_timeout": ["6s"],
    "membership": ["static", "dynamic"], "standby": ["true", "false"],
    "postgres": ["postgresql://a/b", "host=a"], "postgres_replica": ["host=b"], "postgres_schema": ["pioneer", "x_1"],
    "postgres_readers": ["1", "1000"], "log_level": ["debug", "error"], "log_format": ["text", "json"],
    "agent.every": ["100ms", "2s"], "agent.spool": ["x"], "agent.resource_id": ["i-1", "007"], "agent.processes": ["0", "1000"],
    "agent.topic": ["a.b", "t-1"],
]

struct SettingsTests {
    private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// One random case: which sources give which setting, and what must come out.
    private struct Case {
        var flags: [String: String] = [:]
        var variables: [String: String] = [:]
        var lines: [String: (text: String, line: Int)] = [:]
        var file = "# settings\n"

        init(_ random: inout SeededRandom) {
            var section = ""
            for setting in Settings.all {
                func value() -> String? {
                    guard random.next() % 2 == 0, let all = values[setting.name] else { return nil }
                    return all[Int(random.next() % UInt64(all.count))]
                }
                flags[setting.name] = value()
                variables[setting.variable] = value()
                guard let text = value() else { continue }
                let parts = setting.name.split(separator: ".").map(String.init)
                if parts.count > 1, parts[0] != section {
                    section = parts[0]
                    file += section + ":\n"
                }
                file += (parts.count > 1 ? "  " : "") + "\(parts[parts.count - 1]): '\(text)'\n"
                lines[setting.name] = (text, file.split(separator: "\n").count)
            }
        }

        /// The oracle: the first of flag, variable, file, default.
        func expected(_ setting: SettingDeclaration, path: String) -> (text: String?, origin: String) {
            if let text = flags[setting.name] { return (text, setting.flag) }
            if let text = variables[setting.variable] { return (text, setting.variable) }
            if let (text, line) = lines[setting.name] { return (text, "\(path):\(line)") }
            return (setting.standard, "default")
        }
    }

    @Test func `a flag goes before a variable, that before the file, and this before the default`() async throws {
        for seed in 1...200 {
            var random = SeededRandom(seed: UInt64(seed))
            let drawn = Case(&random)
            try await withFile(drawn.file) { path in
                var given = GivenSettings(file: path)
                for setting in Settings.all { given.add(named: setting.name, drawn.flags[setting.name]) }
                let resolved = try await ResolvedSettings.resolve(given, environment: drawn.variables)
                for entry in resolved.entries {
                    let expected = drawn.expected(entry.declaration, path: path)
                    #expect(entry.text == expected.text, "seed \(seed), \(entry.declaration.name)")
                    #expect(entry.origin.description == expected.origin, "seed \(seed), \(entry.declaration.name)")
                }
            }
        }
    }

    @Test func `every setting has values to draw from, a unique name and flags that its commands have`() throws {
        #expect(Set(Settings.all.map(\.name)) == Set(values.keys))
        #expect(Set(Settings.all.map(\.variable)).count == Settings.all.count)
        let commands: [String: any ParsableCommand.Type] = [
            "run": Run.self, "append": Append.self, "query": Query.self, "tail": Tail.self, "agent host": HostCommand.self,
            "check": Check.self, "explain": Explain.self, "test": TestCommand.self, "bench": Bench.self, "status": Status.self,
            "top": Top.self, "topics": Topics.self, "views": Views.self, "fleet": FleetCommand.self,
        ]
        for setting in Settings.all {
            #expect(setting.standard.map(setting.accepts) ?? !setting.otherwise.isEmpty, "\(setting.name)")
            #expect(setting.help.count <= 78, "\(setting.name)")
            for name in setting.commands + ["config"] {
                let command = name == "config" ? ConfigCommand.self : try #require(commands[name], "\(name)")
                let help = Pioneer.helpMessage(for: command, columns: 200)
                #expect(help.contains("  \(setting.flag) <\(setting.valueName)>"), "\(name): \(setting.flag)")
            }
        }
    }

    private func workers(_ flag: String?, _ variable: String?) async throws -> Int {
        let environment = variable.map { ["PIONEER_CONFIG": $0] } ?? [:]
        return try await ResolvedSettings.resolve(GivenSettings(file: flag), environment: environment)[Settings.workers]
    }

    @Test func `the file that is taken is the flag's, else the variable's`() async throws {
        let (both, variable) = try await withFile("workers: 2\n") { first in
            try await withFile("workers: 3\n") { (try await workers(first, $0), try await workers(nil, $0)) }
        }
        #expect(both == 2 && variable == 3)
        #expect(try await workers(nil, "") == 1)
        let errors = await #expect(throws: EngineErrors.self) { try await workers(nil, "/nonexistent.yaml") }
        #expect(errors?.errors.first?.message.contains("by $PIONEER_CONFIG, cannot be used: there is no file") == true)
    }

    @Test func `unknown keys, keys without values and wrong values are told together, each with its line`() async throws {
        let found = try await faults(
            """
            listn: 8000
            workers: [1]
            agent:
              evry: 2s
              every: 50ms
            log-level: info
            partitions:
            retention_age: long
            """)
        #expect(found.map(\.message) == [
            "FILE:1:1: unknown setting 'listn'", "FILE:2:1: 'workers' is a list", "FILE:4:3: unknown setting 'agent.evry'",
            "FILE:6:1: unknown setting 'log-level'", "FILE:7:1: 'partitions' is nothing",
            "FILE:8:1: 'retention_age' cannot be 'long'", "FILE:5:3: 'agent.every' cannot be '50ms'",
        ])
        #expect(found[0].remedy?.contains("Did you mean 'listen'?") == true)
        #expect(found[2].remedy?.contains("'agent.every'") == true)
        #expect(found[3].remedy?.contains("'log_level'") == true)
        #expect(found[6].remedy?.contains("100ms or more") == true)
        #expect(found.allSatisfy { $0.domain == .user })
    }

    @Test func `a file that is no YAML, no mapping, or has a key twice is told with its place`() async throws {
        #expect(try await faults("workers: 'a\n").first?.message.hasPrefix("FILE:") == true)
        #expect(try await faults("- a\n").map(\.code) == [.configFile])
        #expect(try await faults("workers: 1\nworkers: 2\n").map(\.message) == ["FILE:2:1: the key 'workers' is given twice"])
        #expect(try await faults("").isEmpty)
        #expect(try await faults("# nothing\n").isEmpty)
    }

    @Test func `a variable that is nobody's is an error, one for tests is not, and values are checked`() async throws {
        let found = try await faults(
            "", ["PIONEER_WORKRS": "2", "PIONEER_TEST_X": "1", "PIONEER_BINARY": "x", "PIONEER_OLD": "", "PIONEER_PARTITIONS": "0"])
        #expect(found.map(\.message) == ["unknown variable 'PIONEER_WORKRS' in the environment", "PIONEER_PARTITIONS cannot be '0'"])
        #expect(found[0].remedy?.contains("PIONEER_WORKERS") == true)
        #expect(found[1].remedy?.contains("from 1 to 1024") == true)
        let cutShort = try await faults("", ["PIONEER_DATA": "/var/lib/pioneer"])
        #expect(cutShort.first?.remedy?.contains("Did you mean PIONEER_DATA_DIR?") == true)
    }

    @Test func `the examples of what is allowed are allowed`() {
        for setting in Settings.all {
            guard let examples = setting.allowed.components(separatedBy: "such as ").dropFirst().first else { continue }
            let texts = examples.replacing(", or a port alone", with: "").replacing(" or ", with: ", ").components(separatedBy: ", ")
            for text in texts { #expect(setting.accepts(text), "\(setting.name): \(text)") }
        }
    }

    @Test func `the example file sets nothing, and everything once its marks are taken away`() async throws {
        let text = SettingsReference.exampleFile.joined(separator: "\n") + "\n"
        let kept = try String(contentsOfFile: Self.root + "/deploy/pioneer.yaml", encoding: .utf8)
        #expect(kept == text, "write it anew: pioneer config --example > deploy/pioneer.yaml")
        #expect(try await faults(text).isEmpty)
        let lines = text.split(separator: "\n").dropFirst(2).filter { !$0.contains("…") }.map { $0.dropFirst(2) }
        try await withFile(lines.joined(separator: "\n")) { path in
            let resolved = try await ResolvedSettings.resolve(GivenSettings(file: path), environment: [:])
            for entry in resolved.entries where entry.declaration.standard != nil {
                #expect(entry.origin.description.hasPrefix(path) && entry.text == entry.declaration.standard)
            }
        }
    }

    @Test func `the reference has every setting`() throws {
        let page = try String(contentsOfFile: Self.root + "/Sources/pioneer/pioneer.docc/Settings.md", encoding: .utf8)
        let rows = page.split(separator: "\n").map(String.init).filter { $0.hasPrefix("|") }
        #expect(rows == SettingsReference.table)
    }

    @Test func `the report redacts secrets`() {
        var secret = Settings.agentTopic.declaration
        secret.isSecret = true
        let entry = ResolvedSettings.Entry(declaration: secret, text: "hidden", origin: .variable("PIONEER_X"), isSecret: true)
        let report = SettingsReport(ResolvedSettings(file: nil, entries: [entry], passedOver: []), names: [])
        let text = report.lines(.plain).joined() + report.json.description
        #expect(!text.contains("hidden") && text.contains("<redacted>"))
    }
}
