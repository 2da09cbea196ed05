package import Base
package import Columns
package import Stores

/// What a view store must do, as plainly as it can be said: a dictionary of rows, scanned and sorted for each query.
package struct ViewModel {
    package struct Entry {
        package var row: FixtureRow
        package var eventTime: EventTime
    }

    package let definition: ViewDefinition
    package private(set) var rows: [Data: Entry] = [:]
    package private(set) var positions: [PartitionNumber: ViewPosition] = [:]

    /// Key bytes, so that strings compare as bytes do and not as Swift's characters do.
    package typealias Data = [UInt8]

    package init(_ definition: ViewDefinition) { self.definition = definition }

    package mutating func apply(
        _ upserts: [(FixtureRow, EventTime)], deletes: [[Value]], expireBefore: EventTime?, partition: Int, position: ViewPosition
    ) {
        for (row, time) in upserts { rows[key(definition.key.map { row[$0] ?? .null })] = Entry(row: row, eventTime: time) }
        for delete in deletes { rows[key(delete)] = nil }
        if let expireBefore { rows = rows.filter { $0.value.eventTime >= expireBefore } }
        positions[PartitionNumber(partition)] = position
    }

    func key(_ values: [Value]) -> Data { values.flatMap(Canonical.bytes) }
}

/// Values compared and printed without Swift's ideas of equal strings.
package enum Canonical {
    static func bytes(_ value: Value) -> [UInt8] {
        func framed(_ tag: String, _ content: [UInt8]) -> [UInt8] { Array("\(tag)\(content.count):".utf8) + content }
        switch value {
        case .null: return framed("n", [])
        case .bool(let flag): return framed("b", [flag ? 1 : 0])
        case .int(let number): return framed("i", Array("\(number)".utf8))
        case .double(let number): return framed("d", Array("\(number)".utf8))
        case .string(let text): return framed("s", Array(text.utf8))
        case .bytes(let bytes): return framed("x", bytes)
        case .timestamp(let time): return framed("t", Array("\(time.microseconds)".utf8))
        case .duration(let span): return framed("p", Array("\(span.microseconds)".utf8))
        case .map(let map):
            let arena = ByteArena()
            StringMap.write(map, to: arena)
            return framed("m", Array(arena.bytes))
        }
    }

    /// Below, at or above zero; both of one type and not null.
    static func compare(_ a: Value, _ b: Value) -> Int {
        func order<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : a == b ? 0 : 1 }
        func order(_ a: [UInt8], _ b: [UInt8]) -> Int { a.lexicographicallyPrecedes(b) ? -1 : a == b ? 0 : 1 }
        switch (a, b) {
        case (.bool(let x), .bool(let y)): return order(x ? 1 : 0, y ? 1 : 0)
        case (.int(let x), .int(let y)): return order(x, y)
        case (.double(let x), .double(let y)): return order(x, y)
        case (.string(let x), .string(let y)): return order(Array(x.utf8), Array(y.utf8))
        case (.bytes(let x), .bytes(let y)): return order(x, y)
        case (.timestamp(let x), .timestamp(let y)): return order(x, y)
        case (.duration(let x), .duration(let y)): return order(x, y)
        default: return order(bytes(a), bytes(b))
        }
    }

    package static func same(_ a: [[Value]], _ b: [[Value]]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { zip($0, $1).allSatisfy { bytes($0) == bytes($1) } && $0.count == $1.count }
    }
}
