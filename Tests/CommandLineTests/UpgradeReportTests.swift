import Base
import Columns
import Foundation
import Planner
import Testing

@testable import pioneer

struct UpgradeReportTests {
    private func plan(_ changes: String, inputs: String = "", running: String = "\"11111111aa\"") throws -> UpgradePlan {
        let text = """
            {"topology":"usage","running":[\(running)],"version":"22222222bb","hash":"0123456789abcdef",
             "changes":[\(changes)],"inputs":[\(inputs)]}
            """
        let json = try Array(text.utf8).withUnsafeBufferPointer { try JSONValue.parse($0).get() }
        return try #require(UpgradePlan(json: json))
    }

    private func change(
        _ verdict: String, _ part: String, _ name: String, _ why: String = "", loses: Bool = false, bytes: Int? = nil, rows: Int? = nil
    ) -> String {
        "{\"part\":\"\(part)\",\"name\":\"\(name)\",\"verdict\":\"\(verdict)\",\"why\":[\(why.isEmpty ? "" : "\"\(why)\"")],\"loses\":\(loses),"
            + "\"state_bytes\":\(bytes.map(String.init) ?? "null"),\"rows\":\(rows.map(String.init) ?? "null")}"
    }

    @Test func `a plan tells of each stream and view, and from where it starts over`() throws {
        let why = "its windows were 'tumbling 1h by resource_id string, metric string' and are now 'tumbling 2h by resource_id string'"
        let changes = [
            change("keep", "stream", "cpu"), change("rebuild", "stream", "usage_1h", why, loses: true, bytes: 3 << 20),
            change("rebuild", "view", "hours", "it is emptied and filled again", loses: true, rows: 1_200),
        ]
        let inputs = [
            "{\"topic\":\"cloud.metrics\",\"partition\":0,\"first_offset\":0,\"end_offset\":5000,\"next_offset\":5000}",
            "{\"topic\":\"cloud.metrics\",\"partition\":1,\"first_offset\":4000,\"end_offset\":5000,\"next_offset\":null}",
        ]
        let lines = UpgradeReport(plan: try plan(changes.joined(separator: ","), inputs: inputs.joined(separator: ","))).lines(.plain)
        #expect(
            lines.joined(separator: "\n") == """
                topology usage  version 11111111 -> 22222222
                  keep     stream cpu
                  rebuild  stream usage_1h  3.00 MB of state
                           its windows were 'tumbling 1h by resource_id string, metric string'
                           and are now 'tumbling 2h by resource_id string'
                  rebuild  view hours       1,200 rows
                           it is emptied and filled again
                  It starts over from what the log holds. Rows are written to output topics once
                  more.
                    cloud.metrics[0] has 5,000 records, all there ever were
                    cloud.metrics[1] has 1,000 records, from offset 4,000 on: what was before is
                    gone, and what was made of it cannot be made again
                """)
        #expect(lines.allSatisfy { CellText.width($0) <= 80 })
    }

    @Test func `nothing that changes, and nothing that has run, take one line`() throws {
        let first = UpgradeReport(plan: try plan(change("new", "stream", "cpu"), running: "")).lines(.plain)
        #expect(first == ["topology usage  version 22222222", "  nothing of it has run here yet: everything in it is new"])
        let same = UpgradeReport(plan: try plan(change("keep", "stream", "cpu", bytes: 0), running: "\"22222222bb\"")).lines(.plain)
        #expect(same == ["topology usage  version 22222222 -> 22222222", "  goes on as it is", "  keep     stream cpu  no state yet"])
    }

    @Test func `rows that could not be counted are said to be unknown, but of what begins only now`() throws {
        let changes = change("drop", "view", "hours", loses: true) + "," + change("new", "view", "days")
        let lines = UpgradeReport(plan: try plan(changes)).lines(.plain)
        #expect(lines.dropFirst() == ["  drop     view hours  rows not known", "  new      view days"])
    }
}
