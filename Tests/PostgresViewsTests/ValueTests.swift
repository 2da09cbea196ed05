import Base
import Columns
import OwnThreads
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import PostgresViews

/// Values that PostgreSQL does not hold as they are: no row is lost, and none stops the projection.
@Suite(.serialized, .ownThreads, .enabled(if: Postgres.isHere, Comment(rawValue: Postgres.skipped))) struct ValueTests {
    @Test func `every type is stored as itself`() throws {
        let fixture = try WriteFixture()
        let row = ViewFixture.row("full", at: 1, [
            "flag": .bool(true), "count": .int(.min), "mean": .double(-1.5e300), "label": .string("x\n'\\é"), "raw": .bytes([0, 255, 39]),
            "seen": .timestamp(EventTime(microseconds: -1)), "span": .duration(.hours(-49)),
            "tags": .map(["b": "\"2\"\n", "a": "", "é": "e\u{301}"]), "machine": .bool(true), "machine_sku": .string("m5"),
        ])
        _ = try fixture.views.apply(ViewFixture.change([row], from: 0, to: 1))
        let stored = try fixture.database.sql(
            """
            SELECT row_to_json(u) FROM (SELECT flag, count, mean, octet_length(label), encode(raw, 'hex') raw, \
            seen AT TIME ZONE 'UTC' seen, span, tags, machine, machine_sku, machine_cores FROM pioneer.usage) u
            """)
        #expect(
            stored == [
                #"{"flag":true,"count":-9223372036854775808,"mean":-1.5e+300,"octet_length":6,"raw":"00ff27","#
                    + #""seen":"1969-12-31T23:59:59.999999","span":"-49:00:00","tags":{"a": "", "b": "\"2\"\n", "é": "é"},"#
                    + #""machine":true,"machine_sku":"m5","machine_cores":null}"#
            ])
    }

    @Test func `a character that PostgreSQL lacks is replaced, in texts, keys and maps, and rows that meet by it are one`() throws {
        let fixture = try WriteFixture()
        let rows = [
            ViewFixture.row("a\0", at: 1, ["label": .string("\0x"), "tags": .map(["k\0": "v\0"]), "count": .int(1)]),
            ViewFixture.row("a\u{FFFD}", at: 1, ["count": .int(2)]), ViewFixture.row("b", at: 1),
        ]
        #expect(try fixture.views.apply(ViewFixture.change(rows, from: 0, to: 1)) == .applied)
        #expect(try fixture.database.sql("SELECT id, count FROM pioneer.usage ORDER BY id") == ["a\u{FFFD}|2", "b|"])
        let again = ViewFixture.row("c", at: 1, ["label": .string("\0x"), "tags": .map(["k\0": "v\0"])])
        #expect(try fixture.views.apply(ViewFixture.change([again], deletes: [[.string("a\0"), .timestamp(EventTime(seconds: 1))]], from: 1, to: 2)) == .applied)
        #expect(try fixture.database.sql("SELECT id, label, tags FROM pioneer.usage ORDER BY id") == ["b||", "c|\u{FFFD}x|{\"k\u{FFFD}\": \"v\u{FFFD}\"}"])
    }

    @Test func `a key too long for an index is cut, stays another one than its like, and is found again`() throws {
        let view = ViewFixture.definition(keep: nil)
        let fixture = try WriteFixture(view)
        var random = SeededRandom(seed: 1)
        // Letters that do not compress.
        let long = String((0..<9_000).map { _ in Character(Unicode.Scalar(UInt8(33 + random.below(90)))) })
        let rows = ["\(long)1", "\(long)2"].map { ViewFixture.row($0, at: 1, ["count": .int(1)]) }
        #expect(try fixture.views.apply(ViewFixture.change(rows, from: 0, to: 1)) == .applied)
        #expect(try fixture.stored() == 2)
        let changed = ViewFixture.row("\(long)2", at: 1, ["count": .int(5)])
        _ = try fixture.views.apply(ViewFixture.change([changed], from: 1, to: 2))
        #expect(try fixture.database.sql("SELECT count FROM pioneer.usage ORDER BY count") == ["1", "5"])
        let prepared = try fixture.views.preparedView("usage")
        guard case .string(let stored) = prepared.stored(.string("\(long)2"), in: "id") else { return }
        #expect(try fixture.database.sql("SELECT count FROM pioneer.usage WHERE id = \(PostgresName.literal(stored))") == ["5"])
        _ = try fixture.views.apply(ViewFixture.change(deletes: [[.string("\(long)2"), .timestamp(EventTime(seconds: 1))]], from: 2, to: 3))
        #expect(try fixture.stored() == 1)
    }

    @Test func `times beyond PostgreSQL's and numbers that are none have their place`() throws {
        let fixture = try WriteFixture()
        let times: [EventTime] = [
            .earliest, EventTime(microseconds: .min + 1), EventTime(microseconds: PostgresTime.earliest), EventTime(microseconds: .max - 1),
            .latest,
        ]
        let rows = times.enumerated().map { ViewFixture.row("\($0)", at: 1, ["seen": .timestamp($1), "mean": .double(.nan)]) }
        #expect(try fixture.views.apply(ViewFixture.change(rows, from: 0, to: 1)) == .applied)
        #expect(
            try fixture.database.sql("SET TimeZone = 'UTC'; SET DateStyle = ISO; SELECT seen, mean FROM pioneer.usage ORDER BY id").suffix(5) == [
                "-infinity|", "-infinity|", "4714-11-24 00:00:00+00 BC|", "294247-01-10 04:00:54.775806+00|", "infinity|",
            ])
    }

    @Test func `cut texts end in whole characters, differ where the whole does, and stay within the bound`() {
        let text = String(repeating: "日本", count: 600)
        func cut(_ text: String, _ limit: Int) -> String {
            var text = text
            return text.withUTF8 { StorableValues.cut($0, to: limit) }
        }
        let all = (400..<420).map { cut(text, $0) }
        #expect(zip(all, 400..<420).allSatisfy { $0.utf8.count <= $1 && $0.utf8.count > $1 - 4 && $0.hasPrefix("日本") })
        #expect(cut(text + "a", 400) != cut(text + "b", 400))
    }
}
