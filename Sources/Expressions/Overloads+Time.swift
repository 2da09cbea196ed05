import Base
import Columns

/// Timestamps and durations: sums and differences that leave CEL's ranges fail.
extension Overload {
    static let timeArithmetic: [Overload] = [
        Overload("+", .symbol, [.timestamp, .duration], .timestamp, .fallible(AddTime<TimestampRange>.self)),
        Overload("+", .symbol, [.duration, .timestamp], .timestamp, .fallible(AddTime<TimestampRange>.self)),
        Overload("+", .symbol, [.duration, .duration], .duration, .fallible(AddTime<DurationRange>.self)),
        Overload("-", .symbol, [.timestamp, .timestamp], .duration, .fallible(SubtractTime<DurationRange>.self)),
        Overload("-", .symbol, [.timestamp, .duration], .timestamp, .fallible(SubtractTime<TimestampRange>.self)),
        Overload("-", .symbol, [.duration, .duration], .duration, .fallible(SubtractTime<DurationRange>.self)),
        Overload("neg", .symbol, [.duration], .duration, .fallible(NegateDuration.self)),
    ]
}

/// A range of microseconds.
protocol MicrosecondRange: SendableMetatype {
    static var least: Int64 { get }
    static var greatest: Int64 { get }
}

extension MicrosecondRange {
    @inline(__always)
    static func fault(_ microseconds: Int64, overflow: Bool = false) -> UInt8 {
        overflow || microseconds < least || microseconds > greatest ? ExpressionFault.timeOutOfRange.rawValue : 0
    }
}

/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z, as CEL has it.
enum TimestampRange: MicrosecondRange {
    @inline(__always) static var least: Int64 { -62_135_596_800_000_000 }
    @inline(__always) static var greatest: Int64 { 253_402_300_799_999_999 }
}

/// The spans that 64 bits of nanoseconds hold, some 292 years to either side, as CEL's implementations have it.
enum DurationRange: MicrosecondRange {
    @inline(__always) static var least: Int64 { -9_223_372_036_854_775 }
    @inline(__always) static var greatest: Int64 { 9_223_372_036_854_775 }
}

private enum AddTime<Range: MicrosecondRange>: FallibleRowOperation {
    @inline(__always)
    static func apply(_ a: Int64, _ b: Int64) -> (Int64, UInt8) {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return (sum, Range.fault(sum, overflow: overflow))
    }
}

private enum SubtractTime<Range: MicrosecondRange>: FallibleRowOperation {
    @inline(__always)
    static func apply(_ a: Int64, _ b: Int64) -> (Int64, UInt8) {
        let (difference, overflow) = a.subtractingReportingOverflow(b)
        return (difference, Range.fault(difference, overflow: overflow))
    }
}

private enum NegateDuration: FallibleRowOperation {
    @inline(__always)
    static func apply(_ a: Int64, _: Int64) -> (Int64, UInt8) { (0 &- a, DurationRange.fault(0 &- a, overflow: a == .min)) }
}
