import Base

/// Bounds of the runtime, each with its reason. Those a user may want to change are in `EngineSettings`.
enum Limits {
    /// Records of one read: large enough that per-batch costs vanish, small enough that a batch's columns stay in cache.
    static let batchRecordsDefault = 4_096
    /// Bytes of one read: bounds memory when records are large.
    static let batchBytesMax = 4 << 20
    /// A dead letter's value is cut beyond this, so that it always fits a log's largest record.
    static let deadLetterBytesMax = 900_000
    /// Memory that an output's buffer keeps from epoch to epoch. The rows of a large window that closes take more for a
    /// moment.
    static let outputBytesKept = 1 << 20
    /// How often a task reads the clock; windows and `max_ahead` need no finer one.
    static let tickInterval = TimeSpan.seconds(1)
    /// From one line about like troubles to the next.
    static let noticeInterval = TimeSpan.minutes(1)
    /// How often retention and compaction are looked at.
    static let maintenanceInterval = TimeSpan.seconds(10)
    /// Rows of one projection step: one SQL transaction.
    static let projectionRecordsMax = 8_192
    static let projectionBytesMax = 4 << 20
    /// How long a failed commit or projection waits before the next try, at first and at most.
    static let retryDelayMin = TimeSpan.milliseconds(100)
    static let retryDelayMax = TimeSpan.seconds(10)
}
