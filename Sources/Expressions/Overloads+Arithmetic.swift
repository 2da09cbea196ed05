import Columns

/// `+ - * / %` and the sign: ints fail where the result does not fit, doubles follow IEEE 754.
extension Overload {
    static let arithmetic: [Overload] = [
        Overload("+", .symbol, [.int, .int], .int, .fallible(AddInt.self)),
        Overload("-", .symbol, [.int, .int], .int, .fallible(SubtractInt.self)),
        Overload("*", .symbol, [.int, .int], .int, .fallible(MultiplyInt.self)),
        Overload("/", .symbol, [.int, .int], .int, .fallible(DivideInt.self)),
        Overload("%", .symbol, [.int, .int], .int, .fallible(RemainderInt.self)),
        Overload("neg", .symbol, [.int], .int, .fallible(NegateInt.self)),
        Overload("+", .symbol, [.double, .double], .double, .plain(AddDouble.self)),
        Overload("-", .symbol, [.double, .double], .double, .plain(SubtractDouble.self)),
        Overload("*", .symbol, [.double, .double], .double, .plain(MultiplyDouble.self)),
        Overload("/", .symbol, [.double, .double], .double, .plain(DivideDouble.self)),
        Overload("neg", .symbol, [.double], .double, .plain(NegateDouble.self)),
    ]
}

private enum AddInt: FallibleRowOperation {
    @inline(__always)
    static func apply(_ a: Int64, _ b: Int64) -> (Int64, UInt8) {
        let sum = a &+ b
        return (sum, signBit((a ^ sum) & (b ^ sum)) &* ExpressionFault.intOverflow.rawValue)
    }
}

private enum SubtractInt: FallibleRowOperation {
    @inline(__always)
    static func apply(_ a: Int64, _ b: Int64) -> (Int64, UInt8) {
        let difference = a &- b
        return (difference, signBit((a ^ b) & (a ^ difference)) &* ExpressionFault.intOverflow.rawValue)
    }
}

/// 1 for a negative number: overflow without a branch, so that the loop can be vectorised.
@inline(__always)
func signBit(_ number: Int64) -> UInt8 { UInt8(truncatingIfNeeded: UInt64(bitPattern: number) &>> 63) }

private enum MultiplyInt: FallibleRowOperation {
    @inline(__always)
    static func apply(_ a: Int64, _ b: Int64) -> (Int64, UInt8) {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return (product, overflow ? ExpressionFault.intOverflow.rawValue : 0)
    }
}

private enum DivideInt: FallibleRowOperation {
    @inline(__always)
    static func apply(_ a: Int64, _ b: Int64) -> (Int64, UInt8) {
        if b == 0 { return (0, ExpressionFault.divisionByZero.rawValue) }
        let (quotient, overflow) = a.dividedReportingOverflow(by: b)
        return (quotient, overflow ? ExpressionFault.intOverflow.rawValue : 0)
    }
}

private enum RemainderInt: FallibleRowOperation {
    @inline(__always)
    static func apply(_ a: Int64, _ b: Int64) -> (Int64, UInt8) {
        if b == 0 { return (0, ExpressionFault.modulusByZero.rawValue) }
        // The remainder of the least int by -1 is 0; the processor's instruction would trap on it.
        return (b == -1 ? 0 : a % b, 0)
    }
}

private enum NegateInt: FallibleRowOperation {
    @inline(__always)
    static func apply(_ a: Int64, _: Int64) -> (Int64, UInt8) {
        (0 &- a, a == .min ? ExpressionFault.intOverflow.rawValue : 0)
    }
}

private enum AddDouble: RowOperation {
    @inline(__always) static func apply(_ a: Double, _ b: Double) -> Double { a + b }
}

private enum SubtractDouble: RowOperation {
    @inline(__always) static func apply(_ a: Double, _ b: Double) -> Double { a - b }
}

private enum MultiplyDouble: RowOperation {
    @inline(__always) static func apply(_ a: Double, _ b: Double) -> Double { a * b }
}

private enum DivideDouble: RowOperation {
    @inline(__always) static func apply(_ a: Double, _ b: Double) -> Double { a / b }
}

private enum NegateDouble: RowOperation {
    @inline(__always) static func apply(_ a: Double, _: Double) -> Double { -a }
}
