import Base
import Columns
import Stores

extension ViewConformance {
    private static let now = EventTime(seconds: 1_000), later = EventTime(seconds: 2_000)

    /// Rows that the topic no longer leads to, positions of two partitions, and a rebuild that has begun.
    private static func begun(_ harness: any ViewStoreHarness) throws -> (store: any ViewStore, rebuild: ViewRebuild) {
        let store = try prepared(harness)
        for number in [0, 3] {
            _ = try store.apply(ViewFixture.change([ViewFixture.row("old \(number)", at: 1)], from: 0, to: 5, partition: number))
        }
        return (store, try store.beginRebuild(of: "usage", at: now))
    }

    private static func fill(_ store: any ViewStore, _ number: Int64, partition: Int, from: Int64 = 0, to end: Int64 = 5) throws {
        let row = ViewFixture.row("new \(partition)", at: 2, ["label": .string("x"), "tags": .map(["a": "b"]), "mean": .double(0.5)])
        try expectEqual(
            try store.apply(ViewFixture.change([row], from: from, to: end, partition: partition, rebuild: number)), .applied,
            "a change of the rebuild")
    }

    fileprivate static func orderedIDs(_ store: any ViewStore) throws -> [[Value]] {
        try store.query(ViewFixture.query(select: ["id"], order: [.init(column: "id", isDescending: false, nullsFirst: false)])).rows
    }

