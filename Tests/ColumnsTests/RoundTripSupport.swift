import Base
import Columns

/// Random schemas and rows, for properties that hold for all of them.
struct RowGenerator {
    var random: SeededRandom

    mutating func schema(depth: Int = 0, name: String = "s") -> Schema {
        Schema(
            name: name,
            fields: (0..<(1 + random.below(6))).map { i in
                let isNullable = random.below(3) == 0
                let fieldName = ["a", "b_\(i)", "longer_field_name_\(i)", "x"][i % 4] + "\(i)"
                if depth < 3, random.below(4) == 0 {
                    return .init(fieldName, .record(schema(depth: depth + 1, name: "\(name)_\(fieldName)")), isNullable: isNullable)
                }
                let types: [AvroType] = [.boolean, .long, .double, .string, .bytes, .map, .timestampMicros, .duration]
                return .init(fieldName, types[random.below(types.count)], isNullable: isNullable)
            })
    }

    /// A batch's columns, nulls and absent records as a `RowType` has them.
    mutating func columns(_ type: RowType, rows: Int) -> [Column] {
        let arena = ByteArena()
        let columns = type.columns.indices.map { index in
            let column = type.columns[index].type
            return Column(column, capacity: rows, isNullable: type.isNullable(at: index), arena: column.layout == .reference ? arena : nil)
        }
        for row in 0..<rows {
            for index in type.columns.indices {
                let isAbsent = type.enclosingRecords(of: index).contains { columns[$0].value(at: row) != .bool(true) }
                let isNull = isAbsent || (type.columns[index].isNullable && random.below(3) == 0)
                columns[index].append(isNull ? .null : value(type.columns[index].type))
            }
        }
        return columns
    }

    mutating func value(_ type: ValueType) -> Value {
        switch type {
        case .bool, .record: .bool(random.below(2) == 0)
        case .int: .int([0, -1, .max, .min, Int64(bitPattern: random.next())][random.below(5)])
        case .double:
            .double(
                [0, -0.0, 5, 37.25, .infinity, -.infinity, Double(bitPattern: random.next() & ~(0x7FF << 52)), random.unit()][
                    random.below(8)])
        case .string: .string(text())
        case .bytes: .bytes((0..<random.below(9)).map { _ in UInt8(random.below(256)) })
        case .map: .map(Dictionary((0..<random.below(5)).map { _ in (text(), text()) }) { $1 })
        case .timestamp: .timestamp(time())
        case .duration: .duration(.init(microseconds: Int64(bitPattern: random.next()) >> Int64(random.below(60))))
        }
    }

    /// Any of the years 1 to 9999, near the epoch, or on one day, in whole seconds or not.
    mutating func time() -> EventTime {
        let seconds = [
            Int64(random.below(315_537_897_600)) - 62_135_596_800, Int64(random.below(5) - 2) * 86_400,
            Int64(random.below(200_000) - 100_000),
            1_767_571_200 + Int64(random.below(86_400)),
        ][random.below(4)]
        return EventTime(microseconds: seconds * 1_000_000 + [0, 0, Int64(random.below(1_000_000))][random.below(3)])
    }

    mutating func text() -> String {
        let alphabet: [Character] = ["a", "b", "Z", "0", "\"", "\\", "\n", "\u{1}", "é", "€", "😀", " ", "/", "{", "\u{7F}"]
        return String((0..<random.below(20)).map { _ in alphabet[random.below(3) == 0 ? random.below(alphabet.count) : 0] })
    }
}

extension JSONRowEncoder {
    func texts(_ columns: [Column]) -> [String] {
        begin(columns)
        return (0..<(columns.first?.count ?? 0)).map { row in
            let arena = ByteArena()
            encode(row: row, into: arena)
            return String(decoding: arena.bytes, as: UTF8.self)
        }
    }
}
