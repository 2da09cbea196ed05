import Base
import Columns
import CPostgres
import Stores

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

    init(_ parameters: [QuerySQL.Parameter]) {
        for parameter in parameters {
            switch parameter {
            case .value(let value, let type): add(value, as: type)
            case .values(let values, let type): add(values, as: type)
            }
        }
    }

    /// - Precondition: the value is of the type or null (`Value.fits`).
    mutating func add(_ value: Value, as type: ValueType) {
        types.append(PostgresType.id(of: type))
        let start = bytes.count
        places.append(append(value) ? (start, bytes.count - start) : nil)
    }

    /// An array. - Precondition: the values are of the type or null.
    mutating func add(_ values: [Value], as type: ValueType) {
        types.append(PostgresType.arrayID(of: type))
        let start = bytes.count
        // Dimensions, whether there are nulls, the elements' type; then the only dimension's length and first index.
        append(Int32(values.isEmpty ? 0 : 1))
        append(Int32(1))
        append(Int32(bitPattern: PostgresType.id(of: type)))
        if !values.isEmpty {
            append(Int32(values.count))
            append(Int32(1))
        }
        for value in values {
            let place = bytes.count
            append(Int32(-1))
            guard append(value) else { continue }
            withUnsafeBytes(of: Int32(bytes.count - place - 4).bigEndian) { bytes.replaceSubrange(place..<place + 4, with: $0) }
        }
        places.append((start, bytes.count - start))
    }

    /// False where it is null.
    private mutating func append(_ value: Value) -> Bool {
        switch value {
        case .null: return false
        // As it is stored.
        case .double(let number) where number.isNaN: return false
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
        return true
    }

    mutating func add(_ text: String) { add(.string(text), as: .string) }
    mutating func add(_ number: Int64) { add(.int(number), as: .int) }
    mutating func add(_ number: Int) { add(.int(Int64(number)), as: .int) }
    mutating func add(_ time: EventTime) { add(.timestamp(time), as: .timestamp) }

    private mutating func append(_ number: some FixedWidthInteger) {
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
