import Base
import Columns
import CPostgres

/// The parameters of one statement, in PostgreSQL's binary forms.
///
/// What is bound is no part of the statement's text, whatever it holds.
struct PostgresParameters {
    /// Object ids of the parameters' types.
    private(set) var types: [Oid] = []
    private var bytes: [UInt8] = []
    /// Where each value lies in `bytes`; nil: null.
    private var places: [(start: Int, length: Int)?] = []

    init() {}

    var count: Int { types.count }

    /// - Precondition: the value is of the type or null (`Value.fits`).
    mutating func add(_ value: Value, as type: ValueType) {
        let start = bytes.count
        types.append(PostgresType.id(of: type))
        switch value {
        case .null:
            places.append(nil)
            return
        case .double(let number) where number.isNaN:
            // As it is stored.
            places.append(nil)
            return
        case .bool(let flag): bytes.append(flag ? 1 : 0)
        case .int(let number): append(number)
        case .double(let number): append(Int64(bitPattern: number.bitPattern))
        case .string(let text): bytes += PostgresText.storable(text).utf8
        case .bytes(let content): bytes += content
        case .timestamp(let time): append(PostgresTime.stored(time))
        case .duration(let span):
            append(span.microseconds)
            // No days and no months.
            bytes += repeatElement(0, count: 8)
        case .map(let map):
            bytes.append(PostgresType.jsonbVersion)
            bytes += PostgresText.storableJSON(map).utf8
        }
        places.append((start, bytes.count - start))
    }

    mutating func add(_ text: String) { add(.string(text), as: .string) }
    mutating func add(_ number: Int64) { add(.int(number), as: .int) }
    mutating func add(_ number: Int) { add(.int(Int64(number)), as: .int) }
    mutating func add(_ time: EventTime) { add(.timestamp(time), as: .timestamp) }

    private mutating func append(_ number: Int64) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }

    /// Calls `body` with what libpq's functions take.
    func withPointers<Result>(
        _ body: (
            _ count: Int32, _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?
        ) -> Result
    ) -> Result {
        // Never without an address: an empty value is not null.
        let held = bytes + [0]
        let lengths = places.map { Int32($0?.length ?? 0) }
        let formats = [Int32](repeating: 1, count: places.count)
        return held.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                let values = places.map { place in place.flatMap { place in characters.baseAddress.map { $0 + place.start } } }
                return body(Int32(places.count), values, lengths, formats)
            }
        }
    }
}
