import Base
import Foundation
import PostgresServer
import Testing

extension PostgresProcessTests {
    /// Changed topologies whose views are in PostgreSQL.
    @Suite(.enabled(if: Postgres.isHere, "\(Postgres.skipped)"))
    struct PostgresUpgradeTests {
        @Test func `a view that is dropped goes from PostgreSQL, when that was approved, and nothing else does`() throws {
            let database = try Postgres.database(), directory = try TemporaryDirectory()
            let engine = try EngineProcess(in: directory)
            let usage = try String(contentsOfFile: EngineBinary.usage, encoding: .utf8)
            engine.options.topology = try directory.write(usage, to: "usage.yaml")
            engine.options.environment["PIONEER_POSTGRES"] = database.url
            let (kept, dropped) = (EngineProcess.views[0], EngineProcess.views[1])
            try engine.start()
            let lines = (0..<75).map { minute in
                let time = "2026-01-05T1\(minute / 60):\(minute % 60 < 10 ? "0" : "")\(minute % 60):00Z"
                return "{\"resource_id\":\"i-1\",\"observed_at\":\"\(time)\",\"metric\":\"m\",\"value\":\(minute)}\n"
            }
            #expect(try engine.append(lines.joined()).status == 200)
            try engine.waitUntilSettled()
            let shell = try Shell()
            let rebuilt = try shell.run("pioneer views rebuild \(dropped) --to http://127.0.0.1:\(engine.port)", interruptedAfter: 60)
            #expect(rebuilt.status == 0, "\(rebuilt.output)")
            #expect(try database.sql("SELECT view FROM pioneer._pioneer_rebuilds") == [dropped])

            let start = try #require(usage.range(of: "  \(dropped):"))
            _ = try directory.write(String(usage[..<start.lowerBound]), to: "usage.yaml")
            let running = try PlanCall(engine)
            #expect(try engine.stop() == .exited(0))
            let told = try PlanCall(engine)
            #expect(told.ending == .exited(1) && running.ending == .exited(1))
            #expect(told.words == running.words)
            #expect(!FileManager.default.fileExists(atPath: engine.data + "/views"))
            let count = try database.sql("SELECT count(*) FROM pioneer.\(kept)")
            #expect(count == ["14"] && told.words.contains("14 rows"), "\(told.words)")
            #expect(told.words.contains(/drop     view \S+ +1 row\n/), "\(told.words)")

            // A database that is away leaves the rows unknown, and the plan the same.
            let away = try PlanCall(engine, environment: ["PIONEER_POSTGRES": "postgresql://nobody@127.0.0.1:1/none"])
            #expect(away.ending == .exited(1) && away.words.contains("rows not known"), "\(away.words)")
            #expect(away.words.contains("rows of views are not known") && away.words.contains("view.unreachable"), "\(away.words)")
            #expect(try away.hash() == told.hash())

            func left() throws -> [String] {
                try database.sql(
                    """
                    SELECT 'table' WHERE to_regclass('pioneer.\(dropped)') IS NOT NULL
                    UNION ALL SELECT 'view' FROM pioneer._pioneer_views WHERE name = '\(dropped)'
                    UNION ALL SELECT 'position' FROM pioneer._pioneer_positions WHERE view = '\(dropped)'
                    UNION ALL SELECT 'rebuild' FROM pioneer._pioneer_rebuilds WHERE view = '\(dropped)'
                    """)
            }
            #expect(try engine.refusal(["--approve", "0123456789abcdef"]).words.contains("topology.change_not_approved"))
            #expect(try Set(left()) == ["table", "view", "position", "rebuild"])
            try engine.start(["--approve", told.hash()])
            #expect(try engine.rows(of: kept).count == 14)
            #expect(try engine.stop() == .exited(0))
            #expect(try left() == [])
            #expect(try PlanCall(engine).ending == .exited(0))
            // It comes back empty.
            _ = try directory.write(usage, to: "usage.yaml")
            try engine.start()
            #expect(try engine.rows(of: dropped).isEmpty)
            #expect(try engine.stop() == .exited(0))
        }
    }
}
