/// FNV-1a with 64 bits: the same on every machine and in every release.
struct Fingerprint: Equatable {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func combine(_ bytes: UnsafeBufferPointer<UInt8>) {
        var mixed = value
        for byte in bytes { mixed = (mixed ^ UInt64(byte)) &* 0x100_0000_01B3 }
        value = mixed
    }

    /// Parts are told apart: "ab", "c" and "a", "bc" differ.
    mutating func combinePart(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { mix(byte) }
        // No UTF-8 text has this byte.
        mix(0xFF)
    }

    private mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

    var hex: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
