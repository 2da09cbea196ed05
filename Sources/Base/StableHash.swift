/// FNV-1a with 128 bits (Fowler, Noll, Vo; offset basis and prime as published): small, and the same on every machine
/// and in every release. It tells versions of a topology apart, and shortens names; it does not withstand someone who wants a
/// collision.
package struct StableHash {
    private static let basis: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    private static let prime: UInt128 = (1 << 88) | 0x13b
    private var value = basis

    package init() {}

    private mutating func combine(byte: UInt8) { value = (value ^ UInt128(byte)) &* Self.prime }

    /// Texts are framed by their length, so that "ab", "c" and "a", "bc" differ.
    package mutating func combine(_ text: String) {
        combine(text.utf8.count)
        for byte in text.utf8 { combine(byte: byte) }
    }

    package mutating func combine(_ number: Int) {
        for shift in 0..<8 { combine(byte: UInt8(truncatingIfNeeded: number >> (shift * 8))) }
    }

    package mutating func combine(_ texts: [String]) {
        combine(texts.count)
        for text in texts { combine(text) }
    }

    /// Nil and the empty list differ.
    package mutating func combine(_ texts: [String]?) {
        combine(texts == nil ? 0 : 1)
        if let texts { combine(texts) }
    }

    /// Of bytes alone.
    package static func hex(of bytes: [UInt8]) -> String {
        var hash = StableHash()
        for byte in bytes { hash.combine(byte: byte) }
        return hash.hex
    }

    /// 32 hex digits.
    package var hex: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
