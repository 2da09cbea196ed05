import Base
@testable import Runtime
import Stores
import Testing

let ledgerTask = TaskID(topology: "t", partition: PartitionNumber(0))
let ledgerEvents = TopicPartition(TopicName("events")!, PartitionNumber(0))
let ledgerRows = TopicPartition(TopicName("rows")!, PartitionNumber(0))

/// The record of the epoch of that number: it has read ten records of the events, and nothing of it is left to chance.
func epochRecord(_ epoch: UInt64) -> EpochRecord {
    EpochRecord(
        epoch: Epoch(epoch), topologyVersion: "v1",
        steps: [.slice(input: ledgerEvents, from: Offset(Int64(epoch) * 10 - 10), to: Offset(Int64(epoch) * 10))],
        positions: [
            .init(
                input: ledgerEvents, next: Offset(Int64(epoch) * 10), maxEventTime: EventTime(seconds: Int64(epoch)),
                watermark: EventTime(seconds: Int64(epoch)), isIdle: false)
        ],
        clock: EventTime(seconds: 1_000 + Int64(epoch)), watermark: EventTime(seconds: Int64(epoch)))
}

func ledgerBytes(_ text: String) -> UnsafeBufferPointer<UInt8> {
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    _ = copy.initialize(from: text.utf8)
    return UnsafeBufferPointer(copy)
}

/// A shared log, a disk, and a process that owns the task, or several after one another.
final class LedgerBench {
    let cluster: ScriptedCluster
    var local = InMemoryStore()
    var settings = TaskLedger.Settings()
    var now = EventTime(seconds: 1_000)

    init() throws {
        cluster = try ScriptedCluster(
            topics: [ledgerEvents.topic, ledgerRows.topic, .changelog(of: "t"), .journal(of: "t"), .deadLetters(of: "t")])
        settings.owner = TaskOwner(instance: "one", host: "host-1")
    }

    func ledger() -> TaskLedger {
        TaskLedger(
            ledgerTask, inputs: [ledgerEvents], cluster: cluster, membership: cluster, log: cluster.reading, local: local,
            settings: settings)
    }

    /// Steps on until the ledger is ready; each step takes a second.
    @discardableResult
    func restore(_ ledger: TaskLedger, stepsMax: Int = 1_000) throws -> [RestoreProgress] {
        var seen: [RestoreProgress] = []
        for _ in 0..<stepsMax {
            now = now + .seconds(1)
            guard case .restoring(let progress) = try ledger.restoreStep(now: now) else { return seen }
            seen.append(progress)
        }
        throw EngineError(ErrorCode("test.endless"), .internal, "the restore did not end: \(seen.last as Any)")
    }

    func restored() throws -> TaskLedger {
        let ledger = ledger()
        try restore(ledger)
        return ledger
    }

    /// The epoch of that number: a row, and some changed and deleted state.
    func write(_ epoch: UInt64, rows: [String]? = nil) -> EpochWrite {
        let outputs = RecordBuffer()
        for row in rows ?? ["row \(epoch)"] {
            let bytes = ledgerBytes(row)
            outputs.append(timestamp: Int64(epoch), key: nil, value: bytes)
            bytes.deallocate()
        }
        var changes = StateChanges()
        for (key, value) in Self.changes(epoch) {
            (StateScope.taskPrefix(ledgerTask) + Array(key.utf8)).withUnsafeBytes { key in
                guard let value else { return changes.delete(key: key) }
                Array(value.utf8).withUnsafeBytes { changes.put(key: key, value: $0) }
            }
        }
        return EpochWrite(task: ledgerTask, record: epochRecord(epoch), outputs: [(ledgerRows, outputs)], changes: changes)
    }

    private static func changes(_ epoch: UInt64) -> [(String, String?)] {
        [("count", "\(epoch)"), ("of \(epoch % 7)", "\(epoch)"), ("of \((epoch + 3) % 7)", nil), ("empty", "")]
    }

    /// What the state holds after that many epochs.
    static func state(_ epochs: UInt64) -> [String: String] {
        var state: [String: String] = [:]
        for epoch in 0..<epochs { for (key, value) in changes(epoch + 1) { state[key] = value } }
        return state
    }

    func state(_ local: InMemoryStore? = nil) throws -> [String: String] {
        var state: [String: String] = [:]
        let prefix = StateScope.taskPrefix(ledgerTask)
        try prefix.withUnsafeBytes { prefix in
            try (local ?? self.local).scan(prefix: prefix, from: prefix) { key, value in
                state[String(decoding: key.dropFirst(prefix.count), as: UTF8.self)] = String(decoding: value, as: UTF8.self)
                return true
            }
        }
        return state
    }

    /// The records of a partition, in order.
    func records(_ partition: TopicPartition) throws -> [(value: [UInt8]?, headers: [String: String])] {
        var found: [(value: [UInt8]?, headers: [String: String])] = []
        let batch = RecordBatch()
        var offset = Offset.zero
        while case .records(let next) = try cluster.log.read(partition, from: offset, recordsMax: 100, bytesMax: 1 << 20, into: batch) {
            for index in 0..<batch.count {
                let headers = batch[index].headerBytes.flatMap { RecordHeaders.decode($0) } ?? []
                found.append((batch[index].valueBytes.map { Array($0) }, Dictionary(headers.map { ($0.name, $0.value) }) { $1 }))
            }
            offset = next
        }
        return found
    }

    func texts(_ partition: TopicPartition) throws -> [String] {
        try records(partition).map { String(decoding: $0.value ?? [], as: UTF8.self) }
    }

    /// Log, group and state are exactly of a straight run of that many epochs.
    func expect(epochs: UInt64, line: Testing.SourceLocation = #_sourceLocation) throws {
        let all = epochs == 0 ? [] : Array(1...epochs)
        #expect(try texts(ledgerRows) == all.map { "row \($0)" }, sourceLocation: line)
        let journal = try records(TopicPartition(.journal(of: "t"), PartitionNumber(0)))
        #expect(journal.map { $0.value?.withUnsafeBytes(EpochRecord.init(decoding:)) } == all.map(epochRecord), sourceLocation: line)
        #expect(cluster.group[ledgerEvents] == (epochs == 0 ? nil : Offset(Int64(epochs) * 10)), sourceLocation: line)
        #expect(try local.lastEpoch(of: ledgerTask) == all.last.map(epochRecord), sourceLocation: line)
        #expect(try state() == Self.state(epochs), sourceLocation: line)
        let changelog = Changelog.partition(of: ledgerTask)
        let ends = [try cluster.log.range(of: changelog).end, try cluster.reading.end(of: changelog)]
        let position = try local.position(of: ledgerTask)?.changelog
        #expect(epochs == 0 ? position == nil : ends.contains(position ?? .zero), sourceLocation: line)
    }
}

/// The code of what the body throws; nil: nothing, or what has no code.
func thrownCode(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return (error as? EngineError)?.code.text
    }
}
