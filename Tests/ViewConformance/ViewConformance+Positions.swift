import Base
import Columns
import Stores

extension ViewConformance {
    static let positionChecks: [Check] = [
        Check(description: "a view that was never projected has no positions and no rows") { harness in
            let store = try prepared(harness)
            try expectEqual(try store.positions(of: "usage", log: ViewFixture.log), [:], "positions")
            let answer = try store.query(ViewFixture.query())
            try expect(answer.rows.isEmpty && answer.positions.isEmpty, "rows without a change")
        },
        Check(description: "rows and position move together, and partitions apart") { harness in
            let store = try prepared(harness)
            let first = ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 5, watermark: EventTime(seconds: 9))
            try expectEqual(try store.apply(first), .applied, "the first change")
            try expectEqual(
                try store.apply(ViewFixture.change([ViewFixture.row("b", at: 1)], from: 0, to: 7, partition: 3)), .applied, "partition 3")
            let expected: [PartitionNumber: ViewPosition] = [
                PartitionNumber(0): ViewPosition(next: Offset(5), watermark: EventTime(seconds: 9)),
                PartitionNumber(3): ViewPosition(next: Offset(7), watermark: EventTime(seconds: 0)),
            ]
            try expectEqual(try store.positions(of: "usage", log: ViewFixture.log), expected, "positions")
            let answer = try store.query(ViewFixture.query())
            try expectEqual(answer.positions, expected, "the answer's positions")
            try expectEqual(answer.rows.count, 2, "rows")
        },
        Check(description: "a change that does not start where the view stands is a conflict and changes nothing") { harness in
            let store = try prepared(harness)
            let row = [ViewFixture.row("a", at: 100)]
            try expectEqual(try store.apply(ViewFixture.change(row, from: 4, to: 9)), .conflict(actual: .zero), "a start past the beginning")
            _ = try store.apply(ViewFixture.change(row, from: 0, to: 5))
            let zombie = ViewFixture.change(
                [ViewFixture.row("z", at: 100)], deletes: [[.string("a"), .timestamp(EventTime(seconds: 100))]],
                expireBefore: .latest, from: 0, to: 9)
            try expectEqual(try store.apply(zombie), .conflict(actual: Offset(5)), "a zombie's change")
            try expectEqual(try store.apply(ViewFixture.change(row, from: 6, to: 9)), .conflict(actual: Offset(5)), "a change ahead")
            let ids = try store.query(ViewFixture.query(select: ["id"])).rows
            try expectEqual(ids, [[.string("a")]], "the rows after conflicts")
            try expectEqual(try store.positions(of: "usage", log: ViewFixture.log)[PartitionNumber(0)]?.next, Offset(5), "the position")
        },
        Check(description: "a change that is repeated answers conflict with its own end") { harness in
            let store = try prepared(harness)
            let change = ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 5)
            _ = try store.apply(change)
            try expectEqual(try store.apply(change), .conflict(actual: Offset(5)), "the repeat")
        },
        Check(description: "a change without rows moves the position") { harness in
            let store = try prepared(harness)
            _ = try store.apply(ViewFixture.change(from: 0, to: 5, watermark: EventTime(seconds: 1)))
            _ = try store.apply(ViewFixture.change(from: 5, to: 5, watermark: EventTime(seconds: 2)))
            try expectEqual(
                try store.positions(of: "usage", log: ViewFixture.log),
                [PartitionNumber(0): ViewPosition(next: Offset(5), watermark: EventTime(seconds: 2))], "positions")
        },
        Check(description: "a view that starts over loses the rows of all partitions, and each stands where it is told to") { harness in
            let store = try prepared(harness)
            for number in [0, 3] {
                _ = try store.apply(
                    ViewFixture.change(
                        [ViewFixture.row("of \(number)", at: 1)], from: 0, to: 5, partition: number, watermark: EventTime(seconds: 9)))
            }
            let starts = [0: 7, 3: 6, 4: 2].reduce(into: [PartitionNumber: Offset]()) { $0[PartitionNumber($1.key)] = Offset($1.value) }
            let change = ViewFixture.change(
                [ViewFixture.row("new", at: 2)], from: 5, to: 9, watermark: .earliest, startsOver: starts)
            try expectEqual(try store.apply(change), .applied, "the change")
            let expected = [0: 9, 3: 6, 4: 2].reduce(into: [PartitionNumber: ViewPosition]()) {
                $0[PartitionNumber($1.key)] = ViewPosition(next: Offset($1.value), watermark: .earliest)
            }
            try expectEqual(try store.positions(of: "usage", log: ViewFixture.log), expected, "positions")
            try expectEqual(try store.query(ViewFixture.query(select: ["id"])).rows, [[.string("new")]], "rows")
            try expectEqual(try store.apply(change), .conflict(actual: Offset(9)), "the repeat")
        },
        Check(description: "a view that another log filled is refused, naming both logs") { harness in
            let store = try prepared(harness)
            _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 5))
            let other = LogID("another-log")
            try expectError("view.other_log", naming: ["another-log", "log-of-the-suite"]) {
                _ = try store.positions(of: "usage", log: other)
            }
            try expectError("view.other_log") { _ = try store.apply(ViewFixture.change(from: 5, to: 6, log: other)) }
            try expectError("view.other_log") { _ = try store.apply(ViewFixture.change(from: 0, to: 6, log: other)) }
            try expectEqual(try store.query(ViewFixture.query()).rows.count, 1, "rows")
        },
        Check(description: "what was applied is there after a reopening without a close") { harness in
            do {
                let store = try prepared(harness)
                _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 1), ViewFixture.row("b", at: 2)], from: 0, to: 5))
            }
            let store = try prepared(harness)
            try expectEqual(try store.positions(of: "usage", log: ViewFixture.log)[PartitionNumber(0)]?.next, Offset(5), "the position")
            try expectEqual(try store.query(ViewFixture.query()).rows.count, 2, "rows")
        },
        Check(description: "a view that was not prepared is unknown, and the nearest name is said") { harness in
            let store = try prepared(harness)
            try expectError("view.unknown", naming: ["usag", "Did you mean 'usage'"]) {
                _ = try store.query(ViewFixture.query(ViewFixture.definition("usag")))
            }
            try expectError("view.unknown") { _ = try store.apply(ViewFixture.change(from: 0, to: 1, view: "usages")) }
        },
    ]

    static func prepared(_ harness: any ViewStoreHarness, _ view: ViewDefinition = ViewFixture.definition()) throws -> any ViewStore {
        let store = try harness.open()
        try store.prepare(view)
        return store
    }
}
