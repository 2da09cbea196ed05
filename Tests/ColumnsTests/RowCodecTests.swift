import Base
import Columns
import Testing

/// Rows as bytes and back, and what comes of bytes that are none.
@Suite struct RowCodecTests {
    private func encode(_ columns: [Column], _ layout: RowLayout, rows: Int) -> [[UInt8]] {
        let encoder = RowEncoder(layout)
        encoder.begin(columns)
        defer { encoder.end() }
        return (0..<rows).map { row in
            let arena = ByteArena()
            encoder.encode(row: row, into: arena)
            return Array(arena.bytes)
        }
    }

    private func isSame(_ a: Value, _ b: Value) -> Bool {
        if case .double(let x) = a, case .double(let y) = b { return x.bitPattern == y.bitPattern }
        return a == b
    }

    @Test(arguments: UInt64(1)...20)
    func `random rows come back bit by bit, and columns that do not travel are null`(seed: UInt64) {
        var generator = RowGenerator(random: SeededRandom(seed: seed))
        let type = generator.schema().rowType
        let columns = generator.columns(type, rows: 40)
        let travelling = type.columns.indices.filter { $0 == 0 || generator.random.below(4) > 0 }
        let layout = RowLayout(columns: travelling, of: type)
        let decoder = RowDecoder(layout)
        for _ in 0..<2 {
            decoder.begin(capacity: 40)
            for bytes in encode(columns, layout, rows: 40) { #expect(bytes.withUnsafeBytes { decoder.append($0) }) }
            let decoded = decoder.finish()
            for index in type.columns.indices {
                for row in 0..<40 {
                    let expected = travelling.contains(index) ? columns[index].value(at: row) : .null
                    #expect(isSame(decoded[index].value(at: row), expected))
                }
            }
        }
    }

    @Test(arguments: UInt64(1)...20)
    func `damaged rows are refused or read, and leave the rows around them as they are`(seed: UInt64) {
        var generator = RowGenerator(random: SeededRandom(seed: seed))
        let type = generator.schema().rowType
        let layout = RowLayout(columns: Array(type.columns.indices), of: type)
        let columns = generator.columns(type, rows: 20)
        let decoder = RowDecoder(layout)
        let rows = encode(columns, layout, rows: 20)
        decoder.begin(capacity: 20 * 12)
        var kept: [(at: Int, row: Int)] = []
        for (row, bytes) in rows.enumerated() {
            #expect(bytes.withUnsafeBytes { decoder.append($0) })
            kept.append((decoder.count - 1, row))
            for _ in 0..<8 {
                var damaged = bytes
                switch generator.random.below(3) {
                case 0: damaged = Array(damaged.prefix(generator.random.below(damaged.count + 1)))
                case 1: damaged.append(UInt8(generator.random.below(256)))
                default: if !damaged.isEmpty { damaged[generator.random.below(damaged.count)] ^= 1 << UInt8(generator.random.below(8)) }
                }
                _ = damaged.withUnsafeBytes { decoder.append($0) }
            }
        }
        let decoded = decoder.finish()
        for (at, row) in kept {
            for index in type.columns.indices { #expect(isSame(decoded[index].value(at: at), columns[index].value(at: row))) }
        }
        // Whatever was let in can be looked at.
        for column in decoded { for row in 0..<column.count { _ = column.value(at: row) } }
        let json = JSONRowEncoder(type: type), out = ByteArena()
        json.begin(decoded)
        for row in 0..<decoded[0].count { json.encode(row: row, into: out) }
        json.end()
    }

    @Test func `texts that are not UTF-8 and maps that are not canonical are refused`() {
        func takes(_ type: ValueType, _ bytes: [UInt8]) -> Bool {
            let decoder = RowDecoder(RowLayout(columns: [0], of: RowType([.init("x", type)])))
            decoder.begin(capacity: 1)
            let length = withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { Array($0) }
            return (length + bytes).withUnsafeBytes { decoder.append($0) }
        }
        func map(_ entries: (String, String)...) -> [UInt8] {
            entries.flatMap { key, value in
                [key, value].flatMap { text in withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { Array($0) } }
                    + Array(key.utf8) + Array(value.utf8)
            }
        }
        #expect(takes(.string, Array("añ".utf8)) && !takes(.string, [0x61, 0xFF]) && !takes(.string, [0xC3]) && takes(.bytes, [0xFF]))
        #expect(takes(.map, []) && takes(.map, map(("a", "1"), ("b", "2"))))
        #expect(!takes(.map, map(("b", "1"), ("a", "2"))) && !takes(.map, map(("a", "1"), ("a", "2"))))
        #expect(!takes(.map, map(("a", "1")) + [1]) && !takes(.map, Array(map(("a", "1")).dropLast())))
    }

    @Test func `other columns, types and nulls have another fingerprint`() {
        let types = [
            RowType([.init("a", .int), .init("b", .string)]), RowType([.init("a", .int), .init("c", .string)]),
            RowType([.init("a", .double), .init("b", .string)]), RowType([.init("a", .int, isNullable: true), .init("b", .string)]),
        ]
        let layouts = types.map { RowLayout(columns: [0, 1], of: $0) } + [RowLayout(columns: [0], of: types[0])]
        #expect(Set(layouts.map(\.fingerprint)).count == 5)
        // Stands in topics: it never changes.
        #expect(layouts[0].fingerprint == RowLayout(columns: [0, 1], of: types[0]).fingerprint)
    }
}
