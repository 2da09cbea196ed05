import Base

/// Bounds of the runtime, each with its reason. Those a user may want to change are in `EngineSettings`.
enum Limits {
    /// Records of one read: large enough that per-batch costs vanish, small enough that a batch's columns stay in cache.
    static let batchRecordsDefault = 4_096
    /// Bytes of one read: bounds memory when records are large.
    static let batchBytesMax = 4 << 20
    /// A dead letter's value is cut beyond this, so that it always fits a log's largest record.
    static let deadLetterBytesMax = 900_000
    /// A dead letter's header is cut beyond this: its message may quote a key of any length.
    static let deadLetterHeaderBytesMax = 4 << 10
    /// Room for the headers that tell of a cut value.
    static let cutHeaderBytesMax = 128
    /// A dead letter that the log refuses is cut to this: enough to see what it is.
    static let deadLetterBytesMin = 1_024
    /// A key longer than this is left out of a dead letter, for the same reason.
    static let deadLetterKeyBytesMax = 32 << 10
    /// Memory that an output's buffer keeps from epoch to epoch. The rows of a large window that closes take more for a
    /// moment.
    static let outputBytesKept = 1 << 20
    /// How often a task reads the clock; windows and `max_ahead` need no finer one.
    static let tickInterval = TimeSpan.seconds(1)
    /// After so long a task notes how far it has read what needs no epoch of its own. Also bounds what it reads again after a
    /// crash, and how much of a hop's topic is kept for that.
    static let quietCommitInterval = TimeSpan.minutes(1)
    /// Rows on their way through a hop are removed when they have been read; this is for what stays behind.
    static let hopRetention = TimeSpan.days(7)
    /// From one line about like troubles to the next.
    static let noticeInterval = TimeSpan.minutes(1)
    /// How often retention and compaction are looked at.
    static let maintenanceInterval = TimeSpan.seconds(10)
    /// Rows of one projection step: one SQL transaction.
    static let projectionRecordsMax = 8_192
    static let projectionBytesMax = 4 << 20
    /// How often a view's database is asked where the view stands, for what others do there.
    static let viewLookNanoseconds: UInt64 = 1_000_000_000
    /// A partition that nobody has moved on for so many looks, although there is more of it, is taken up.
    static let viewStillLooks = 3
    /// How long it is until a projection is tried again that waiting alone will not mend.
    static let hopelessRetryDelay = TimeSpan.seconds(10)
    /// A rebuild is close to its end when no partition is more than this behind: some steps.
    static let rebuildCloseRecords = Int64(4 * projectionRecordsMax)
    /// How long a view may stand still for its rebuild to get ahead of it: several looks, in each of several processes.
    static let rebuildHoldNanoseconds: UInt64 = 5_000_000_000
    /// From one attempt to finish a rebuild to the next, while other processes are behind.
    static let rebuildFinishNanoseconds: UInt64 = 100_000_000
    /// How far rows of a view may be ahead of its watermark, when that is not known any better.
    static let trimMargin = TimeSpan.days(1)
    /// How long a failed commit or projection waits before the next try, at first and at most.
    static let retryDelayMin = TimeSpan.milliseconds(100)
    static let retryDelayMax = TimeSpan.seconds(10)
    /// Calls in a row to a log that does not say what became of a transaction. Each waits for its own timeout; between rows
    /// of them the thread's other tasks get their turn.
    static let transactionCallsMax = 3
    /// How often an epoch is done again without records that the log refuses: what it refuses may come out bit by bit.
    static let refusalRoundsMax = 3
    /// How long a restore waits for what another process has committed to come into sight; a broker that is well takes
    /// milliseconds.
    static let offsetsWait = TimeSpan.seconds(60)
    /// Changes that a restore applies in one write: large enough that writes cost little, small beside the memory's shares.
    static let restoreChunkBytes = 4 << 20
    /// From one line about the progress of a restore to the next.
    static let restoreNoticeInterval = TimeSpan.seconds(5)
    /// How long a worker waits for records before it looks into its mailbox, where tasks come and go.
    static let commandWaitMax = TimeSpan.milliseconds(50)
    /// How long a group is kept waiting for tasks that go: long for a commit, short of the time after which a member that
    /// does not answer is taken for dead (a minute).
    static let withdrawalMax = TimeSpan.seconds(45)
    /// Keys of dropped state that one epoch deletes, and their bytes: a share of an epoch that leaves the rest to records.
    static let clearedKeysMax = 20_000
    static let clearedBytesMax = 1 << 20
    /// How far before a journal's end its follower begins: what is there may be places without records.
    static let journalLookBack: Int64 = 16
    /// How often journals of other processes' tasks are looked at.
    static let journalWait = TimeSpan.milliseconds(250)
    /// How long starting a topology over waits for the group to share out its tasks: others that do not answer are thrown out
    /// of it after a minute.
    static let startOverWait = TimeSpan.seconds(90)
    /// How long a membership waits for the group to say something before it looks whether the engine stops.
    static let membershipWait = TimeSpan.milliseconds(100)
}
