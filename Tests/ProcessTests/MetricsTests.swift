import Base
import Foundation
import Testing

/// Where the tests look for promtool, which Debian has in the package `prometheus`: `$PROMTOOL`, else the repository's
/// `.build/tools`, else along the path.
private let promtool: String? = {
    let environment = ProcessInfo.processInfo.environment
    let places = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/promtool" }
    let own = EngineBinary.repository + "/.build/tools/promtool"
    return ([environment["PROMTOOL"], own].compactMap { $0 } + places).first(where: FileManager.default.isExecutableFile)
}()

extension ProcessTests {
    /// What `/metrics` of a running engine says.
    @Suite struct MetricsTests {
        let directory: TemporaryDirectory
        let engine: EngineProcess

        init() throws {
            directory = try TemporaryDirectory()
            var options = EngineProcess.Options()
            options.partitions = 2
            engine = try EngineProcess(in: directory, options: options)
        }

        private func scrape() throws -> Exposition { Exposition(try engine.get("/metrics").text) }

        private func sum(_ tasks: [[String: Any]], _ field: String) -> Double {
            Double(tasks.reduce(0) { $0 + ($1[field] as? Int ?? 0) })
        }

        @Test func `a scrape tells what was appended, what became of it, and that nothing is left to do`() throws {
            try engine.start()
            let file = EventFile(count: 5_000, seed: 5)
            for batch in file.batches { #expect(try engine.append(String(decoding: batch, as: UTF8.self)).status == 200) }
            try engine.waitUntilSettled()
            let metrics = try scrape()
            #expect(metrics.faults == [])
            let tasks = try engine.tasks(), ends = try engine.ends()
            #expect(metrics.total("pioneer_append_records_total") == Double(file.count))
            #expect(metrics.total("pioneer_append_bytes_total") == Double(file.batches.reduce(0) { $0 + $1.count }))
            #expect(metrics.total("pioneer_task_records_total") == Double(file.count))
            #expect(metrics.total("pioneer_task_late_records_total") == sum(tasks, "late"))
            #expect(metrics.total("pioneer_task_dead_letters_total") == Double(file.poisonCount))
            #expect(metrics.total("pioneer_task_dead_letters_total") == Double((ends[EngineProcess.deadLetters] ?? []).reduce(0, +)))
            #expect(metrics.total("pioneer_task_commits_total") == metrics.total("pioneer_commit_seconds_count"))
            #expect(metrics.total("pioneer_task_epoch") == sum(tasks, "epoch"))
            for gauge in ["pioneer_task_lag_records", "pioneer_task_lag_seconds", "pioneer_view_lag_records", "pioneer_task_failures_total"] {
                #expect(metrics.has(gauge) && metrics.total(gauge) == 0, "\(gauge)")
            }
            for (topic, offsets) in ends {
                #expect(metrics.total("pioneer_topic_end_offset", where: "topic=\"\(topic)\"") == Double(offsets.reduce(0, +)), "\(topic)")
            }
            for view in EngineProcess.views {
                let records = Double((ends["_pioneer.usage.view.\(view)"] ?? []).reduce(0, +))
                #expect(records > 0 && metrics.total("pioneer_view_records_total", where: "view=\"\(view)\"") == records)
            }
            let appends = #"pioneer_http_requests_total{method="POST",route="/api/v1/topics/{topic}/records",status="2xx"}"#
            #expect(metrics.values[appends] == Double(file.batches.count))
            #expect(metrics.total("process_resident_memory_bytes") > 1e6 && metrics.total("process_start_time_seconds") > 1.7e9)
        }

        @Test func `counters never fall from scrape to scrape, and a new process counts anew`() throws {
            try engine.start()
            let file = EventFile(count: 3_000, seed: 6)
            var before = try scrape()
            for batch in file.batches {
                _ = try engine.append(String(decoding: batch, as: UTF8.self))
                let now = try scrape()
                #expect(now.faults == [])
                for (series, value) in before.values where before.kinds[String(series.prefix { $0 != "{" })] == "counter" {
                    #expect(now.values[series, default: -1] >= value, "\(series)")
                }
                before = now
            }
            #expect(try engine.stop() == .exited(0))
            try engine.start()
            #expect(try scrape().total("pioneer_append_records_total") == 0)
        }

        @Test func `unknown paths and odd methods are counted under few names`() throws {
            try engine.start()
            for number in 0..<5 { _ = try HTTPExchange(port: engine.port, target: "/nothing/\(number)").answer() }
            for method in ["PROPFIND", "MKCOL"] { _ = try HTTPExchange(port: engine.port, method: method, target: "/health").answer() }
            let metrics = try scrape()
            #expect(metrics.values[#"pioneer_http_requests_total{method="GET",route="unknown",status="4xx"}"#] == 5)
            #expect(metrics.total("pioneer_http_requests_total", where: "method=\"other\"") == 2)
            #expect(metrics.faults == [])
        }

        @Test(.enabled(if: promtool != nil, "promtool is not installed")) func `promtool finds nothing to complain of under load`() throws {
            let promtool = try #require(promtool)
            try engine.start()
            for batch in EventFile(count: 3_000, seed: 7).batches { _ = try engine.append(String(decoding: batch, as: UTF8.self)) }
            let file = directory.path + "/metrics.txt", log = directory.path + "/promtool.log"
            try engine.get("/metrics").text.write(toFile: file, atomically: true, encoding: .utf8)
            let check = try ChildProcess(["/bin/sh", "-c", "'\(promtool)' check metrics < '\(file)'"], output: log)
            #expect(try check.waitForEnding(upTo: 60) == .exited(0))
            #expect(try String(contentsOfFile: log, encoding: .utf8) == "")
        }
    }

    @Suite struct ExpositionTests {
        @Test func `the checker of the format finds what is wrong`() {
            let good = """
                # HELP a_total A \\\\ \\n.
                # TYPE a_total counter
                a_total{x="1, \\"b\\" \\\\ \\n}",y=""} 1
                a_total 2e+20
                # HELP b_seconds B.
                # TYPE b_seconds histogram
                b_seconds_bucket{q="1",le="0.1"} 1
                b_seconds_bucket{q="1",le="+Inf"} 2
                b_seconds_sum{q="1"} 0.5
                b_seconds_count{q="1"} 2

                """
            #expect(Exposition(good).faults == [])
            #expect(Exposition(good).total("a_total") == 2e20 + 1)
            let faults: [(from: String, to: String)] = [
                ("a_total 2e+20", "a_total{x=\"1, \\\"b\\\" \\\\ \\n}\",y=\"\"} 2"), ("a_total 2e+20", "a_total{x=1} 2"), ("a_total 2e+20", "b_total 1"),
                ("# TYPE a_total counter\n", ""), ("# HELP b_seconds B.\n", ""), ("counter", "gauge"), ("2e+20", "two"), ("2e+20\n", "2e+20\n\n"),
                ("le=\"+Inf\"} 2", "le=\"+Inf\"} 0"), ("b_seconds_count{q=\"1\"} 2", "b_seconds_count{q=\"1\"} 3"), ("b_seconds_sum{q=\"1\"} 0.5\n", ""),
                ("A \\\\", "A \\x"), ("x=\"1, ", "x=\"1\",x=\"2, "), ("b_seconds_count{q=\"1\"} 2\n", "b_seconds_count{q=\"1\"} 2\n# HELP a_total A.\n"),
            ]
            for (from, to) in faults {
                let bad = good.replacingOccurrences(of: from, with: to)
                #expect(bad != good && !Exposition(bad).faults.isEmpty, "\(from) → \(to)")
            }
        }
    }
}
