/// XXH64 (Y. Collet, "xxHash fast digest algorithm", version 0.1.1), seed 0: part of the chunk format, so it is fixed
/// here by its specification and does not follow the engine's in-memory hashes.
enum Checksum {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    /// - Complexity: O(bytes), about a byte and a half or more a cycle.
    static func xxh64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let count = bytes.count
        guard count > 0, let raw = bytes.baseAddress else { return avalanche(prime5) }
        func word(_ at: Int) -> UInt64 { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)) }
        var at = 0
        var hash: UInt64
        if count >= 32 {
            var v1 = prime1 &+ prime2, v2 = prime2, v3: UInt64 = 0, v4 = 0 &- prime1
            while at &+ 32 <= count {
                v1 = round(v1, word(at))
                v2 = round(v2, word(at &+ 8))
                v3 = round(v3, word(at &+ 16))
                v4 = round(v4, word(at &+ 24))
                at &+= 32
            }
            hash = rotate(v1, 1) &+ rotate(v2, 7) &+ rotate(v3, 12) &+ rotate(v4, 18)
            for lane in [v1, v2, v3, v4] { hash = (hash ^ round(0, lane)) &* prime1 &+ prime4 }
        } else {
            hash = prime5
        }
        hash &+= UInt64(count)
        while at &+ 8 <= count {
            hash = rotate(hash ^ round(0, word(at)), 27) &* prime1 &+ prime4
            at &+= 8
        }
        if at &+ 4 <= count {
            let half = UInt64(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            hash = rotate(hash ^ (half &* prime1), 23) &* prime2 &+ prime3
            at &+= 4
        }
        while at < count {
            hash = rotate(hash ^ (UInt64(bytes[at]) &* prime5), 11) &* prime1
            at &+= 1
        }
        return avalanche(hash)
    }

    @inline(__always)
    private static func rotate(_ x: UInt64, _ by: UInt64) -> UInt64 { (x &<< by) | (x &>> (64 &- by)) }

    @inline(__always)
    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotate(lane &+ word &* prime2, 31) &* prime1
    }

    private static func avalanche(_ hash: UInt64) -> UInt64 {
        var h = (hash ^ (hash &>> 33)) &* prime2
        h = (h ^ (h &>> 29)) &* prime3
        return h ^ (h &>> 32)
    }
}
