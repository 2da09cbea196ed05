import Base
import Columns
import Testing

@testable import pioneer

struct TopTests {
    private static let views = """
        {"views":[{"view":"live","key":["id","metric","window_start"],"columns":[{"name":"id","type":"string"},{"name":"metric","type":"string"},\
        {"name":"window_start","type":"timestamp"},{"name":"window_end","type":"timestamp"},{"name":"window_hours","type":"double"},\
        {"name":"mean","type":"double"},{"name":"samples","type":"int"}]},\
        {"view":"machines","key":["id"],"columns":[{"name":"id","type":"string"},{"name":"name","type":"string"}]}]}
        """

    private let list: JSONValue
    private let view: TopView

    init() throws {
        list = try JSONValue.parse(Self.views)
        view = try TopView("live", in: list)
    }

    private func rows(_ text: String, allWindows: Bool = false) throws -> [TopRow] {
        let rows = try JSONValue.parse(text).elements ?? []
        let query = TopQuery(
            view: view, column: "mean", filters: [], labels: ["id"], allWindows: allWindows, lookup: "id")
        return TopQuery.ranked(rows, query)
    }

    @Test func `each key counts with its newest window, the highest value first, and what has no value not at all`() throws {
        let text = """
            [{"id":"a","metric":"m","window_start":"2026-01-05T10:00:00Z","mean":9.5},{"id":"b","metric":"m","window_start":"2026-01-05T10:00:10Z","mean":3},\
            {"id":"a","metric":"m","window_start":"2026-01-05T10:00:10Z","mean":1.5},{"id":"c","metric":"m","window_start":"2026-01-05T10:00:10Z","mean":null},\
            {"id":"a","metric":"n","window_start":"2026-01-05T10:00:00Z","mean":4}]
            """
        #expect(try rows(text).map(\.value) == [4, 3, 1.5])
        #expect(try rows(text).map(\.labels) == [["a"], ["b"], ["a"]])
        #expect(try rows(text, allWindows: true).map(\.value) == [9.5, 4, 3, 1.5])
    }

    @Test func `a value without an operator is one to be equal to`() throws {
        func spelled(_ text: String) -> String? { ViewFilter(text).map { $0.spelledOut }.map { "\($0.column)=\($0.condition)" } }
        #expect(spelled("metric=system.cpu.utilization") == "metric=eq.system.cpu.utilization")
        #expect(spelled("mean=gt.0.5") == "mean=gt.0.5")
        #expect(spelled("id=not.in.(a,b)") == "id=not.in.(a,b)")
        #expect(spelled("or=(mean.gt.1,mean.lt.0)") == "or=(mean.gt.1,mean.lt.0)")
        #expect(spelled("id=") == "id=eq.")
        #expect(ViewFilter("metric") == nil && ViewFilter("=x") == nil)
        #expect(ViewFilter.isOneOf("id", ["a", #"b"\,"#]).condition == #"in.("a","b\"\\,")"#)
    }

