import Base
import Columns
import PostgresViews
import Stores

/// How fast PostgreSQL takes a view's rows: changes as large as the projector's, half of each new rows and half updates of the
/// rows of the change before, 12 columns; beside them a plain COPY of the same rows.
struct UpsertBench {
    private static let rowsPerChange = 8_192
    private static let machines: Int64 = 10_000
    private static let columns: [RowType.Column] = [
        .init("id", .string), .init("window_start", .timestamp),
    ] + (1...6).map { .init("value_\($0)", .double) } + [
        .init("samples", .int), .init("sequence", .int), .init("team", .string), .init("seen", .timestamp),
    ]

    let views: PostgresViews
    let seconds: Double
    private let log = LogID("bench")

    /// Rows a second, and what of the time this process was on a processor.
    struct Rate {
        var rowsPerSecond: Double
        var processorShare: Double
    }

    func run(progress: (String) -> Void) throws -> PostgresBenchReport {
        progress("plain COPY, the reference")
        let reference = try measureReference()
        progress("upserts into one table")
        let whole = try measure("bench_whole", keep: nil)
        progress("upserts into partitions")
        let partitioned = try measure("bench_partitioned", keep: .days(30))
        return PostgresBenchReport(
            place: views.place, columns: Self.columns.count, rowsPerChange: Self.rowsPerChange, copiesPerSecond: reference.rowsPerSecond,
            upsertsPerSecond: whole.rowsPerSecond, upsertsPerSecondPartitioned: partitioned.rowsPerSecond,
            processorShare: whole.processorShare)
    }

    private func definition(_ name: String, keep: TimeSpan?) -> ViewDefinition {
        ViewDefinition(
            name: name, topology: "bench", type: RowType(Self.columns), key: ["id", "window_start"], keep: keep, path: nil,
            description: "Made by pioneer bench.")
    }

    /// The change's rows: new ones from `first` on, and as many of those before them.
    private static func batch(_ number: Int) -> Batch {
        let half = Int64(rowsPerChange / 2), first = Int64(number) * half
        let columns = columns.map {
            Column($0.type, capacity: rowsPerChange, arena: $0.type == .string ? ByteArena(capacity: rowsPerChange * 16) : nil)
        }
        for place in 0..<Int64(rowsPerChange) {
            // New and old in turn, as they come from windows that are amended.
            let row = place % 2 == 0 ? first + place / 2 : max(0, first - 1 - place / 2)
            let isAgain = number == 0 && place % 2 == 1
            let key = isAgain ? -1 - place : row
            let window = EventTime(seconds: 1_767_571_200 + key / machines * 300)
            columns[0].append(.string("machine-\(key % machines)"))
            columns[1].append(.timestamp(window))
            for value in 2..<8 { columns[value].append(.double(Double(row &* 31 % 1_000) * 0.37 + Double(number))) }
            columns[8].append(.int(row))
            columns[9].append(.int(Int64(number)))
            columns[10].append(.string("team-\(row % 50)"))
            columns[11].append(.timestamp(window + .seconds(Int64(number % 300))))
        }
        let times = columns[1]
        return Batch(
            type: RowType(Self.columns), count: rowsPerChange, columns: columns, eventTimes: times, watermarks: times, origins: nil)
    }

    private func measure(_ name: String, keep: TimeSpan?) throws -> Rate {
        let view = definition(name, keep: keep)
        try views.drop(name)
        try views.prepare(view)
        defer { _ = try? views.drop(name) }
        return try measure { number, batch in
            let change = ViewChange(
                view: name, partition: PartitionNumber(0), log: log, expected: Offset(Int64(number)),
                position: ViewPosition(next: Offset(Int64(number) + 1), watermark: .earliest), upserts: batch, deletes: [],
                expireBefore: nil)
            _ = try views.apply(change)
        }
    }

    private func measureReference() throws -> Rate {
        var rate = Rate(rowsPerSecond: 0, processorShare: 0)
        try views.measuringPlainCopy(of: definition("bench_plain", keep: nil)) { copy in
            rate = try measure { _, batch in try copy(batch) }
        }
        return rate
    }

    /// Makes rows outside the time that counts; a third of the time is warm-up.
    private func measure(_ body: (Int, Batch) throws -> Void) throws -> Rate {
        var number = 0, rows = 0, nanoseconds: UInt64 = 0, processor: UInt64 = 0, warmup: UInt64 = 0
        while Double(nanoseconds) < seconds * 1e9 {
            try Task.checkCancellation()
            let batch = Self.batch(number)
            let watch = Stopwatch(), before = Stopwatch.processCPUNanoseconds()
            try body(number, batch)
            number += 1
            guard Double(warmup) >= seconds * 0.5e9 else {
                warmup += watch.elapsedNanoseconds
                continue
            }
            nanoseconds += watch.elapsedNanoseconds
            processor += Stopwatch.processCPUNanoseconds() - before
            rows += batch.count
        }
        let spent = Double(nanoseconds) / 1e9
        return Rate(rowsPerSecond: Double(rows) / spent, processorShare: Double(processor) / 1e9 / spent)
    }
}

/// What `pioneer bench --postgres` measured. Rates are per second.
struct PostgresBenchReport: Codable {
    var place: String
    var columns: Int
    var rowsPerChange: Int
    /// The same rows copied into a table without an index: the reference.
    var copiesPerSecond: Double
    /// Half of them new rows, half updates.
    var upsertsPerSecond: Double
    /// The same where the table is partitioned by time.
    var upsertsPerSecondPartitioned: Double
    /// How much of the time this process was on a processor while it upserted.
    var processorShare: Double

    enum CodingKeys: String, CodingKey {
        case place, columns
        case rowsPerChange = "rows_per_change"
        case copiesPerSecond = "copies_per_s"
        case upsertsPerSecond = "upserts_per_s"
        case upsertsPerSecondPartitioned = "upserts_per_s_partitioned"
        case processorShare = "processor_share"
    }

    /// A table that fits 80 columns.
    var lines: [String] {
        func row(_ name: String, _ rate: Double, _ note: String) -> String {
            let value = Figures.count(Int(rate)) + " /s"
            return name.padding(26) + String(repeating: " ", count: max(0, 14 - value.count)) + value + "  " + note
        }
        func ratio(_ rate: Double) -> String { Figures.fixed(rate / copiesPerSecond, digits: 2) + " of it" }
        return [
            "\(place): rows of \(columns) columns, \(Figures.count(rowsPerChange)) a change, half of them updates",
            row("copies_per_s", copiesPerSecond, "no index, no key: the reference"),
            row("upserts_per_s", upsertsPerSecond, ratio(upsertsPerSecond)),
            row("upserts_per_s_partitioned", upsertsPerSecondPartitioned, ratio(upsertsPerSecondPartitioned)),
            "this process was on a processor for \(Int((processorShare * 100).rounded())) % of the time",
        ]
    }
}
