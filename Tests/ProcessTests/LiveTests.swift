import Foundation
import Testing

extension ProcessTests {
    /// What `pioneer status` and `pioneer top` show of a real engine, and how they leave a terminal.
    @Suite struct LiveTests {
        private let shell: Shell
        private let engine: EngineProcess

        init() throws {
            shell = try Shell(environment: ["LANG": "C.UTF-8", "COLUMNS": "80"])
            var options = EngineProcess.Options()
            options.topology = "\(shell.directory.path)/topologies/usage.yaml"
            options.arguments += [shell.directory.path + "/topologies/fleet.yaml"]
            engine = try EngineProcess(in: shell.directory, name: "engine", options: options)
            try engine.start()
            let metrics = (0..<40).flatMap { minute in
                (1...3).map { machine in
                    #"{"resource_id":"i-\#(machine)","observed_at":"2026-01-05T10:\#(minute < 10 ? "0" : "")\#(minute):00Z","#
                        + #""metric":"system.cpu.utilization","value":0.\#(machine)}"#
                }
            }
            #expect(try engine.append(metrics.joined(separator: "\n") + "\n{\n").status == 200)
            let machine = #"{"resource_id":"i-2","observed_at":"2026-01-05T10:00:00Z","name":"web-2","provider":"aws","region":"eu","type":"t","sku":"s","vcpus":2,"memory_bytes":1024,"team":"a"}"#
            _ = try shell.directory.write(machine + "\n", to: "machines.jsonl")
            _ = try run("pioneer append cloud.machines machines.jsonl")
            try wait(upTo: 60, for: "the machine's row") { try run("pioneer query machines --json").contains("web-2") ? () : nil }
            try wait(upTo: 60, for: "the windows' rows") {
                try run("pioneer query resource_metrics --json").contains("10:30:00Z") ? () : nil
            }
        }

        private func run(_ line: String, interruptedAfter seconds: Int = 60) throws -> String {
            let outcome = try shell.run(line, interruptedAfter: seconds, environment: ["PIONEER_DATA_DIR": engine.data])
            #expect(outcome.status == 0, "\(line): \(outcome.output)")
            return outcome.output
        }

        /// What is printed, with one space between words.
        private func words(_ line: String) throws -> String {
            try run(line).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }

        @Test func `the status says what was read, what was not, and what holds the watermark`() throws {
            let text = try words("pioneer status usage")
            for part in [
                "watermark 2026-01-05T10:38:30Z", "held by cloud.metrics[0]", "121 records read", "1 dead letter: decode.",
                "no lag", "cloud.metrics[0] 121 0 -", "resource_metrics 21 0 2026-01-05T10:38:30Z",
            ] { #expect(text.contains(part), "\(part) in \(text)") }
            let json = try run("pioneer status --json | jq -c '[.topologies[] | [.topology, .records, .lag_records]]'")
            #expect(json == #"[["usage",121,0],["fleet",122,0]]"# + "\n")
            #expect(try words("pioneer topics").contains("cloud.metrics 1 121 30d"))
            #expect(try words("pioneer views").contains("machines 1 12 /api/v1/machines"))
        }

        @Test func `the top shows the newest window of each machine, by the names that another view has`() throws {
            let lines = try run("pioneer top resource_metrics max metric=system.cpu.utilization --label-from machines.name --once")
                .split(separator: "\n")
            #expect(lines.suffix(4).map { $0.split(separator: " ").first } == ["resource_metrics", "i-3", "web-2", "i-1"])
            #expect(lines.suffix(4).first?.hasSuffix("window of 2026-01-05T10:30:00Z") == true, "\(lines)")
            #expect(lines.suffix(3).map { $0.split(separator: " ").last } == ["0.300", "0.200", "0.100"])
            for line in lines { #expect(line.count <= 80) }
            // Not a terminal: one block below the other, and no codes.
            let blocks = try run("pioneer top resource_metrics max --every 200ms --for 500ms")
            #expect(blocks.components(separatedBy: "events/s").count > 2 && !blocks.contains("\u{1B}"))
        }

        @Test(arguments: ["status --watch", "top resource_metrics max"])
        func `a terminal is given back as it was, with the last picture on it`(command: String) throws {
            let inner = "timeout --foreground --preserve-status -s INT 3 pioneer \(command)"
            _ = try run("script -qec '\(inner)' typescript > /dev/null")
            let text = try String(contentsOfFile: shell.directory.path + "/typescript", encoding: .utf8)
            let parts = text.components(separatedBy: "\u{1B}[?1049l")
            #expect(parts.count == 2 && parts[0].hasSuffix("\u{1B}[?25h"), "\(text)")
            #expect(parts[0].components(separatedBy: "\u{1B}[?1049h\u{1B}[?25l").count == 2)
            #expect(parts.last?.contains("usage") == true && parts.last?.contains("\u{1B}[?25l") == false)
        }
    }
}
