import Base
import Foundation
import Testing

/// Tables of real machines' load, beside the repository or in the folder `PIONEER_TEST_DATA`. Where they are not there, tests of
/// them are skipped.
enum RealTables {
    static let folder: String? = {
        let environment = ProcessInfo.processInfo.environment
        let given = environment["PIONEER_TEST_DATA"] ?? environment["PIONEER_DATA"]
        let path = given ?? URL(fileURLWithPath: EngineBinary.repository).deletingLastPathComponent().path + "/shared/data"
        return FileManager.default.fileExists(atPath: path + "/README.md") ? path : nil
    }()
}

struct RealTable: CustomTestStringConvertible, Sendable {
    var file: String
    /// Each column's metric.
    var metrics: [String]

    var columns: String { metrics.map { #"; metric="\#($0)", value=\#($0), unit="percent""# }.joined() }
    var mapping: String { "resource_id, observed_at=timestamp" + columns }
    var testDescription: String { file }
}

extension ProcessTests {
    /// `pioneer append` of tables, against an engine of its own.
    @Suite struct AppendTableTests {
        let directory: TemporaryDirectory
        let engine: EngineProcess

        init() throws {
            directory = try TemporaryDirectory()
            engine = try EngineProcess(in: directory)
            try engine.start()
        }

        private func command(_ words: [String]) throws -> [String] {
            [try EngineBinary.path(), "append", EngineProcess.source, "--to", "http://127.0.0.1:\(engine.port)"] + words
        }

        /// Runs it to its end, which has to be good, and returns what it said.
        private func append(_ words: String...) throws -> String {
            let log = directory.path + "/append-\(UUID().uuidString).log"
            let ending = try ChildProcess(try command(words), output: log).waitForEnding(upTo: 90)
            let said = try String(contentsOfFile: log, encoding: .utf8)
            guard ending == .exited(0) else { throw Trouble("append \(ending): \(said)") }
            return said
        }

        /// The outcome of `--json`, which is the last line.
        private func outcome(_ said: String) throws -> (appended: Int, late: Int, ahead: Int) {
            let line = said.split(separator: "\n").last.map(String.init) ?? ""
            let json = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let usage = try #require((json["topologies"] as? [[String: Any]])?.first { $0["topology"] as? String == "usage" })
            return (json["appended"] as? Int ?? -1, usage["late"] as? Int ?? -1, usage["ahead"] as? Int ?? -1)
        }

        /// A table of so many machines, five minutes a step; one machine after the other, or in the order of time.
        private func table(machines: Int, steps: Int, byMachine: Bool) throws -> String {
            let start = EventTime(seconds: 1_304_208_000)
            func row(_ machine: Int, _ step: Int) -> String {
                "i-\(machine),\(start + .minutes(Int64(step) * 5)),\(step % 100),\(machine % 100).5\n"
            }
            let rows = byMachine
                ? (0..<machines).flatMap { machine in (0..<steps).map { row(machine, $0) } }
                : (0..<steps).flatMap { step in (0..<machines).map { row($0, step) } }
            return try directory.write("resource_id,time,cpu,mem\n" + rows.joined(), to: "table-\(byMachine).csv")
        }

        private static let mapping = #"resource_id, observed_at=time; metric="cpu", value=cpu; metric="mem", value=mem"#

        @Test func `a command that is killed and given again appends every event once, moved by one amount`() throws {
            let file = try table(machines: 20, steps: 1_500, byMachine: true)
            let words = [file, "--columns", Self.mapping, "--sort", "--shift-to", "now"]
            var random = SeededRandom(seed: 9)
            for _ in 0..<6 {
                let append = try ChildProcess(try command(words), output: directory.path + "/append.log")
                pause(milliseconds: 200 + random.below(1_200))
                append.kill()
            }
            let last = try ChildProcess(try command(words), output: directory.path + "/append.log").waitForEnding(upTo: 90)
            #expect(last == .exited(0))
            #expect(try engine.ends()[EngineProcess.source] == [60_000])
            let records = try engine.records(of: EngineProcess.source)
            #expect(Set(records).count == 60_000)
            let times = Set(records.compactMap { $0.components(separatedBy: "\"observed_at\":\"").last?.prefix { $0 != "\"" } })
            #expect(times.count == 1_500)
        }

        @Test func `an append whose records are late says so, why, and what to do, and sorted none is`() throws {
            let file = try table(machines: 10, steps: 300, byMachine: true)
            let sorted = try append(file, "--columns", Self.mapping, "--sort", "--json")
            #expect(try outcome(sorted) == (6_000, 0, 0))
            #expect(!sorted.contains("warning"), "\(sorted)")
            try FileManager.default.copyItem(atPath: file, toPath: directory.path + "/again.csv")
            let said = try append(directory.path + "/again.csv", "--columns", Self.mapping, "--json")
            let late = try outcome(said)
            #expect(late.appended == 6_000 && late.late > 5_900 && late.ahead == 0, "\(said)")
            #expect(said.components(separatedBy: "pioneer: warning:").count == 2, "\(said)")
            #expect(said.contains("came too late for 'usage_5m' of 'usage'") && said.contains("--sort"), "\(said)")
        }

        @Test func `older data than what was read is late, and the reason is another`() throws {
            let file = try table(machines: 2, steps: 300, byMachine: false)
            _ = try append(file, "--columns", Self.mapping, "--shift-to", "2020-01-01")
            let said = try append(file, "--columns", Self.mapping)
            #expect(said.contains("2019-12-31T23:59:30Z") && said.contains("fresh data directory"), "\(said)")
            #expect(said.contains("late for 'usage_5m'"), "\(said)")
        }

        @Test func `an append of events of the future says so`() throws {
            let file = try table(machines: 2, steps: 300, byMachine: false)
            let said = try append(file, "--columns", Self.mapping, "--shift-to", "2999-01-01", "--json")
            #expect(try outcome(said) == (1_200, 0, 1_200), "\(said)")
            #expect(said.contains("lie too far ahead for 'usage'") && said.contains("max_ahead"), "\(said)")
        }

        @Test func `a pipe cannot be moved in time, and the error says what to do`() throws {
            let log = directory.path + "/refused.log"
            let ending = try ChildProcess(try command(["-", "--shift-to", "now"]), output: log).waitForEnding(upTo: 60)
            #expect(ending == .exited(2))
            #expect(try String(contentsOfFile: log, encoding: .utf8).contains("[append.shift]"))
        }

        @Test(
            .enabled(if: RealTables.folder != nil, "needs ../shared/data"),
            arguments: [
                RealTable(file: "google2011_24_jobs_7_days.csv.gz", metrics: ["cpu_pct", "mem_pct"]),
                RealTable(file: "azure2017_24_vms_7_days.csv.gz", metrics: ["cpu_avg_pct", "cpu_max_pct"]),
            ])
        func `a real table arrives whole, none of it late, and its hours are those of the file`(table: RealTable) throws {
            let path = try #require(RealTables.folder) + "/" + table.file
            let said = try append(path, "--columns", table.mapping, "--sort", "--json")
            let outcome = try outcome(said)
            let events = try Self.events(of: path, table.metrics)
            #expect(outcome == (events.count, 0, 0), "\(said)")
            try engine.waitUntilSettled()
            #expect(try engine.ends()[EngineProcess.source] == [events.count])
            #expect(try engine.deadLetterCount() == 0)
            let hours = Self.hours(events)
            let target = "/api/v1/views/resource_metrics_hourly?limit=10000"
            let rows = try #require(try engine.get(target).object()["rows"] as? [[String: Any]])
            #expect(rows.count == hours.count)
            for row in rows {
                func number(_ name: String) -> Double { (row[name] as? NSNumber)?.doubleValue ?? .nan }
                let start = (row["window_start"] as? String).flatMap { EventTime($0) } ?? .earliest
                let hour = hours[Hour(resource: row["resource_id"] as? String ?? "", metric: row["metric"] as? String ?? "", start: start)]
                let expected = try #require(hour, "\(row)")
                #expect(Int(number("samples")) == expected.count, "\(row)")
                #expect(number("min") == expected.min() && number("max") == expected.max(), "\(row)")
                #expect(abs(number("mean") - expected.reduce(0, +) / Double(expected.count)) < 1e-9, "\(row)")
            }
        }

        private struct Event { var resource, metric: String, time: EventTime, value: Double }
        private struct Hour: Hashable { var resource, metric: String, start: EventTime }

        /// The table by itself: these files have neither quotes nor blanks.
        private static func events(of path: String, _ metrics: [String]) throws -> [Event] {
            let text = NSTemporaryDirectory() + "/table-\(UUID().uuidString).csv"
            defer { try? FileManager.default.removeItem(atPath: text) }
            let unzip = try ChildProcess(["/bin/gzip", "-dc", path], output: text)
            guard try unzip.waitForEnding(upTo: 60) == .exited(0) else { throw Trouble("cannot read '\(path)'") }
            let lines = try String(contentsOfFile: text, encoding: .utf8).split(separator: "\n")
            let header = lines[0].split(separator: ",").map(String.init)
            return lines.dropFirst().flatMap { line -> [Event] in
                let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                return metrics.compactMap { metric -> Event? in
                    guard let column = header.firstIndex(of: metric), let time = EventTime(cells[1]), let value = Double(cells[column])
                    else { return nil }
                    return Event(resource: cells[0], metric: metric, time: time, value: value)
                }
            }
        }

        /// The values of each hour that the watermark, thirty seconds behind the latest event, has closed.
        private static func hours(_ events: [Event]) -> [Hour: [Double]] {
            let latest = (events.map(\.time).max() ?? .earliest) - .seconds(30)
            var hours: [Hour: [Double]] = [:]
            for event in events {
                let start = EventTime(microseconds: event.time.microseconds / 3_600_000_000 * 3_600_000_000)
                guard start + .hours(1) <= latest else { continue }
                hours[Hour(resource: event.resource, metric: event.metric, start: start), default: []].append(event.value)
            }
            return hours
        }
    }
}