    static let rebuildChecks: [Check] = [
        Check(description: "a view that was never rebuilt has no rebuild, and none to cancel or finish") { harness in
            let store = try prepared(harness)
            try expectEqual(try store.rebuild(of: "usage"), nil, "the rebuild")
            try expect(try !store.cancelRebuild(of: "usage", at: now), "a rebuild was cancelled")
            try expectEqual(try store.finishRebuild(of: "usage", number: 1, at: now), .over, "finishing")
            try expectError("view.unknown") { _ = try store.rebuild(of: "usages") }
            try expectError("view.unknown") { _ = try store.beginRebuild(of: "usages", at: now) }
            try expectError("view.not_rebuilding") { _ = try store.apply(ViewFixture.change(from: 0, to: 1, rebuild: 1)) }
        },
        Check(description: "the old rows serve while the new ones come in, and then the new ones do, with their positions") { harness in
            let (store, rebuild) = try begun(harness)
            try expectEqual(rebuild, ViewRebuild(number: 1, state: .running, startedAt: now), "the rebuild")
            try expectEqual(try store.beginRebuild(of: "usage", at: later), rebuild, "beginning again")
            try fill(store, 1, partition: 0, to: 7)
            try expectEqual(try orderedIDs(store), [[.string("old 0")], [.string("old 3")]], "the rows meanwhile")
            try expectEqual(try store.rowCount(of: "usage"), 2, "their number")
            try expectEqual(try store.finishRebuild(of: "usage", number: 1, at: later), .behind, "finishing with a partition behind")
            try fill(store, 1, partition: 3)
            let positions = [0: 7, 3: 5].reduce(into: [PartitionNumber: ViewPosition]()) {
                $0[PartitionNumber($1.key)] = ViewPosition(next: Offset($1.value), watermark: EventTime(seconds: 0))
            }
            try expectEqual(try store.rebuild(of: "usage")?.positions, positions, "the new table's positions")
            try expectEqual(try store.finishRebuild(of: "usage", number: 1, at: later), .done, "finishing")
            try expectEqual(try orderedIDs(store), [[.string("new 0")], [.string("new 3")]], "the rows")
            let found = try store.query(ViewFixture.query(select: ["label", "tags", "mean"], limit: 1)).rows
            try expectEqual(found, [[.string("x"), .map(["a": "b"]), .double(0.5)]], "their values")
            try expectEqual(try store.positions(of: "usage", log: ViewFixture.log), positions, "positions")
            try expectEqual(
                try store.rebuild(of: "usage"), ViewRebuild(number: 1, state: .done, startedAt: now, endedAt: later), "the rebuild after")
            try expectEqual(try store.finishRebuild(of: "usage", number: 1, at: later), .over, "finishing again")
        },
        Check(description: "a projector of either table that lived on over the end of a rebuild changes nothing") { harness in
            let (store, _) = try begun(harness)
            for partition in [0, 3] { try fill(store, 1, partition: partition, to: 7) }
            _ = try store.finishRebuild(of: "usage", number: 1, at: later)
            let row = [ViewFixture.row("zombie", at: 3)]
            try expectEqual(try store.apply(ViewFixture.change(row, from: 5, to: 9)), .conflict(actual: Offset(7)), "the old table's")
            try expectError("view.not_rebuilding") { _ = try store.apply(ViewFixture.change(row, from: 7, to: 9, rebuild: 1)) }
            _ = try store.beginRebuild(of: "usage", at: later)
            try expectError("view.not_rebuilding") { _ = try store.apply(ViewFixture.change(row, from: 0, to: 9, rebuild: 1)) }
            try expectEqual(try store.finishRebuild(of: "usage", number: 1, at: later), .over, "finishing the one before")
            try expectEqual(try orderedIDs(store), [[.string("new 0")], [.string("new 3")]], "the rows")
        },
        Check(description: "a rebuild does not end while the old table's watermark is ahead, and compares positions with both") { harness in
            let (store, _) = try begun(harness)
            for partition in [0, 3] { try fill(store, 1, partition: partition) }
            _ = try store.apply(ViewFixture.change(from: 5, to: 5, watermark: EventTime(seconds: 9)))
            try expectEqual(try store.finishRebuild(of: "usage", number: 1, at: later), .behind, "with an older watermark")
            let zombie = ViewFixture.change(from: 0, to: 9, rebuild: 1)
            try expectEqual(try store.apply(zombie), .conflict(actual: Offset(5)), "a change from where the new table was")
            _ = try store.apply(ViewFixture.change(from: 5, to: 5, watermark: EventTime(seconds: 9), rebuild: 1))
            try expectEqual(try store.finishRebuild(of: "usage", number: 1, at: later), .done, "with the same watermark")
        },
        Check(description: "a rebuild that is cancelled leaves nothing, and the next begins anew") { harness in
            let (store, _) = try begun(harness)
            try fill(store, 1, partition: 0)
            try expect(try store.cancelRebuild(of: "usage", at: later), "it was not cancelled")
            try expectEqual(
                try store.rebuild(of: "usage"), ViewRebuild(number: 1, state: .cancelled, startedAt: now, endedAt: later), "the rebuild")
            try expectError("view.not_rebuilding") { _ = try store.apply(ViewFixture.change(from: 5, to: 9, rebuild: 1)) }
            try expectEqual(try store.beginRebuild(of: "usage", at: later).number, 2, "the next one's number")
            for partition in [3, 0] { try fill(store, 2, partition: partition) }
            try expectEqual(try store.finishRebuild(of: "usage", number: 2, at: later), .done, "finishing")
            try expectEqual(try orderedIDs(store), [[.string("new 0")], [.string("new 3")]], "the rows")
        },
        Check(description: "a rebuild outlives its process, and expires, deletes and starts over like the view itself") { harness in
            _ = try begun(harness).store
            let store = try prepared(harness)
            try expectEqual(try store.rebuild(of: "usage")?.isRunning, true, "the rebuild after a reopening")
            for partition in [0, 3] { try fill(store, 1, partition: partition) }
            _ = try store.apply(
                ViewFixture.change(
                    [ViewFixture.row("late", at: 1), ViewFixture.row("kept", at: 60)],
                    deletes: [[.string("new 0"), .timestamp(EventTime(seconds: 2))]],
                    expireBefore: EventTime(seconds: 2), from: 5, to: 6, rebuild: 1))
            try expectEqual(try orderedIDs(store), [[.string("old 0")], [.string("old 3")]], "the rows meanwhile")
            _ = try store.finishRebuild(of: "usage", number: 1, at: later)
            try expectEqual(try orderedIDs(store), [[.string("kept")], [.string("new 3")]], "the rows")
            _ = try store.beginRebuild(of: "usage", at: later)
            try fill(store, 2, partition: 0)
            let starts = [PartitionNumber(0): Offset(6), PartitionNumber(3): Offset(5)]
            _ = try store.apply(ViewFixture.change([ViewFixture.row("over", at: 3)], from: 5, to: 6, startsOver: starts, rebuild: 2))
            _ = try store.apply(ViewFixture.change(from: 5, to: 5, partition: 3, rebuild: 2))
            try expectEqual(try store.finishRebuild(of: "usage", number: 2, at: later), .done, "finishing")
            try expectEqual(try orderedIDs(store), [[.string("over")]], "the rows after it started over")
        },
        Check(description: "a new column is in the table that a running rebuild fills") { harness in
            _ = try begun(harness).store
            let store = try harness.open()
            let wider = RowType(ViewFixture.type.columns + [.init("later", .int, isNullable: true)])
            let view = ViewFixture.definition(type: wider)
            try store.prepare(view)
            for partition in [0, 3] {
                let row = ViewFixture.row("new \(partition)", at: 2, ["later": .int(7)])
                let change = ViewFixture.change([row], from: 0, to: 5, partition: partition, type: wider, rebuild: 1)
                try expectEqual(try store.apply(change), .applied, "a change with the column")
            }
            try expectEqual(try store.finishRebuild(of: "usage", number: 1, at: later), .done, "finishing")
            try expectEqual(try store.query(ViewFixture.query(view, select: ["later"])).rows, [[.int(7)], [.int(7)]], "the column")
        },
    ]
}
