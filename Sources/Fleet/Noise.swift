/// Chance that needs no memory: every number is a hash of what it is asked for, so that a value is the same whatever was
/// asked before, in any order, from any thread.
enum Noise {
    /// The finalizer of SplitMix64: a bijection of 64 bits whose output bits all depend on all input bits.
    @inline(__always)
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A stream of its own: `key`'s child number `channel`.
    @inline(__always)
    static func key(_ key: UInt64, _ channel: UInt64) -> UInt64 { mix(key ^ (channel &* 0xD6E8_FEB8_6659_FD93)) }

    /// Uniform in [0, 1), of a key and a number.
    @inline(__always)
    static func unit(_ key: UInt64, _ number: Int64) -> Double {
        Double(mix(key ^ UInt64(bitPattern: number) &* 0xA076_1D64_78BD_642F) >> 11) * 0x1p-53
    }

    /// Smooth noise of about mean 0 and standard deviation 1, within -2...2: hashed values every `period` seconds, joined by
    /// cubic steps. Twice the period apart, two values know nothing of each other.
    @inline(__always)
    static func smooth(_ key: UInt64, _ seconds: Double, period: Double) -> Double {
        let place = seconds / period
        let whole = place.rounded(.down)
        let part = place - whole
        let step = part * part * (3 - 2 * part)
        let number = Int64(whole)
        let a = unit(key, number), b = unit(key, number &+ 1)
        // A uniform value in -1...1 has the deviation 0.577, and the joins lessen it to 0.5 on average.
        return 2 * (2 * (a + (b - a) * step) - 1)
    }

    /// Wandering of about mean 0 and deviation 1 over twenty minutes to most of a day: what an AR(1) process of a high
    /// coefficient looks like.
    @inline(__always)
    static func wander(_ key: UInt64, _ seconds: Double) -> Double {
        0.52 * smooth(key, seconds, period: 1_500) + 0.56 * smooth(key ^ 1, seconds, period: 6_700)
            + 0.48 * smooth(key ^ 2, seconds, period: 24_000) + 0.43 * smooth(key ^ 3, seconds, period: 91_000)
    }

    /// Noise that is new every five minutes, and smooth in between.
    @inline(__always)
    static func quick(_ key: UInt64, _ seconds: Double) -> Double { smooth(key, seconds, period: 150) }
}

/// `dividend / divisor`, rounded down.
@inline(__always)
func floorDivided(_ dividend: Int64, by divisor: Int64) -> Int64 {
    let quotient = dividend / divisor
    return dividend % divisor < 0 ? quotient - 1 : quotient
}

/// From 0 at `a` to 1 at `b`, with level ends.
@inline(__always)
func eased(_ x: Double, from a: Double, to b: Double) -> Double {
    let part = min(1, max(0, (x - a) / (b - a)))
    return part * part * (3 - 2 * part)
}
