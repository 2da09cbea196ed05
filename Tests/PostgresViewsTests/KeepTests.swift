import Base
import Columns
import OwnThreads
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import PostgresViews

/// Rows that `keep` is over for: hidden at once, gone with their partition.
@Suite(.serialized, .ownThreads, .enabled(if: Postgres.isHere, Comment(rawValue: Postgres.skipped))) struct KeepTests {
    private let hour: Int64 = 3_600

    /// Rows `r0` to `r<n-1>`, one an hour from 2026-01-05 on.
    private func rows(_ hours: Range<Int64>) -> [FixtureRow] {
        hours.map { ViewFixture.row("r\($0)", at: 1_767_571_200 + $0 * hour) }
    }

    private func hours(_ count: Int64) -> EventTime { EventTime(seconds: 1_767_571_200 + count * hour) }

    @Test func `partitions are made as rows come, and dropped when all their rows are over`() throws {
        // A sixteenth is three hours.
        let fixture = try WriteFixture(ViewFixture.definition(keep: .days(2)))
        #expect(try fixture.partitions() == ["pioneer._p_usage_default"])
        _ = try fixture.views.apply(ViewFixture.change(rows(0..<12), from: 0, to: 1))
        #expect(
            try fixture.partitions() == [
                "pioneer._p_usage_202601050000", "pioneer._p_usage_202601050300", "pioneer._p_usage_202601050600",
                "pioneer._p_usage_202601050900", "pioneer._p_usage_default",
            ])
        #expect(try fixture.database.sql("SELECT count(*) FROM pioneer._p_usage_default") == ["0"])
        _ = try fixture.views.apply(ViewFixture.change(expireBefore: hours(4), from: 1, to: 2))
        #expect(try fixture.ids() == ["r10", "r11", "r4", "r5", "r6", "r7", "r8", "r9"])
        #expect(try fixture.stored() == 9, "the row of the fourth hour is hidden until its partition goes")
        #expect(try fixture.partitions().count == 4)
        // Rows are upserted through the table, wherever they lie.
        _ = try fixture.views.apply(ViewFixture.change(rows(5..<20), from: 2, to: 3))
        #expect(try fixture.ids().count == 16)
        _ = try fixture.views.apply(ViewFixture.change(expireBefore: hours(18), from: 3, to: 4))
        #expect(try fixture.ids() == ["r18", "r19"])
        #expect(try fixture.partitions() == ["pioneer._p_usage_202601051800", "pioneer._p_usage_default"])
    }

    @Test func `a late row that is over already is seen until the bound moves, and nothing that was hidden comes back`() throws {
        let fixture = try WriteFixture(ViewFixture.definition(keep: .days(2)))
        _ = try fixture.views.apply(ViewFixture.change(rows(0..<3), expireBefore: hours(2), from: 0, to: 1))
        #expect(try fixture.ids() == ["r2"])
        _ = try fixture.views.apply(ViewFixture.change([ViewFixture.row("late", at: 1_767_571_200)], from: 1, to: 2))
        #expect(try fixture.ids() == ["late", "r2"])
        _ = try fixture.views.apply(ViewFixture.change(expireBefore: hours(2), from: 2, to: 3))
        #expect(try fixture.ids() == ["r2"])
    }

    @Test func `rows far away lie in the default partition, and go from there`() throws {
        let fixture = try WriteFixture(ViewFixture.definition(keep: .days(2)))
        let far = [ViewFixture.row("far", at: 4_000_000_000), ViewFixture.row("old", at: -4_000_000_000)]
        let times = [hours(0), hours(1)]
        _ = try fixture.views.apply(ViewFixture.change(far, from: 0, to: 1, eventTimes: times))
        #expect(try fixture.partitions() == ["pioneer._p_usage_default"])
        #expect(try fixture.ids() == ["far", "old"])
        _ = try fixture.views.apply(ViewFixture.change(expireBefore: hours(1), from: 1, to: 2))
        #expect(try fixture.ids() == ["old"])
        #expect(try fixture.stored() == 1)
    }

    @Test func `a reader in the way of a partition's end leaves it for later, and is not kept waiting`() throws {
        let fixture = try WriteFixture(ViewFixture.definition(keep: .days(2)))
        _ = try fixture.views.apply(ViewFixture.change(rows(0..<3), from: 0, to: 1))
        let reader = try PostgresConnection(PostgresAddress(fixture.database.url), applicationName: "reader")
        try reader.execute("BEGIN; SELECT count(*) FROM pioneer.usage")
        _ = try fixture.views.apply(ViewFixture.change(rows(3..<6), expireBefore: hours(5), from: 1, to: 2))
        #expect(try fixture.ids() == ["r5"])
        // The first partition, and a row in the default one: no partition could be made for it either.
        #expect(try fixture.stored() == 4)
        try reader.execute("SELECT count(*) FROM pioneer.usage; COMMIT")
        _ = try fixture.views.apply(ViewFixture.change(expireBefore: hours(9), from: 2, to: 3))
        #expect(try fixture.stored() == 0)
    }

    @Test func `a view that is dropped and made again has partitions again`() throws {
        let view = ViewFixture.definition(keep: .days(2))
        let fixture = try WriteFixture(view)
        for _ in 0..<2 {
            _ = try fixture.views.apply(ViewFixture.change(rows(0..<3), from: 0, to: 1))
            #expect(try fixture.partitions() == ["pioneer._p_usage_202601050000", "pioneer._p_usage_default"])
            try fixture.views.drop("usage")
            try fixture.views.prepare(view)
        }
    }

    @Test func `a view whose key has no time loses its rows one by one, by an index`() throws {
        let fixture = try WriteFixture(ViewFixture.definition(key: ["id"], keep: .days(2)))
        _ = try fixture.views.apply(ViewFixture.change(rows(0..<3), expireBefore: hours(2), from: 0, to: 1))
        #expect(try fixture.ids() == ["r2"])
        #expect(try fixture.stored() == 1)
        let indexes = try fixture.database.sql("SELECT indexname FROM pg_indexes WHERE tablename = 'usage' ORDER BY 1")
        #expect(indexes == ["_pioneer_keep_usage", "_pioneer_key_usage"])
    }

    @Test func `spans are about a sixteenth of keep, aligned, and leave what others have`() {
        let widths = [TimeSpan.minutes(1), .hours(1), .days(1), .days(30), .days(400)].map { PartitionBook.width(for: $0) }
        #expect(widths == [.minutes(1), .minutes(2), .hours(1), .days(1), .days(14)])
        var book = PartitionBook(keep: .days(30))
        let day = { (count: Int64) in EventTime(seconds: count * 86_400) }
        book.known = [PartitionBook.Range(from: day(9) + .hours(6), until: day(10) + .hours(6))]
        func missing(_ times: [EventTime], newest: EventTime) -> [PartitionBook.Range] {
            times.map(\.microseconds).withUnsafeBufferPointer { book.missing($0, isValid: { _ in true }, newest: newest) }
        }
        #expect(missing([day(9) + .hours(7)], newest: day(10)).isEmpty)
        #expect(
            missing([day(10) + .hours(7), day(9) + .hours(1), day(-40)], newest: day(10)) == [
                PartitionBook.Range(from: day(9), until: day(9) + .hours(6)),
                PartitionBook.Range(from: day(10) + .hours(6), until: day(11)),
            ])
        #expect(missing([.earliest, .latest], newest: .latest).isEmpty)
        let many = (0..<1_000).map { EventTime(seconds: 400 * 86_400 - $0 * 43_200) }
        #expect(missing(many, newest: day(400)).count <= PartitionBook.partitionsMax)
    }
}
