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
    private let patternPieces = ["%", "%", "_", "a", "A", "é", "É", "\\%", "\\_", "\\", "''", "日", "0", "🐎", "nu"]

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
            try readPages(of: query(), from: store)
            let positions = try store.positions(of: view.name, log: ViewFixture.log)
            try ViewConformance.expectEqual(positions, model.positions, "positions at step \(step)")
            try ViewConformance.expectEqual(try store.rowCount(of: view.name), model.rows.count, "rows at step \(step)")
        }
    }

    /// Pages one after another are the whole answer.
    private mutating func readPages(of query: ViewQuery, from store: any ViewStore) throws {
        var (query, place) = query.withPlace()
        let size = 1 + random.below(12)
        query.limit = .max
        query.offset = 0
        let expected = try model.answer(query)
        var rows: [[Value]] = []
        query.limit = size
        while true {
            let page = try store.query(query).rows
            rows += page
            guard page.count == size, let last = page.last else { break }
            query.after = place.values(of: last)
            // A page of the model too, where it goes on: the places are the same ones.
            if random.below(4) == 0 { try ViewConformance.expectRows(store, query, model, "a page") }
        }
        try ViewConformance.expect(
            Canonical.same(rows, expected), "pages of \(size) rows gave \(rows.count) of \(expected.count); \(query)")
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
        // Small ones, whose sums are no error.
        if row["machine_cores"] != .null { row["machine_cores"] = .int(Int64(random.below(5) - 2)) }
        if row["machine"] == .bool(false) {
            row["machine_sku"] = .null
            row["machine_cores"] = .null
        }
        return row
    }

    /// From small ranges, so that values meet each other; doubles whose sums are the same in any order.
    private mutating func value(_ type: ValueType) -> Value {
        switch type {
        case .bool, .record: .bool(random.below(2) == 0)
        case .int: .int([Int64.min, -1, 0, 1, 2, .max][random.below(6)])
        case .double: .double([-Double.infinity, -2.5, 0, 0.125, 1, 1e300, .infinity][random.below(7)])
        case .string: .string(texts[random.below(texts.count)])
        case .bytes: .bytes((0..<random.below(3)).map { _ in UInt8([0, 39, 255][random.below(3)]) })
        case .timestamp: .timestamp(EventTime(microseconds: Int64(random.below(4))))
        case .duration: .duration(TimeSpan(microseconds: Int64(random.below(4) - 2)))
        case .map: .map(Dictionary((0..<random.below(3)).map { _ in (texts[random.below(texts.count)], "v") }) { $1 })
        }
    }

    private mutating func query() -> ViewQuery {
        let names = view.type.columns.map(\.flatName)
        var query = ViewFixture.query(
            view, select: random.below(2) == 0 ? names : [names[random.below(names.count)], names[random.below(names.count)]],
            filter: filter(depth: 3), limit: random.below(40), offset: random.below(4) * random.below(10))
        if random.below(3) == 0 { query.select = groupedOutputs() }
        let ordered = (query.isAggregated ? query.select.map(\.name) : names).filter { query.orderedColumn($0)?.type != .map }
        query.order = (0..<random.below(3)).map { _ in
            ViewQuery.Order(
                column: ordered[random.below(ordered.count)], isDescending: random.below(2) == 0, nullsFirst: random.below(2) == 0)
        }
        return query
    }

    /// Up to two columns to group by, and one to three aggregates. Their names are those of columns, but of other ones.
    private mutating func groupedOutputs() -> [ViewQuery.Output] {
        let columns = view.type.columns
        var outputs: [ViewQuery.Output] = []
        let groupCount = random.below(3), aggregateCount = 1 + random.below(3)
        while outputs.count < groupCount + aggregateCount {
            let column = columns[random.below(columns.count)], name = columns[outputs.count + 2].flatName
            if outputs.count < groupCount {
                if column.type != .map { outputs.append(.init(name, source: column.flatName)) }
                continue
            }
            let aggregate = ViewQuery.Aggregate.allCases[random.below(ViewQuery.Aggregate.allCases.count)]
            // Sums of `count`, which has the greatest numbers there are, have a check of their own: whether a store makes
            // a group that no page shows is its own affair.
            guard aggregate.type(of: column.type) != nil, aggregate != .sum || column.flatName != "count" else { continue }
            outputs.append(.init(name, source: aggregate == .count && random.below(2) == 0 ? nil : column.flatName, aggregate: aggregate))
        }
        return outputs
    }

    private mutating func filter(depth: Int) -> ViewQuery.Filter {
        let column = view.type.columns[random.below(view.type.columns.count)]
        switch random.below(depth == 0 ? 5 : 9) {
        case 0: return .isNull(column: column.flatName)
        case 1: return .isOneOf(column: column.flatName, (0..<random.below(4)).map { _ in value(column.type) })
        case 2, 3:
            // Maps have no order that all stores share.
            let comparisons = column.type == .map ? [.equal, .notEqual] : ViewQuery.Filter.Comparison.allCases
            return .compare(column: column.flatName, comparisons[random.below(comparisons.count)], value(column.type))
        case 4:
            let text = (0..<random.below(4)).map { _ in patternPieces[random.below(patternPieces.count)] }.joined()
            let pattern = ViewQuery.Pattern(text, ignoresCase: random.below(2) == 0)
            return pattern.map { .matches(column: random.below(2) == 0 ? "label" : "id", $0) } ?? .any([])
        case 5, 6: return .not(filter(depth: depth - 1))
        case 7: return .all((0..<random.below(4)).map { _ in filter(depth: depth - 1) })
        default: return .any((0..<random.below(4)).map { _ in filter(depth: depth - 1) })
        }
    }
}
