import Columns

/// `== != < <= > >=` on values of one type, and on an int beside a double.
extension Overload {
    static let comparisons: [Overload] =
        all(.int, .int, Same<Int64>.self) + all(.double, .double, Same<Double>.self) + all(.bool, .bool, Same<UInt8>.self)
        + all(.timestamp, .timestamp, Same<Int64>.self) + all(.duration, .duration, Same<Int64>.self)
        + all(.int, .double, IntBesideDouble.self) + all(.double, .int, DoubleBesideInt.self)
        + order(.string, .string, Same<ByteRun>.self) + byteEquality(.string)
        + order(.bytes, .bytes, Same<ByteRun>.self) + byteEquality(.bytes)
        + byteEquality(.map)

    @inline(__always)
    private static func all<P: ComparablePair>(_ left: ValueType, _ right: ValueType, _: P.Type) -> [Overload] {
        [
            Overload("==", .symbol, [left, right], .bool, .plain(Equal<P>.self)),
            Overload("!=", .symbol, [left, right], .bool, .plain(NotEqual<P>.self)),
        ] + order(left, right, P.self)
    }

    @inline(__always)
    private static func order<P: ComparablePair>(_ left: ValueType, _ right: ValueType, _: P.Type) -> [Overload] {
        [
            Overload("<", .symbol, [left, right], .bool, .plain(Less<P>.self)),
            Overload("<=", .symbol, [left, right], .bool, .plain(LessOrEqual<P>.self)),
            Overload(">", .symbol, [left, right], .bool, .plain(Greater<P>.self)),
            Overload(">=", .symbol, [left, right], .bool, .plain(GreaterOrEqual<P>.self)),
        ]
    }

    /// Strings, byte strings and maps (in canonical form) are equal where their bytes are; comparing with a constant
    /// has kernels of its own.
    private static func byteEquality(_ type: ValueType) -> [Overload] {
        [("==", false), ("!=", true)].map { name, negated in
            let loop: KernelLoop = negated ? .plain(NotEqual<Same<ByteRun>>.self) : .plain(Equal<Same<ByteRun>>.self)
            return Overload(name, .symbol, [type, type], .bool) { operands in
                for (literal, other) in [(1, 0), (0, 1)] {
                    guard let constant = operands[literal] as? ConstantKernel, constant.fault == nil else { continue }
                    return LiteralEqualityKernel(operands[other], constant.column, isNegated: negated)
                }
                return LoopKernel(.bool, loop, operands)
            }
        }
    }
}

/// Two types whose values can be compared with each other. Not derived from one `less`: a NaN is neither less than
/// anything nor equal to it.
protocol ComparablePair: SendableMetatype {
    associatedtype Left: Element
    associatedtype Right: Element
    static func equal(_ a: Left, _ b: Right) -> Bool
    static func less(_ a: Left, _ b: Right) -> Bool
    static func lessOrEqual(_ a: Left, _ b: Right) -> Bool
    static func greater(_ a: Left, _ b: Right) -> Bool
    static func greaterOrEqual(_ a: Left, _ b: Right) -> Bool
}

enum Same<Value: Element & Comparable>: ComparablePair {
    @inline(__always) static func equal(_ a: Value, _ b: Value) -> Bool { a == b }
    @inline(__always) static func less(_ a: Value, _ b: Value) -> Bool { a < b }
    @inline(__always) static func lessOrEqual(_ a: Value, _ b: Value) -> Bool { a <= b }
    @inline(__always) static func greater(_ a: Value, _ b: Value) -> Bool { a > b }
    @inline(__always) static func greaterOrEqual(_ a: Value, _ b: Value) -> Bool { a >= b }
}

/// The int as a double: what the conformance cases ask for, where beyond 2^53 neighbouring ints become one double. So
/// an int literal beside a double means the same whether it is compared as an int or as a double.
enum IntBesideDouble: ComparablePair {
    @inline(__always) static func equal(_ a: Int64, _ b: Double) -> Bool { Double(a) == b }
    @inline(__always) static func less(_ a: Int64, _ b: Double) -> Bool { Double(a) < b }
    @inline(__always) static func lessOrEqual(_ a: Int64, _ b: Double) -> Bool { Double(a) <= b }
    @inline(__always) static func greater(_ a: Int64, _ b: Double) -> Bool { Double(a) > b }
    @inline(__always) static func greaterOrEqual(_ a: Int64, _ b: Double) -> Bool { Double(a) >= b }
}

enum DoubleBesideInt: ComparablePair {
    @inline(__always) static func equal(_ a: Double, _ b: Int64) -> Bool { IntBesideDouble.equal(b, a) }
    @inline(__always) static func less(_ a: Double, _ b: Int64) -> Bool { IntBesideDouble.greater(b, a) }
    @inline(__always) static func lessOrEqual(_ a: Double, _ b: Int64) -> Bool { IntBesideDouble.greaterOrEqual(b, a) }
    @inline(__always) static func greater(_ a: Double, _ b: Int64) -> Bool { IntBesideDouble.less(b, a) }
    @inline(__always) static func greaterOrEqual(_ a: Double, _ b: Int64) -> Bool { IntBesideDouble.lessOrEqual(b, a) }
}

private enum Equal<P: ComparablePair>: RowOperation {
    @inline(__always) static func apply(_ a: P.Left, _ b: P.Right) -> UInt8 { P.equal(a, b) ? 1 : 0 }
}

private enum NotEqual<P: ComparablePair>: RowOperation {
    @inline(__always) static func apply(_ a: P.Left, _ b: P.Right) -> UInt8 { P.equal(a, b) ? 0 : 1 }
}

private enum Less<P: ComparablePair>: RowOperation {
    @inline(__always) static func apply(_ a: P.Left, _ b: P.Right) -> UInt8 { P.less(a, b) ? 1 : 0 }
}

private enum LessOrEqual<P: ComparablePair>: RowOperation {
    @inline(__always) static func apply(_ a: P.Left, _ b: P.Right) -> UInt8 { P.lessOrEqual(a, b) ? 1 : 0 }
}

private enum Greater<P: ComparablePair>: RowOperation {
    @inline(__always) static func apply(_ a: P.Left, _ b: P.Right) -> UInt8 { P.greater(a, b) ? 1 : 0 }
}

private enum GreaterOrEqual<P: ComparablePair>: RowOperation {
    @inline(__always) static func apply(_ a: P.Left, _ b: P.Right) -> UInt8 { P.greaterOrEqual(a, b) ? 1 : 0 }
}