    @Test func `rows are named by the key, less what a filter fixes`() throws {
        let fixed = [try #require(ViewFilter("metric=eq.cpu"))]
        #expect(try view.labels([], filters: []) == ["id", "metric"])
        #expect(try view.labels([], filters: fixed) == ["id"])
        #expect(try view.labels(["metric"], filters: fixed) == ["metric"])
        #expect(throws: EngineError.self) { try view.labels(["metrc"], filters: []) }
        #expect(try TopNames("machines.name", for: view, in: list).key == "id")
        for text in ["machines", "machine.name", "machines.nam", "live.mean"] {
            #expect(throws: EngineError.self) { try TopNames(text, for: view, in: list) }
        }
    }

    @Test func `only columns with numbers are ranked`() throws {
        try view.check("samples", isNumber: true)
        let text = #expect(throws: EngineError.self) { try view.check("metric", isNumber: true) }
        #expect(text?.message == "column 'metric' of view 'live' holds no numbers" && text?.remedy == "Columns with numbers: mean, samples.")
        let unknown = #expect(throws: EngineError.self) { try view.check("meen", isNumber: true) }
        #expect(unknown?.remedy == "Did you mean 'mean'? Columns with numbers: mean, samples.")
        #expect(throws: EngineError.self) { try TopView("liv", in: list) }
    }

    @Test func `bars are as long as their share, to an eighth of a column`() {
        #expect(Bar.text(1, width: 4, isUTF8: true) == "████")
        #expect(Bar.text(0.5, width: 3, isUTF8: true) == "█▌")
        #expect(Bar.text(2, width: 2, isUTF8: true) == "██")
        #expect(Bar.text(0.001, width: 9, isUTF8: true) == "▏")
        #expect(Bar.text(0, width: 9, isUTF8: true) == "" && Bar.text(-1, width: 9, isUTF8: true) == "" && Bar.text(.nan, width: 9, isUTF8: true) == "")
        #expect(Bar.text(0.5, width: 8, isUTF8: false) == "####")
        for eighth in 0...64 { #expect(CellText.width(Bar.text(Double(eighth) / 64, width: 8, isUTF8: true)) == (eighth + 7) / 8) }
    }

    private func frame(_ values: [(String, Double)], isPercent: Bool = false) throws -> TopFrame {
        var rates = SummaryRates()
        let status = try StatusReportTests.status()
        rates.add(status)
        let rows = values.map { (label: $0.0, value: $0.1, window: Optional("2026-01-05T10:05:00Z")) }
        return TopFrame(
            summary: EngineSummary(status, rates: rates), title: "live_metrics  mean  metric=system.cpu.utilization", rows: rows,
            rowCount: 25, limit: 10, scale: nil, isPercent: isPercent)
    }

    @Test func `a picture fits eighty columns, with the engine above and the bars below`() throws {
        let picture = try frame([("web-24", 0.939), ("i-23 with a name that is much too long to be shown", 0.5), ("世界", 0.01), ("zero", 0)])
        let lines = picture.lines(StatusReportTests.eighty)
        #expect(lines.joined(separator: "\n") == """
            pioneer  usage                                           up 2 h 5 min  10:05:20Z

            events/s  1.15 M     watermark 10:02:50Z, 2 min 30 s ago   late         120
            memory    163 MB     lag       1,234 records, 2.5 s        dead letters 3
            cores     0.01       windows   2 open, 17 closed           disk         1.20 GB

            live_metrics  mean  metric=system.cpu.utiliza…  window of 10:05:00Z, top 4 of 25
            web-24                      ██████████████████████████████████████████▎    0.939
            i-23 with a name that is …  ██████████████████████▌                        0.500
            世界                        ▌                                              0.010
            zero                                                                           0
            """)
        for line in lines { #expect(CellText.width(line) <= 80) }
    }

    @Test func `a picture fits the terminal, and plain characters where it has no others`() throws {
        let picture = try frame((0..<10).map { ("i-\($0)", Double(10 - $0) * 100) })
        for width in [60, 80, 200] {
            for height in [10, 14, 50] {
                let terminal = Terminal(isTerminal: true, reported: width, reportedHeight: height) { _ in nil }
                let lines = picture.lines(Terminal(isTerminal: true, reported: width, reportedHeight: height) { $0 == "NO_COLOR" ? "1" : nil })
                #expect(lines.count <= height && lines.count == min(17, height - 1), "\(width) \(height) \(lines.count)")
                for line in lines { #expect(CellText.width(line) <= width) }
                #expect(lines.last?.contains("#") == true && !terminal.isUTF8)
            }
        }
        #expect(try frame([("a", 0.25)], isPercent: true).lines(.plain).last?.hasSuffix("25.0 %") == true)
    }

    @Test func `events are counted once however many topologies read them`() throws {
        func status(_ next: Int, at time: String, cpu: Double) throws -> StatusAnswer {
            var status = try StatusReportTests.status()
            status.readAt = try #require(EventTime(time))
            status.cpuSeconds = cpu
            status.topologies[0].tasks[0].inputs[0].nextOffset = next
            var other = status.topologies[0]
            other.tasks[0].inputs[0].nextOffset = next - 500
            status.topologies.append(other)
            return status
        }
        var rates = SummaryRates()
        rates.add(try status(1_000, at: "2026-01-05T10:00:00Z", cpu: 1))
        #expect(rates.eventsPerSecond == nil)
        rates.add(try status(5_000, at: "2026-01-05T10:00:02Z", cpu: 2))
        #expect(rates.eventsPerSecond == 2_000 && rates.cores == 0.5)
        // An engine that was started again begins anew.
        rates.add(try status(6_000, at: "2026-01-05T10:00:03Z", cpu: 0.1))
        #expect(rates.eventsPerSecond == nil)
        rates.add(try status(6_100, at: "2026-01-05T10:00:04Z", cpu: 0.2))
        #expect(rates.eventsPerSecond == 100)
    }
}
