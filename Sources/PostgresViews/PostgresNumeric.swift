import CPostgres

/// Whole numbers in the binary form of `numeric`: the answers of exact sums.
///
///     ndigits i16 · weight i16 · sign u16 · display scale i16 · digits i16 …
///
/// Digits are those of base 10,000; the first stands for itself × 10,000^weight.
enum PostgresNumeric {
    /// `pg_type.oid`
    static let type: Oid = 1700
    private static let negative: UInt16 = 0x4000

    /// Nil for what is no whole number (NaN, infinities), or needs more than 128 bits.
    static func whole(_ cell: UnsafeRawBufferPointer) -> Int128? {
        func word(_ index: Int) -> Int16 { Int16(bigEndian: cell.loadUnaligned(fromByteOffset: index * 2, as: Int16.self)) }
        guard cell.count >= 8 else { return nil }
        let count = Int(word(0)), weight = Int(word(1)), sign = UInt16(bitPattern: word(2))
        guard count >= 0, cell.count == 8 + count * 2, sign == 0 || sign == negative else { return nil }
        guard count > 0 else { return 0 }
        guard weight >= 0 else { return nil }
        var sum: Int128 = 0
        for place in 0...max(weight, count - 1) {
            let digit = place < count ? Int128(word(4 + place)) : 0
            guard place <= weight else {
                // Behind the point.
                if digit != 0 { return nil }
                continue
            }
            let (product, isTooLarge) = sum.multipliedReportingOverflow(by: 10_000)
            let (next, isTooLong) = product.addingReportingOverflow(digit)
            guard !isTooLarge, !isTooLong else { return nil }
            sum = next
        }
        return sign == negative ? -sum : sum
    }
}
