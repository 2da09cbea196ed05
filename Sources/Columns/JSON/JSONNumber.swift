#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A number as it stands in the text: ±mantissa · 10^exponent.
struct JSONNumber {
    var mantissa: UInt64 = 0
    /// Clamped to ±`exponentMax`, which is far beyond what any double reaches.
    var exponent = 0
    /// Digits of the mantissa, leading zeros of a fraction included. Up to 19 the mantissa is exact.
    var digits = 0
    var isNegative = false
    var hasFraction = false

    static let digitsMax = 19
    private static let exponentMax = 100_000

    /// Reads the number at `start`, strictly by the grammar.
    @inline(__always)
    mutating func scan(_ start: BytePointer, _ end: BytePointer, _ stop: inout JSONStop) -> BytePointer? {
        var p = start
        isNegative = p < end && p.pointee == JSONScan.minus
        if isNegative { p += 1 }
        var digitStart = p
        var value: UInt64 = 0
        while p < end {
            let digit = p.pointee &- 48
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            p += 1
        }
        digits = p - digitStart
        guard digits == 1 || (digits > 1 && digitStart.pointee != 48) else { return stop.set(.badNumber, digitStart) }
        exponent = 0
        hasFraction = p < end && p.pointee == JSONScan.point
        if hasFraction {
            p += 1
            digitStart = p
            while p < end {
                let digit = p.pointee &- 48
                guard digit < 10 else { break }
                value = value &* 10 &+ UInt64(digit)
                p += 1
            }
            guard p > digitStart else { return stop.set(.badNumber, p) }
            digits += p - digitStart
            exponent = digitStart - p
        }
        mantissa = value
        guard p < end, p.pointee | 0x20 == 0x65 else { return p }
        return scanExponent(p, end, &stop)
    }

    @inline(never)
    private mutating func scanExponent(_ start: BytePointer, _ end: BytePointer, _ stop: inout JSONStop) -> BytePointer? {
        var p = start + 1
        let isBelow = p < end && p.pointee == JSONScan.minus
        if p < end, isBelow || p.pointee == JSONScan.plus { p += 1 }
        let digitStart = p
        var value = 0
        while p < end, p.pointee &- 48 < 10 {
            value = min(value * 10 + Int(p.pointee - 48), Self.exponentMax)
            p += 1
        }
        guard p > digitStart else { return stop.set(.badNumber, p) }
        exponent = max(-Self.exponentMax, min(Self.exponentMax, exponent + (isBelow ? -value : value)))
        return p
    }

    /// The whole number, or nil when it does not fit 64 bits. - Precondition: no fraction.
    var integer: Int64? {
        guard digits <= Self.digitsMax, exponent >= 0 else { return nil }
        var magnitude = mantissa
        if magnitude != 0 {
            for _ in 0..<exponent {
                let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
                if overflow { return nil }
                magnitude = product
            }
        }
        if isNegative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }

    /// The nearest double, ties to even; infinite where the number is beyond the greatest. `start`..<`end` is its text.
    ///
    /// 1. A mantissa below 2^53 and a power of ten up to 10^22 are both exact doubles: one IEEE operation rounds once
    ///    (W. D. Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990).
    /// 2. A mantissa of 64 bits and a power up to 10^19 are exact integers: their 128-bit product or quotient, with its
    ///    remainder, is rounded once.
    /// 3. Anything else is for the C library.
    @inline(__always)
    func double(_ start: BytePointer, _ end: BytePointer, _ powersOfTen: UnsafePointer<Double>) -> Double {
        if digits <= Self.digitsMax, mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
            let power = powersOfTen[exponent < 0 ? -exponent : exponent]
            let magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
            return isNegative ? -magnitude : magnitude
        }
        return slowDouble(start, end)
    }

    @inline(never)
    private func slowDouble(_ start: BytePointer, _ end: BytePointer) -> Double {
        guard digits <= Self.digitsMax, abs(exponent) <= 19 || mantissa == 0 else { return Self.libraryDouble(start, end) }
        let magnitude = mantissa == 0 ? 0 : Self.scaled(mantissa, tenTo: exponent)
        return isNegative ? -magnitude : magnitude
    }

    /// `mantissa · 10^exponent` for a mantissa above 0 and an exponent of -19...19, rounded to nearest, ties to even.
    static func scaled(_ mantissa: UInt64, tenTo exponent: Int) -> Double {
        var power: UInt64 = 1
        for _ in 0..<abs(exponent) { power *= 10 }
        if exponent >= 0 {
            let (high, low) = mantissa.multipliedFullWidth(by: power)
            guard high != 0 else { return Double(low) }
            let shift = high.leadingZeroBitCount
            let top = shift == 0 ? high : high << shift | low >> (64 - shift)
            return rounded(top, isInexact: low << shift != 0, twoTo: 64 - shift)
        }
        let mantissaShift = mantissa.leadingZeroBitCount, powerShift = power.leadingZeroBitCount
        let dividend = mantissa << mantissaShift, divisor = power << powerShift
        // The dividend is halved where it is not below the divisor, so that the quotient has 64 bits, the top one set.
        let isHalved = dividend >= divisor
        let (quotient, remainder) = divisor.dividingFullWidth(isHalved ? (dividend >> 1, dividend << 63) : (dividend, 0))
        return rounded(quotient, isInexact: remainder != 0, twoTo: powerShift - mantissaShift - (isHalved ? 63 : 64))
    }

    /// `top · 2^exponent` for a `top` with its top bit set; `isInexact` when the true value is a little more.
    private static func rounded(_ top: UInt64, isInexact: Bool, twoTo exponent: Int) -> Double {
        var kept = top >> 11
        let cut = top & 0x7FF
        if cut > 0x400 || (cut == 0x400 && (isInexact || kept & 1 == 1)) { kept += 1 }
        return Double(kept) * Double(bitPattern: UInt64(1_023 + exponent + 11) << 52)
    }

    private static func libraryDouble(_ start: BytePointer, _ end: BytePointer) -> Double {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: end - start + 1) { copy in
            for i in 0..<(end - start) { copy[i] = CChar(bitPattern: start[i]) }
            copy[end - start] = 0
            // The process never calls setlocale, so the library's decimal point is the point.
            return strtod(copy.baseAddress!, nil)
        }
    }
}

/// 10^0...10^22, the powers that are exact doubles. One allocation for the life of the process; a decoder keeps the pointer,
/// so that a number is not preceded by the check whether a global is initialised.
nonisolated(unsafe) let powersOfTen: UnsafePointer<Double> = {
    let table = UnsafeMutablePointer<Double>.allocate(capacity: 23)
    var power = 1.0
    for i in 0...22 {
        table[i] = power
        power *= 10
    }
    return UnsafePointer(table)
}()
