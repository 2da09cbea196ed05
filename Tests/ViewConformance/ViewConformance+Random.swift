import Base
import Columns
import Stores

extension ViewConformance {
    static let randomChecks: [Check] = (1...6).map { seed in
        Check(description: "random changes and queries agree with a dictionary (seed \(seed))") { harness in
            try RandomRun(seed: UInt64(seed), harness).run()
        }
    }
}

/// Random upserts, deletes, expiries, reopenings and queries, each compared with the model.
private struct RandomRun {
    private var random: SeededRandom
    private let harness: any ViewStoreHarness
    private let view = ViewFixture.definition()
    private var model = ViewModel(ViewFixture.definition())
    private let texts: [String]

    init(seed: UInt64, _ harness: any ViewStoreHarness) {
        random = SeededRandom(seed: seed)
        self.harness = harness
        texts = ViewConformance.awkwardTexts + (harness.holdsNUL ? ["\0", "a\0"] : [])
    }

    consuming func run() throws {
        var store = try ViewConformance.prepared(harness, view)
        for step in 0..<60 {
            if random.below(15) == 0 { store = try ViewConformance.prepared(harness, view) }
            try apply(to: store)
            for _ in 0..<8 { try ViewConformance.expectRows(store, query(), model, "step \(step)") }
            let positions = try store.positions(of: view.name, log: ViewFixture.log)
            try ViewConformance.expectEqual(positions, model.positions, "positions at step \(step)")
            try ViewConformance.expectEqual(try store.rowCount(of: view.name), model.rows.count, "rows at step \(step)")
        }
    }

    private mutating func apply(to store: any ViewStore) throws {
        let partition = random.below(3)
        let from = model.positions[PartitionNumber(partition)]?.next ?? .zero
        let position = ViewPosition(next: from + random.below(5), watermark: EventTime(seconds: Int64(random.below(1_000))))
        var byKey: [[UInt8]: (FixtureRow, EventTime)] = [:]
        for _ in 0..<random.below(30) {
            let row = row()
            byKey[model.key([row["id"] ?? .null, row["window_start"] ?? .null])] = (row, EventTime(seconds: Int64(random.below(50))))
        }
        let upserts = byKey.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        let deletes = (0..<random.below(6)).map { _ in [value(.string), value(.timestamp)] }
        let expireBefore = random.below(3) == 0 ? EventTime(seconds: Int64(random.below(20))) : nil
        let change = ViewFixture.change(
            upserts.map(\.0), deletes: deletes, expireBefore: expireBefore, from: from.number, to: position.next.number,
            partition: partition, watermark: position.watermark, eventTimes: upserts.map(\.1))
        try ViewConformance.expectEqual(try store.apply(change), .applied, "the change")
        model.apply(upserts, deletes: deletes, expireBefore: expireBefore, partition: partition, position: position)
    }

    private mutating func row() -> FixtureRow {
        var row: FixtureRow = [:]
        for index in view.type.columns.indices {
            let column = view.type.columns[index]
            let isNull = view.type.isNullable(at: index) && random.below(4) == 0
            row[column.flatName] = isNull ? .null : value(column.type)
        }
        if row["machine"] == .bool(false) {
            row["machine_sku"] = .null
            row["machine_cores"] = .null
        }
        return row
    }

    /// From small ranges, so that values meet each other.
    private mutating func value(_ type: ValueType) -> Value {
        switch type {
        case .bool, .record: .bool(random.below(2) == 0)
        case .int: .int([Int64.min, -1, 0, 1, 2, .max][random.below(6)])
        case .double: .double([-Double.infinity, -2.5, 0, 0.1, 1, 1e300][random.below(6)])
        case .string: .string(texts[random.below(texts.count)])
        case .bytes: .bytes((0..<random.below(3)).map { _ in UInt8([0, 39, 255][random.below(3)]) })
        case .timestamp: .timestamp(EventTime(microseconds: Int64(random.below(4))))
        case .duration: .duration(TimeSpan(microseconds: Int64(random.below(4) - 2)))
        case .map: .map(Dictionary((0..<random.below(3)).map { _ in (texts[random.below(texts.count)], "v") }) { $1 })
        }
    }

    private mutating func query() -> ViewQuery {
        let names = view.type.columns.map(\.flatName)
        let order = (0..<random.below(3)).map { _ in
            ViewQuery.Order(
                column: names.filter { $0 != "tags" }[random.below(names.count - 1)], isDescending: random.below(2) == 0,
                nullsFirst: random.below(2) == 0)
        }
        let select = random.below(2) == 0 ? names : [names[random.below(names.count)], names[random.below(names.count)]]
        return ViewFixture.query(
            view, select: select, filter: filter(depth: 3), order: order, limit: random.below(40),
            offset: random.below(4) * random.below(10))
    }

    private mutating func filter(depth: Int) -> ViewQuery.Filter {
        let column = view.type.columns[random.below(view.type.columns.count)]
        switch random.below(depth == 0 ? 4 : 8) {
        case 0: return .isNull(column: column.flatName)
        case 1: return .isOneOf(column: column.flatName, (0..<random.below(4)).map { _ in value(column.type) })
        case 2, 3:
            // Maps have no order that all stores share.
            let comparisons = column.type == .map ? [.equal, .notEqual] : ViewQuery.Filter.Comparison.allCases
            return .compare(column: column.flatName, comparisons[random.below(comparisons.count)], value(column.type))
        case 4, 5: return .not(filter(depth: depth - 1))
        case 6: return .all((0..<random.below(4)).map { _ in filter(depth: depth - 1) })
        default: return .any((0..<random.below(4)).map { _ in filter(depth: depth - 1) })
        }
    }
}
