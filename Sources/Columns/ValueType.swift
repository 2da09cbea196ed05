/// The engine's types: what a column holds and what an expression yields. Avro's types map onto them (`AvroType`);
/// views map them onto SQL's.
public indirect enum ValueType: Hashable, Sendable {
    case bool
    /// 64-bit signed.
    case int
    /// IEEE 754 binary64.
    case double
    /// UTF-8.
    case string
    case bytes
    /// `EventTime`.
    case timestamp
    /// `TimeSpan`.
    case duration
    /// String to string, in the canonical form of `StringMap`.
    case map
    /// A nested record. Only its leaves have values; where the record is nullable, a column of this type says in which
    /// rows it is there.
    case record

    /// How a column of this type lies in memory.
    public enum Layout: Sendable {
        /// One byte a row: 0 or 1.
        case byte
        /// Eight bytes a row: the integer, the double's bits, microseconds.
        case word
        /// Eight bytes a row: a `BytesReference` into the column's arena.
        case reference

        @inlinable
        public var stride: Int { self == .byte ? 1 : 8 }
    }

    @inlinable
    public var layout: Layout {
        switch self {
        case .bool, .record: .byte
        case .int, .double, .timestamp, .duration: .word
        case .string, .bytes, .map: .reference
        }
    }
}

extension ValueType: CustomStringConvertible {
    /// CEL's name of the type.
    public var description: String {
        switch self {
        case .bool: "bool"
        case .int: "int"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .map: "map(string, string)"
        case .record: "record"
        }
    }
}
