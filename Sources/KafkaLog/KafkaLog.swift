public import Base
import CRdKafka
public import Stores
import Synchronization

/// A Kafka cluster as the log: topics, offsets and records, nothing uncommitted.
///
/// - *Asking* (`KafkaLog+Topics.swift`): one client that reads nothing answers for topics, offsets and groups.
/// - *Reading in order* (`KafkaReader.swift`): `reader()` gives each thread a client of its own that fetches ahead.
/// - *Reading anywhere* (`read` here): a few readers that whoever asks takes turns with; it waits until records have
///   come or the end is known, so that what `range` has shown is read.
/// - *Appending* (`KafkaLog+Append.swift`): transactions.
public final class KafkaLog: EventLog, RecordAppender {
    public struct Settings: Sendable {
        /// Copies of each topic made here; nil: as the brokers are set.
        public var replication: Int?
        /// How long a call waits for brokers.
        public var callTimeout = TimeSpan.seconds(30)
        /// Bytes that a reader fetches ahead for each partition it reads.
        public var aheadBytesMax = KafkaReader.aheadBytesStandard

        public init() {}
    }

    public let id: LogID
    public let recordBytesMax: Int
    let properties: KafkaProperties
    let settings: Settings
    let asking: KafkaHandle
    let appends: KafkaWakeup
    let known = Mutex<[TopicName: TopicDescription]>([:])
    let shards: AppendShards
    private let readers: ReaderPool

    /// Connects.
    /// - Throws: `kafka.property`, `kafka.unreachable`, `kafka.authentication` and the like.
    public init(_ properties: KafkaProperties, _ settings: Settings = Settings()) throws(EngineError) {
        self.properties = properties
        self.settings = settings
        let asking = try KafkaHandle(
            .consumer, name: "log", properties,
            own: [("isolation.level", "read_committed"), ("enable.auto.commit", "false"), ("allow.auto.create.topics", "false")])
        self.asking = asking
        id = LogID(try Self.clusterID(asking, settings.callTimeout.wholeMilliseconds))
        recordBytesMax = max(1, Self.messageBytesMax(properties) - Self.batchBytesMax)
        appends = KafkaWakeup()
        readers = ReaderPool()
        shards = AppendShards(properties, timeout: settings.callTimeout)
    }

    /// What a batch of one record takes beside its key, value and headers, generously.
    private static let batchBytesMax = 1_024

    private static func clusterID(_ asking: KafkaHandle, _ timeoutMs: Int32) throws(EngineError) -> String {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        try asking.check(
            rd_kafka_metadata(asking.pointer, 0, nil, &metadata, timeoutMs), "the Kafka cluster could not be asked for its id")
        rd_kafka_metadata_destroy(metadata)
        guard let text = rd_kafka_clusterid(asking.pointer, timeoutMs) else {
            throw asking.error(RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, "the Kafka cluster has no id")
        }
        defer { rd_kafka_mem_free(asking.pointer, text) }
        return String(cString: text)
    }

    /// Ends connections and threads. Calls made later, and those under way, may throw; readers are closed by themselves.
    public func close() {
        shards.close()
        readers.close()
        appends.note()
    }

    public func reader() throws -> any EventLog { try KafkaReader(self, name: "reader", aheadBytesMax: settings.aheadBytesMax) }

    public var appendCount: UInt64 { appends.count }

    public func waitForAppend(since seen: UInt64, timeout: TimeSpan) { appends.wait(since: seen, timeout: timeout) }

    /// Waits for the brokers where needed: what was appended before the call is there.
    /// - Throws: beside the errors of `range`, `kafka.timed_out` (transient).
    public func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        batch.removeAll()
        let range = try range(of: partition)
        if offset < range.first { return .expired(first: range.first) }
        if offset > range.end { return .beyondEnd(end: range.end) }
        if offset == range.end { return .atEnd(reached: offset) }
        let watch = Stopwatch()
        return try readers.withReader(of: partition, at: offset, make: { try KafkaReader(self, name: "look-up", aheadBytesMax: 1 << 20) }) {
            reader in
            while true {
                let seen = appendCount
                switch try reader.read(partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax, into: batch) {
                case .atEnd(let reached) where reached < range.end: break
                case let outcome: return outcome
                }
                guard watch.elapsedSeconds < Double(settings.callTimeout.wholeMilliseconds) / 1_000 else {
                    throw asking.error(RD_KAFKA_RESP_ERR__TIMED_OUT, "\(partition) could not be read from offset \(offset)")
                }
                waitForAppend(since: seen, timeout: .milliseconds(100))
            }
        }
    }
}

/// Readers for whoever reads here and there; each serves one call at a time.
private final class ReaderPool: Sendable {
    /// Calls that are served at the same time; others wait their turn.
    private static let readersMax = 4

    private struct State {
        var idle: [KafkaReader] = []
        var count = 0
    }

    private let state = Monitor(State())

    /// Prefers a reader that stands at the offset, and then one that knows the partition.
    func withReader<R>(
        of partition: TopicPartition, at offset: Offset, make: () throws -> KafkaReader, _ body: (KafkaReader) throws -> R
    ) throws -> R {
        let taken = state.wait { state -> KafkaReader?? in
            let best = state.idle.indices.max { state.idle[$0].nearness(partition, offset) < state.idle[$1].nearness(partition, offset) }
            if let best, state.count == Self.readersMax || state.idle[best].nearness(partition, offset) > 0 {
                return .some(state.idle.remove(at: best))
            }
            guard state.count < Self.readersMax else { return nil }
            state.count += 1
            return .some(nil)
        }
        let reader: KafkaReader
        if case .some(.some(let idle)) = taken {
            reader = idle
        } else {
            do { reader = try make() } catch {
                state.withLock { $0.count -= 1 }
                state.wakeAll()
                throw error
            }
        }
        defer {
            reader.forgetAll(but: partition)
            state.withLock { $0.idle.append(reader) }
            state.wakeAll()
        }
        return try body(reader)
    }

    func close() { state.withLock { $0.idle.removeAll() } }
}

extension TimeSpan {
    var wholeMilliseconds: Int32 { Int32(clamping: microseconds / 1_000) }
}
