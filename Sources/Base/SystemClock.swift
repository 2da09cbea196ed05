#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The machine's clock: the only place in the project that reads it.
public struct SystemClock: WallClock {
    public init() {}
    public func now() -> EventTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return EventTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}

/// Readings of the monotonic clock, for measuring how long something took.
@frozen
public struct Stopwatch: Sendable {
    @usableFromInline let start: UInt64

    public init() { start = Self.nanoseconds() }

    public var elapsedNanoseconds: UInt64 { Self.nanoseconds() - start }
    public var elapsedSeconds: Double { Double(elapsedNanoseconds) / 1e9 }

    /// Monotonic nanoseconds since an arbitrary start.
    public static func nanoseconds() -> UInt64 { reading(CLOCK_MONOTONIC) }

    /// CPU time used by the calling thread, in nanoseconds.
    public static func threadCPUNanoseconds() -> UInt64 { reading(CLOCK_THREAD_CPUTIME_ID) }

    /// CPU time used by the whole process, in nanoseconds.
    public static func processCPUNanoseconds() -> UInt64 { reading(CLOCK_PROCESS_CPUTIME_ID) }

    private static func reading(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
