import Base
import Columns
import Stores

/// What of a view's values PostgreSQL cannot hold as they are, and what it holds instead.
///
/// 1. U+0000, which its texts and jsonb do not know, becomes U+FFFD; so does what is no UTF-8.
/// 2. An index entry has 2,704 bytes at most. So texts and bytes of columns in the key or an index are cut where they are
///    longer than their share of it, and end in a hash of the whole: others stay others, and are found as long as they are
///    asked for with `==`.
/// 3. Times before 4714 BC, which no decoder lets in, become `-infinity`.
///
/// Each is the same whenever it is done, so a row is found and replaced by the key it came with. A change with such values
/// says so by `view_values_adjusted`.
struct StorableValues: Sendable {
    /// Most of an index entry: the rest is its header.
    private static let indexBytesMax = 2_560
    private static let hashBytes = 16

    /// By column of the type: the most bytes that a text or bytes may have; nil: any number.
    let bytesMax: [Int?]

    init(_ view: ViewDefinition) {
        var limits = [Int?](repeating: nil, count: view.type.columns.count)
        for columns in [view.key] + view.indexes {
            let places = columns.compactMap { view.type.index(flatName: $0) }
            let long = places.filter { view.type.columns[$0].type.layout == .reference }
            // Others take 16 bytes at most, an interval's.
            let share = (Self.indexBytesMax - 16 * (places.count - long.count)) / max(1, long.count)
            for place in long { limits[place] = min(limits[place] ?? share, share) }
        }
        bytesMax = limits
    }

    /// The value as the table holds it, for keys and conditions.
    func stored(_ value: Value, column: Int) -> Value {
        switch value {
        case .string(let text):
            var whole = PostgresText.storable(text)
            guard let limit = bytesMax[column], whole.utf8.count > limit else { return .string(whole) }
            return .string(whole.withUTF8 { Self.cut($0, to: limit) })
        case .bytes(let bytes):
            guard let limit = bytesMax[column], bytes.count > limit else { return value }
            return .bytes(bytes.withUnsafeBufferPointer { Self.cut($0, to: limit) })
        default: return value
        }
    }

    /// The text's beginning, `…` and the hash of the whole in 32 digits.
    static func cut(_ text: UnsafeBufferPointer<UInt8>, to limit: Int) -> String {
        var hash = StableHash()
        hash.combine(String(decoding: text, as: UTF8.self))
        let ending = "…" + hash.hex
        var end = limit - ending.utf8.count
        // Not within a character.
        while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: text[..<end], as: UTF8.self) + ending
    }

    /// The bytes' beginning and the hash of the whole in 16 bytes.
    static func cut(_ bytes: UnsafeBufferPointer<UInt8>, to limit: Int) -> [UInt8] {
        var hash = StableHash()
        hash.combine(bytes.map { String($0) })
        let digits = Array(hash.hex.utf8)
        func nibble(_ digit: UInt8) -> UInt8 { digit < 58 ? digit - 48 : digit - 87 }
        let ending = (0..<hashBytes).map { nibble(digits[2 * $0]) << 4 | nibble(digits[2 * $0 + 1]) }
        return Array(bytes[..<(limit - hashBytes)]) + ending
    }
}
