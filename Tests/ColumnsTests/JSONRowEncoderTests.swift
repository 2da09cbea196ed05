import Base
import Columns
import Foundation
import Testing

struct JSONRowEncoderTests {
    @Test func `a row is one compact object with nested records, nulls and plain numbers`() {
        let type = RowType([
            .init("id", .string), .init("n", .int), .init("v", .double), .init("at", .timestamp), .init("machines", .record),
            .init("machines.sku", .string, isNullable: true), .init("machines.tags", .map), .init("window.start", .timestamp),
            .init("window.hours", .double), .init("raw", .bytes), .init("ok", .bool), .init("took", .duration),
        ])
        let arena = ByteArena()
        let columns = type.columns.indices.map { index in
            let column = type.columns[index].type
            return Column(column, capacity: 2, isNullable: type.isNullable(at: index), arena: column.layout == .reference ? arena : nil)
        }
        let start = EventTime("2026-01-05T00:00:00Z")!
        let rows: [[Value]] = [
            [
                .string("a\"b\u{1}é"), .int(-7), .double(5), .timestamp(start), .bool(true), .null, .map(["b": "2", "a": "1"]),
                .timestamp(start), .double(0.1),
                .bytes([1, 2]), .bool(true), .duration(TimeSpan(microseconds: 1_500_000)),
            ],
            [
                .string(""), .int(.min), .double(.nan), .timestamp(.init(microseconds: start.microseconds + 250_000)), .bool(false), .null,
                .null,
                .timestamp(start), .double(1e-7), .bytes([]), .bool(false), .duration(TimeSpan(microseconds: -1)),
            ],
        ]
        for row in rows { for (column, value) in zip(columns, row) { column.append(value) } }
        #expect(
            JSONRowEncoder(type: type).texts(columns) == [
                #"{"id":"a\"b\u0001é","n":-7,"v":5.0,"at":"2026-01-05T00:00:00Z","machines":{"sku":null,"tags":{"a":"1","b":"2"}},"window":{"start":"2026-01-05T00:00:00Z","hours":0.1},"raw":"AQI=","ok":true,"took":"1.5s"}"#,
                #"{"id":"","n":-9223372036854775808,"v":"NaN","at":"2026-01-05T00:00:00.250Z","machines":null,"window":{"start":"2026-01-05T00:00:00Z","hours":1e-07},"raw":"","ok":false,"took":"-0.000001s"}"#,
            ])
        #expect(JSONRowEncoder(type: RowType([])).texts([]) == [])
    }

    @Test func `what is encoded decodes to equal rows, and Foundation reads it too`() throws {
        var generator = RowGenerator(random: SeededRandom(seed: 11))
        for _ in 0..<150 {
            let schema = generator.schema()
            let type = schema.rowType
            let columns = generator.columns(type, rows: 12)
            let texts = JSONRowEncoder(type: type).texts(columns)
            for text in texts { _ = try JSONSerialization.jsonObject(with: Data(text.utf8)) }
            let back = Schema(name: "s", rowType: type)
            #expect(back.rowType == type)
            let (decoded, faults) = decode(back, texts)
            #expect(faults.allSatisfy { $0 == nil })
            #expect(decoded == rows(columns, type))
            #expect(decode(schema, texts).rows == decoded)
        }
    }
}
