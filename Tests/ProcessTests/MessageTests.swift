import Base
import Foundation
import Testing

/// A command that goes wrong, and what it must say.
private struct Wrong: Sendable, CustomTestStringConvertible {
    /// `pioneer` left out.
    var call: String
    var status: Int32
    var code: String
    /// What stands in the message and the remedy: the value, the place, what is allowed, what to do.
    var said: [String]

    init(_ call: String, _ status: Int32, _ code: String, _ said: String...) {
        self.call = call
        self.status = status
        self.code = code
        self.said = said
    }

    var testDescription: String { "pioneer " + call }
}

/// What goes wrong in the first ten minutes, with the program as it is built: each message has its code, names the value and
/// says what to do.
struct MessageTests {
    private static let withoutEngine = [
        Wrong("rnu topologies/usage.yaml", 2, "usage.unknown_command", "'pioneer rnu'", "Did you mean 'pioneer run'?"),
        Wrong("agent hots", 2, "usage.unknown_command", "'pioneer agent hots'", "Did you mean 'pioneer agent host'?"),
        Wrong("run", 2, "usage.wrong", "missing expected argument '<files> ...'", "'pioneer run --help'"),
        Wrong("run topologies/usage.yaml --wokers 3", 2, "usage.wrong", "unknown option '--wokers'", "Did you mean '--workers'?"),
        Wrong("run topologies/usage.yaml --workers", 2, "usage.wrong", "missing value for '--workers <n>'"),
        Wrong("query v --limit -1", 2, "usage.wrong", "--limit=-1"),
        Wrong("query v mean", 2, "usage.wrong", "'mean'", "COLUMN=OPERATOR.VALUE"),
        Wrong("tail t --offset soon", 2, "usage.wrong", "--offset cannot be 'soon'", "earliest, latest"),
        Wrong("tail t --limit 0", 2, "usage.wrong", "--limit cannot be '0'", "1 or more"),
        Wrong("run topologies/usage.yaml --workers 0", 2, "config.bad_value", "--workers cannot be '0'", "from 1 to 256"),
        Wrong("run topologies/usage.yaml --partitions many", 2, "config.bad_value", "--partitions cannot be 'many'", "1 to 1024"),
        Wrong("run topologies/usage.yaml --commit-interval 1second", 2, "config.bad_value", "'1second'", "10ms or more, such as 500ms"),
        Wrong("run topologies/usage.yaml --memory-max 12", 2, "config.bad_value", "'12'", "64MB or more"),
        Wrong("run topologies/usage.yaml --log-level loud", 2, "config.bad_value", "'loud'", "debug, info, warning, error"),
        Wrong("run topologies/usage.yaml --listen 1:2:3", 2, "config.bad_value", "'1:2:3'", "127.0.0.1:8000"),
        Wrong("run topologies/usage.yaml --listen 10.1.2.3:80", 2, "api.not_loopback", "'10.1.2.3'", "Listen on 127.0.0.1"),
        Wrong("agent host --every 1ms", 2, "config.bad_value", "--every cannot be '1ms'", "100ms or more"),
        Wrong("query --to localhost:8000", 2, "config.bad_value", "'localhost:8000'", "http://127.0.0.1:8000"),
        Wrong("config --config nowhere.yaml", 2, "config.file", "'nowhere.yaml'", "by --config"),
        Wrong("config lisen", 2, "config.unknown_setting", "'lisen'", "Did you mean 'listen'?"),
        Wrong("run topologies/usag.yaml", 1, "file.not_found", "'topologies/usag.yaml'", "Did you mean 'topologies/usage.yaml'?"),
        Wrong("run 'none/*.yaml'", 1, "file.not_found", "'none/*.yaml'", "No file's name fits the pattern."),
        Wrong("check none/a.yaml", 1, "file.not_found", "There is no directory 'none' either."),
        Wrong("check empty", 2, "file.no_topologies", "'empty'", "NAME.yaml"),
        Wrong("test empty", 2, "file.no_topologies", "'empty'"),
        Wrong("run schemas", 2, "file.no_topologies", "'schemas'"),
        Wrong("test topologies/usage.yaml --only nothing", 2, "test.none", "'nothing'", "Leave --only out"),
        Wrong("run topologies/usage.yaml --schemas none", 1, "topology.unknown_schema", "no directory 'none'", "--schemas"),
        Wrong("run topologies/usage.yaml --data new --rebuild usag", 2, "run.rebuild_unknown", "'usag'", "Did you mean 'usage'?"),
        Wrong("run topologies/usage.yaml --data one.jsonl", 2, "run.data_directory", "'one.jsonl' is a file", "--data"),
        Wrong("run topologies/usage.yaml --data topologies", 2, "run.foreign_directory", "'topologies'", "--data"),
        Wrong("append t one.csv --columns 'a=\"b'", 2, "append.columns", "closing quote is missing (character 3)", "field=column"),
        Wrong("fleet --history 5x", 2, "usage.wrong", "'5x'", "--history <span>", "such as 30s, 5m, 1h30m or 7d"),
        Wrong("fleet --machines many", 2, "usage.wrong", "'many'", "It takes a whole number."),
        Wrong("fleet --statistics --compare none.csv", 2, "fleet.table", "there is no file 'none.csv'", "CSV table"),
        Wrong("explain topologies/usage.yaml keys/a.yaml --svg", 2, "usage.wrong", "2 are named", "topologies/usage.yaml, keys/a.yaml"),
        Wrong("explain empty", 2, "file.no_topologies", "'empty'"),
        Wrong("run topologies/usage.yaml --data /proc/none", 3, "store.not_writable", "'/proc/none"),
        Wrong("query --data new", 3, "client.engine_not_found", "'new'", "pioneer run"),
        Wrong("query --to http://127.0.0.1:1", 3, "client.engine_unreachable", "http://127.0.0.1:1", "Check that it runs"),
        Wrong("bench topologies/usage.yaml --events none.jsonl", 2, "bench.events", "'none.jsonl'", "JSON lines"),
        Wrong("bench topologies/usage.yaml --seconds 0", 2, "usage.wrong", "--seconds cannot be '0.0'"),
        Wrong("check keys/a.yaml keys/b.yaml", 1, "topology.key_conflict", "'cloud.metrics'", "[metric]", "[resource_id]"),
        Wrong("run keys/a.yaml keys/b.yaml --data new", 1, "topology.key_conflict", "keys/a.yaml:6:11"),
        Wrong("check flow/a.yaml", 1, "topology.bad_value", "'max(or_else(value' ends at a comma", "'max(or_else(value, 0.0))'"),
        Wrong("check failing/a.yaml", 1, "topology.unknown_key", "a.yaml:10:5", "Did you mean 'from'?"),
        Wrong("check failing/b.yaml", 1, "expression.unknown_field", "b.yaml:10:29", "'vlue'", "Did you mean 'value'?"),
        Wrong("check failing/c.yaml", 1, "topology.bad_duration", "'30'", "30s"),
    ]

