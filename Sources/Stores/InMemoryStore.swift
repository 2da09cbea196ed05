public import Base

/// Log and state in plain memory: what `pioneer test` runs on, and what the other stores are compared with. It is made
/// to be obviously right, not to be small or fast.
///
/// Fault model. What may break, by order of a test through `failNext`:
/// - `.error`: the next commit or append throws `store.injected`; nothing of it is kept.
/// - `.errorAfterCommit`: it throws likewise, but everything is kept: the answer got lost on its way. A repeat of a
///   commit then commits once; a repeat of an append with a producer is a duplicate.
/// - `.abort`: the next commit answers `.aborted`; an append throws. Nothing is kept.
/// - `.fence`: the next commit answers `.fenced`, and so do all later ones of that task.
///
/// What never breaks: what was committed stays, in order, whole epochs at a time, for as long as the store lives.
/// Reads do not fail. Nothing survives the process.
public final class InMemoryStore: EventLog, RecordAppender, StateStore, EpochCommit {
    public enum Fault: Hashable, Sendable {
        case error, errorAfterCommit, abort, fence
    }

    /// Records as one append left them; never changed afterwards, so that batches may point into them.
    final class Chunk: @unchecked Sendable {
        let base: Int64
        let count: Int
        let bytes: ByteArena
        let maxTimestamp: Int64
        var end: Int64 { base + Int64(count) }

        init(base: Int64, copying buffer: RecordBuffer) {
            self.base = base
            count = buffer.count
            maxTimestamp = buffer.maxTimestamp
            bytes = ByteArena(capacity: buffer.bytes.count)
            bytes.append(UnsafeRawBufferPointer(buffer.bytes.bytes))
        }
    }

    struct Partition {
        /// In order of offsets, without gaps.
        var chunks: [Chunk] = []
        var first: Int64 = 0
        var end: Int64 = 0
    }

    struct Topic {
        var description: TopicDescription
        var partitions: [Partition]
        var lastSequences: [String: Int64] = [:]
    }

    struct Contents {
        var topics: [TopicName: Topic] = [:]
        var state: [[UInt8]: [UInt8]] = [:]
        /// The keys of `state`, ascending; nil when they have to be sorted again.
        var sortedKeys: [[UInt8]]?
        var epochs: [TaskID: EpochRecord] = [:]
        var fenced: Set<TaskID> = []
        /// As `LocalState`: the log that is followed, and how far.
        var followedLog: LogID?
        var positions: [TaskID: LocalPosition] = [:]
        var faults: [Fault] = []
        var appendCount: UInt64 = 0
    }

    public let id: LogID
    let contents: Monitor<Contents>

    /// - Parameter id: names the log; the caller makes it unique where that matters.
    public init(id: LogID = LogID("in-memory")) {
        self.id = id
        contents = Monitor(Contents())
    }

    /// The next commits and appends meet these faults, one each, in order.
    public func failNext(_ faults: Fault...) {
        contents.withLock { $0.faults.append(contentsOf: faults) }
    }

    /// Removes the oldest appends whose records are all older than `timestamp`, as retention does: the first append
    /// that holds a younger record stays, and so does everything after it.
    public func deleteRecords(before timestamp: EventTime, in partition: TopicPartition) throws {
        try contents.withLock { contents in
            try contents.withPartition(partition) { log in
                let kept = log.chunks.firstIndex { $0.maxTimestamp >= timestamp.microseconds } ?? log.chunks.count
                log.first = kept < log.chunks.count ? log.chunks[kept].base : log.end
                log.chunks.removeFirst(kept)
            }
        }
    }
}

extension ErrorCode {
    static let injected = ErrorCode("store.injected")
}

extension InMemoryStore.Contents {
    /// - Throws: `log.unknown_topic`, `log.unknown_partition`.
    mutating func withPartition<R>(_ name: TopicPartition, _ body: (inout InMemoryStore.Partition) throws -> R) throws -> R {
        guard let count = topics[name.topic]?.partitions.count else {
            throw LogErrors.unknownTopic(name.topic, among: topics.keys)
        }
        let index = Int(name.partition.number)
        guard index >= 0, index < count else { throw LogErrors.unknownPartition(name, count: count) }
        return try body(&topics[name.topic]!.partitions[index])
    }

    /// Appends a copy of the records and returns the first one's offset.
    mutating func append(_ buffer: RecordBuffer, to partition: TopicPartition) throws -> Offset {
        try withPartition(partition) { log in
            let base = log.end
            if !buffer.isEmpty {
                let chunk = InMemoryStore.Chunk(base: base, copying: buffer)
                log.chunks.append(chunk)
                log.end = chunk.end
            }
            return Offset(base)
        }
    }

    mutating func takeFault() -> InMemoryStore.Fault? { faults.isEmpty ? nil : faults.removeFirst() }

    static var injectedError: EngineError {
        EngineError(
            .injected, .environment, "a test had this write fail", remedy: "Repeat it.", isTransient: true)
    }
}
