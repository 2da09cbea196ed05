import Base

/// When a stream of changes says something although nothing has changed. Times are nanoseconds since its start.
struct ChangePace: Sendable {
    var heartbeatInterval = UInt64(APILimits.heartbeatInterval.microseconds) * 1_000
    var watermarkInterval = UInt64(APILimits.watermarkInterval.microseconds) * 1_000
    private var lastWrite: UInt64 = 0
    private var lastLook: UInt64?

    /// True once when nothing was written for the heartbeat's interval.
    mutating func needsHeartbeat(at now: UInt64) -> Bool {
        guard now >= lastWrite + heartbeatInterval else { return false }
        lastWrite = now
        return true
    }

    mutating func didWrite(at now: UInt64) { lastWrite = now }

    /// True at most once an interval: whether the watermark is to be looked at.
    mutating func mayLookAtWatermark(at now: UInt64) -> Bool {
        if let lastLook, now < lastLook + watermarkInterval { return false }
        lastLook = now
        return true
    }
}