    private static let withEngine = [
        Wrong("run topologies/usage.yaml --listen 127.0.0.1:0", 3, "store.locked", "(process ", "answers at http://127.0.0.1:", "kill "),
        Wrong("run topologies/usage.yaml --data other --listen 127.0.0.1:$PORT", 3, "api.port_in_use", "$PORT", "port 0"),
        Wrong("append cloud.metrics one.jsn", 2, "append.input", "'one.jsn'", "Did you mean 'one.jsonl'?"),
        Wrong("append cloud.metrics topologies", 2, "append.input", "'topologies' is a directory"),
        Wrong("append cloud.metrics topologies/usage.yaml", 2, "append.input", "a YAML file", "pioneer run"),
        Wrong("append 'a b' one.jsonl", 2, "topic.name", "'a b'", "1 to 249 letters"),
        Wrong("append cloud.metrcs one.jsonl", 2, "log.unknown_topic", "'cloud.metrcs'", "Did you mean 'cloud.metrics'?"),
        Wrong("tail cloud.metrcs", 2, "log.unknown_topic", "'cloud.metrcs'", "Did you mean 'cloud.metrics'?"),
        Wrong("tail cloud.metrics --partition 3", 2, "log.unknown_partition", "no partition 3", "1 partition"),
        Wrong("query resource_metrcs", 2, "api.unknown_view", "'resource_metrcs'", "Did you mean 'resource_metrics'?"),
        Wrong("query resource_metrics meen=gt.3", 2, "api.bad_parameter", "'meen'", "Did you mean 'mean'?"),
        Wrong("query resource_metrics mean=gtt.3", 2, "api.bad_parameter", "gtt", "Did you mean 'gt'?"),
        Wrong("query resource_metrics mean=gt.x", 2, "api.bad_parameter", "'x'", "mean"),
        Wrong("query resource_metrics --select a", 2, "api.bad_parameter", "'a'", "mean"),
    ]

