import Base
import Columns
import Testing

@testable import pioneer

struct StatusReportTests {
    /// A terminal of eighty columns without colours.
    static let eighty = Terminal(isTerminal: true, reported: 80) { ["NO_COLOR": "1", "LANG": "C.UTF-8"][$0] }

    static let holder = """
        "source":"metrics","topic":"cloud.metrics","partition":0,"max_event_time":"2026-01-05T10:03:20Z","out_of_order_s":30.0,\
        "idle_after_s":60.0,"still_since":"2026-01-05T10:03:21Z","still_s":119.0,"idle":false
        """
    static let figures = """
        "lag_records":1234,"lag_s":2.5,"records_per_s":1150000.4,"rows_out_per_s":12.0,\
        "state":{"bytes":4404019,"open_windows":2,"groups":50000},"records":12345678,"rows_out":4321,"windows_closed":17,"late":120,\
        "late_by_stream":{"usage_5m":100,"sums_1h":20},"dead_letters":3,"dead_letters_by_code":{"decode.wrong_type":3},"commits":9,"aborts":0
        """
    static let watermark = #""watermark":"2026-01-05T10:02:50Z","watermark_age_s":150.0,"held_by":{\#(holder)}"#
    static let answer = """
        {"status":"running","version":"0.1.0","uptime_s":7500.5,"read_at":"2026-01-05T10:05:20Z",\
        "process":{"resident_bytes":170917888,"cpu_s":100.0,"disk_bytes":1288490188},\
        "topologies":[{"topology":"usage",\(watermark),\(figures),\
        "tasks":[{"partition":0,"epoch":4711,\(watermark),"clock":"2026-01-05T10:05:19Z",\
        "last_commit":{"at":"2026-01-05T10:05:19.5Z","age_s":0.5,"took_s":0.0125},\(figures),\
        "inputs":[{\(holder),"watermark":"2026-01-05T10:02:50Z","read_at":"2026-01-05T10:03:21Z",\
        "next_offset":12345678,"lag_records":1234,"lag_s":2.5}]}],\
        "views":[{"view":"resource_metrics","rows":12345,"lag_records":0,"watermark":"2026-01-05T10:02:50Z","watermark_age_s":150.0,\
        "partitions":[{"partition":0,"next_offset":99,"lag_records":0,"watermark":"2026-01-05T10:02:50Z"}]}]}]}
        """

