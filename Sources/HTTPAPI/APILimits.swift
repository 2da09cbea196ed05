import Base

/// The interface's limits, each with its reason.
public enum APILimits {
    /// A request's records: they are held in memory until they are in the log.
    public static let appendBytesMax = 16 << 20
    /// Rows of a view in one answer: it is built in memory.
    public static let rowsDefault = 100
    public static let rowsMax = 10_000
    /// Rows passed over before the answer: the store has to walk through them.
    public static let rowOffsetMax = 10_000_000
    /// Conditions of one query (with those in brackets), and values of one `in.(…)`: the store compiles them into one statement.
    static let conditionsMax = 64
    static let listValuesMax = 500
    static let orderColumnsMax = 16
    /// Columns of one answer, each name and aggregate counted: the store compiles them into one statement.
    static let outputsMax = 500
    /// Brackets within brackets of conditions: each is a call within a call, here and in the store.
    static let conditionDepthMax = 16
    /// Answers shorter than this go as they are: compressed they would hardly be fewer packets.
    static let compressedBytesMin = 1_024
    /// zlib's fastest: rows are so alike that higher levels save little more.
    static let compressionLevel = 1
    /// Records of a topic in one answer that does not follow.
    static let recordsDefault = 100
    static let recordsMax = 1_000_000
    /// What is read and sent at a time while records are streamed.
    static let chunkRecords = 500
    static let chunkBytes = 256 << 10
    /// Readers that follow a topic at once: each holds a connection.
    static let followersMax = 256
    /// How long a follower's wait for records lasts before it looks whether it should end.
    static let followWait = TimeSpan.seconds(1)
    /// Proxies close connections on which nothing happens; the shortest of their limits in use is half a minute.
    static let heartbeatInterval = TimeSpan.seconds(15)
    /// How often a follower of a view is told how fresh it is, at the most.
    static let watermarkInterval = TimeSpan.seconds(1)
    /// Threads for calls that block on the disk; one of them waits for appends while anyone follows.
    static let blockingThreads = 8
    /// Queries of views that wait while as many run as the store has connections for: each holds a request.
    static let queriesWaitingMax = 1_000
    /// How long such a query waits. After that, whoever asked has most likely given up.
    static let queryWait = TimeSpan.seconds(10)
    /// A client's name for itself (`AppendRequest.Producer`).
    static let producerCharactersMax = 128
}