    private static let head = """
        topology: t
        sources:
          metrics:
            topic: cloud.metrics
            schema: resource-metric
            key: [resource_id]
            event_time: { field: observed_at, out_of_order: 30s }
        streams:
          a:

        """

    /// A folder with the repository's topologies and some that are wrong.
    private func folder() throws -> Shell {
        let shell = try Shell()
        let window = "    from: metrics\n    window: { tumbling: 5m, by: [resource_id] }\n    aggregate: "
        let files = [
            ("one.jsonl", #"{"resource_id":"i-1","observed_at":"2026-01-05T10:00:00Z","metric":"m","value":1.0}"# + "\n"),
            ("keys/a.yaml", Self.head.replacing("topology: t", with: "topology: a") + "    from: metrics\n    filter: value > 1.0\n"),
            ("keys/b.yaml", Self.head.replacing("topology: t", with: "topology: b").replacing("key: [resource_id]", with: "key: [metric]")
                + "    from: metrics\n    filter: value > 1.0\n"),
            ("flow/a.yaml", Self.head + window + "{ top: max(or_else(value, 0.0)), n: count() }\n"),
            ("failing/a.yaml", Self.head + "    form: metrics\n    filter: value > 1.0\n"),
            ("failing/b.yaml", Self.head.replacing("  a:\n", with: "  a: { from: metrics,\n") + "              filter: 3.0 < vlue }\n"),
            ("failing/c.yaml", Self.head.replacing("30s", with: "30") + "    from: metrics\n    filter: value > 1.0\n"),
        ]
        for directory in ["empty", "keys", "flow", "failing"] {
            try FileManager.default.createDirectory(atPath: shell.directory.path + "/" + directory, withIntermediateDirectories: true)
        }
        for (name, text) in files { _ = try shell.directory.write(text, to: name) }
        return shell
    }

    /// Nil: it says what it must.
    private func failure(of wrong: Wrong, _ shell: Shell, _ environment: [String: String]) throws -> String? {
        let outcome = try shell.run("pioneer " + wrong.call, interruptedAfter: 60, environment: environment)
        let said = outcome.output
        let port = environment["PORT"] ?? ""
        let missing = (wrong.said + ["[\(wrong.code)]"]).map { $0.replacing("$PORT", with: port) }.filter { !said.contains($0) }
        guard outcome.status != wrong.status || !missing.isEmpty else { return nil }
        return "pioneer \(wrong.call)\nended with \(outcome.status), not \(wrong.status); lacks \(missing):\n\(said)"
    }

    @Test func `what is wrong without an engine says what, where, what is allowed and what to do`() throws {
        let shell = try folder()
        for wrong in Self.withoutEngine {
            if let failure = try failure(of: wrong, shell, [:]) { Issue.record("\(failure)") }
        }
    }

    @Test func `what is wrong with an engine says what, where, what is allowed and what to do`() throws {
        let shell = try folder()
        var options = EngineProcess.Options()
        options.topology = "\(shell.directory.path)/topologies/usage.yaml"
        let engine = try EngineProcess(in: shell.directory, name: "engine", options: options)
        try engine.start()
        let environment = ["PIONEER_DATA_DIR": engine.data, "PORT": "\(engine.port)"]
        for wrong in Self.withEngine {
            if let failure = try failure(of: wrong, shell, environment) { Issue.record("\(failure)") }
        }
        let empty = try shell.run("pioneer tail cloud.usage.hourly", interruptedAfter: 60, environment: environment)
        #expect(empty.status == 0 && empty.output.contains("topic 'cloud.usage.hourly' is empty; --follow waits for records"))
        #expect(try engine.stop() == .exited(0))
    }

    @Test func `a wrong variable and a wrong line of the file are told by every command`() throws {
        let shell = try folder()
        _ = try shell.directory.write("listn: 1\n", to: "pioneer.yaml")
        for command in ["run topologies/usage.yaml", "check topologies", "query", "config"] {
            let outcome = try shell.run("pioneer " + command, interruptedAfter: 60, environment: ["PIONEER_WORKRS": "2"])
            #expect(outcome.status == 2)
            #expect(outcome.output.contains("./pioneer.yaml:1:1: unknown setting 'listn'"), "\(command)")
            #expect(outcome.output.contains("Did you mean PIONEER_WORKERS?"), "\(command)")
        }
    }
}