    static func status(_ text: String = answer) throws -> StatusAnswer { try #require(StatusAnswer(JSONValue.parse(text))) }

    @Test func `the status reads well on eighty columns`() throws {
        let lines = StatusReport(status: try Self.status(), terminal: Self.eighty).lines
        #expect(lines.joined(separator: "\n") == """
            pioneer 0.1.0 running for 2 h 5 min, 163 MB in memory, 1.20 GB on disk

            usage  1.15 M records/s in, 12 rows/s out, lag 1,234 records, 2.5 s
              watermark 10:02:50Z, 2 min 30 s ago, held by cloud.metrics[0], whose newest
              event is of 10:03:20Z (2 min 0 s ago); not moved for 1 min 59 s; windows close
              when a later one comes
              12,345,678 records read, 4,321 rows out, 17 windows closed, 2 open
              120 late records: usage_5m 100, sums_1h 20
              3 dead letters: decode.wrong_type 3
              see them: pioneer tail _pioneer.usage.dead-letters

              task  epoch  committed   took  records/s  rows/s  windows  groups    state
                 0  4,711     500 ms  13 ms     1.15 M      12        2  50,000  4.20 MB

              input                   next    lag    age  newest event
              cloud.metrics[0]  12,345,678  1,234  2.5 s  10:03:20Z, 2 min 0 s ago

              view                rows  lag  everything before is in
              resource_metrics  12,345    0  10:02:50Z, 2 min 30 s ago
            """)
        for line in lines { #expect(CellText.width(line) <= 80) }
        // What does not fit beside a long name stands below it.
        let long = Self.answer.replacing("\"topology\":\"usage\"", with: "\"topology\":\"finds_machines_too_big\"")
            .replacing("\"lag_records\":1234,", with: "\"lag_records\":123456789,")
        let wrapped = StatusReport(status: try Self.status(long), terminal: Self.eighty).lines
        #expect(wrapped[2] == "finds_machines_too_big")
        #expect(wrapped[3] == "  1.15 M records/s in, 12 rows/s out, lag 123,456,789 records, 2.5 s")
        for line in wrapped { #expect(CellText.width(line) <= 80) }
    }

    @Test func `what holds a watermark is said in words`() throws {
        func sentence(_ change: (inout StatusAnswer.Watermark) -> Void) throws -> String {
            let status = try Self.status()
            var watermark = status.topologies[0].watermark
            change(&watermark)
            return WatermarkText(now: status.readAt).sentence(watermark)
        }
        #expect(try sentence { $0 = .init(time: nil, holder: nil) } == "no watermark: no record has come yet")
        #expect(try sentence { $0.holder?.newest = nil }
            == "no watermark: held by cloud.metrics[0], which has had no record; it stops to hold when it has been silent for 1 min 0 s")
        #expect(try sentence { $0.holder?.isIdle = true }.hasSuffix("(2 min 0 s ago) and which is silent; windows close when a later one comes"))
        #expect(try sentence { $0.holder?.stillSeconds = 1 }.hasSuffix("whose newest event is of 10:03:20Z (2 min 0 s ago)"))
        #expect(try sentence { $0.holder?.stillSeconds = nil }.contains("nothing has come since the engine started"))
        // Another day's time has its date, and a clock that is ahead is told.
        #expect(WatermarkText(now: EventTime("2026-01-06T10:00:00Z")!).cell(EventTime("2026-01-05T10:00:00.25Z")!)
            == "2026-01-05T10:00:00Z, 24 h 0 min ago")
        #expect(WatermarkText(now: EventTime("2026-01-05T10:00:00Z")!).cell(EventTime("2026-01-05T10:00:30Z")!) == "10:00:30Z, 30.0 s ahead")
    }

    @Test func `one topology may be asked for, and an unknown one is told with the nearest name`() throws {
        let answer = try JSONValue.parse(Self.answer)
        #expect(try Status.only("usage", of: answer).description == answer.description)
        let error = #expect(throws: EngineError.self) { try Status.only("usag", of: answer) }
        #expect(error?.code.text == "status.unknown_topology" && error?.remedy == "Did you mean 'usage'? There are: usage.")
    }

    @Test func `a frame taller than the terminal says how much is left out`() {
        // Nothing is cleared where the cursor may stand on a line's last column, and no line is begun below the last.
        #expect(LiveScreen.drawn(["ab", "cd"], height: 2) == "\u{1B}[H\u{1B}[Kab\n\u{1B}[Kcd")
        #expect(LiveScreen.drawn(["ab"], height: 2) == "\u{1B}[H\u{1B}[Kab\n\u{1B}[J")
        #expect(LiveScreen.cut(["a", "b", "c"], to: nil) == ["a", "b", "c"])
        #expect(LiveScreen.cut(["a", "b", "c"], to: 3) == ["a", "b", "c"])
        #expect(LiveScreen.cut(["a", "b", "c", "d"], to: 3) == ["a", "b", "(2 more lines)"])
        #expect(LiveScreen.spelled(["long na…"], Terminal(isTerminal: true, reported: 80) { _ in nil }) == ["long na~"])
    }

    @Test func `topics and views are lists that fit eighty columns`() throws {
        let topics = try JSONValue.parse("""
            [{"topic":"cloud.metrics","internal":false,"retention":{"age":"30d","bytes_max":10737418240,"compacted":false},\
            "partitions":[{"partition":0,"first_offset":5,"end_offset":1505},{"partition":1,"first_offset":0,"end_offset":100}]},\
            {"topic":"_pioneer.usage.view.v","internal":true,"retention":{"age":null,"bytes_max":null,"compacted":true},"partitions":[]}]
            """).elements ?? []
        #expect(Topics.lines(topics, all: false, Self.eighty) == [
            "topic          partitions  records  kept", "cloud.metrics           2    1,600  30d, 10GB a partition",
            "(and 1 topic of the engine's own: --all)",
        ])
        #expect(Topics.lines(topics, all: true, Self.eighty).last?.hasSuffix("0        0  the last of each key") == true)
        let view = try JSONValue.parse("""
            {"view":"resource_metrics","path":null,"url":"/api/v1/views/resource_metrics","key":["id"],"description":"How busy.",\
            "columns":[{"name":"id","type":"string","nullable":false,"description":"The machine."},{"name":"mean","type":"double","nullable":true}]}
            """)
        #expect(Views.lines([view], try Self.status(), Self.eighty) == [
            "view                rows  columns  path", "resource_metrics  12,345        2  /api/v1/views/resource_metrics",
        ])
        #expect(Views.columns(of: view, Self.eighty) == [
            "How busy.", "", "column  type     key  description", "id      string   key  The machine.", "mean    double?",
        ])
    }
}
