import Base
import Columns
import Stores

extension ViewConformance {
    static let pageChecks: [Check] = (1...4).map { seed in
        Check(description: "pages lose and repeat no row while others come and go (seed \(seed))") { harness in
            try PageRun(seed: UInt64(seed), harness).run()
        }
    }
}

/// Reads pages while rows come and go between them. Those that were there from the first page to the last come once
/// each, those that came or went at most once, and all of them in order.
private struct PageRun {
    private var random: SeededRandom
    private let harness: any ViewStoreHarness

    init(seed: UInt64, _ harness: any ViewStoreHarness) {
        random = SeededRandom(seed: seed)
        self.harness = harness
    }

    consuming func run() throws {
        for round in 0..<8 {
            let store = try ViewConformance.prepared(harness)
            let position = try store.positions(of: "usage", log: ViewFixture.log)[PartitionNumber(0)]?.next.number ?? 0
            try read(store, from: position, round: round)
        }
    }

    private mutating func read(_ store: any ViewStore, from start: Int64, round: Int) throws {
        var position = start
        func apply(_ rows: [FixtureRow], deletes: [[Value]]) throws {
            let change = ViewFixture.change(rows, deletes: deletes, from: position, to: position + 1)
            try ViewConformance.expectEqual(try store.apply(change), .applied, "the change")
            position += 1
        }
        let staying = Set((0..<60).map { "stays-\(round)-\($0)" })
        try apply(staying.sorted().map { row($0) } + (0..<30).map { row("goes-\(round)-\($0)") }, deletes: [])
        let order = ["count", "label", "flag"].prefix(random.below(4)).map {
            ViewQuery.Order(column: $0, isDescending: random.below(2) == 0, nullsFirst: random.below(2) == 0)
        }
        var (query, place) = ViewFixture.query(select: ["id"], order: order, limit: 1 + random.below(9)).withPlace()
        var found: [String] = []
        while true {
            let page = try store.query(query).rows
            for row in page { if case .string(let id) = row[0] { found.append(id) } }
            guard page.count == query.limit, let last = page.last else { break }
            query.after = place.values(of: last)
            // The row that the next page goes on behind may be gone by then.
            let going = (0..<3).map { _ in [Value.string("goes-\(round)-\(random.below(30))"), .timestamp(EventTime(seconds: 1))] }
            // Not for ever: where more rows come than a page has, the pages would not end.
            let coming = found.count < 80 ? random.below(4) : 0
            try apply((0..<coming).map { row("comes-\(round)-\(found.count)-\($0)") }, deletes: going)
        }
        try ViewConformance.expectEqual(Set(found).count, found.count, "rows that came twice, order \(order)")
        let missing = staying.subtracting(found)
        try ViewConformance.expect(missing.isEmpty, "rows that were passed over: \(missing.sorted()), order \(order)")
    }

    private mutating func row(_ id: String) -> FixtureRow {
        var rest: FixtureRow = [:]
        if random.below(3) > 0 { rest["count"] = .int(Int64(random.below(4))) }
        if random.below(3) > 0 { rest["label"] = .string(["a", "b", ""][random.below(3)]) }
        if random.below(3) > 0 { rest["flag"] = .bool(random.below(2) == 0) }
        return ViewFixture.row(id, at: 1, rest)
    }
}
