public import Base
import Columns
import Planner
import Stores

extension ErrorCode {
    /// A row is larger than a record of the log may be.
    public static let outputRowTooLarge = ErrorCode("output.row_too_large")
}

/// What an epoch has produced so far, as records ready for the log: outputs, view rows, rows on their way to other tasks,
/// dead letters.
final class TaskOutputs {
    private let task: TaskID
    /// Bytes of a record, as the log counts them.
    private let recordBytesMax: Int
    private let topics: [RowTopic]
    /// In the plan's order.
    let hops: [HopWriter]
    private let letters: DeadLetterWriter
    private var deadLetters: RecordBuffer { letters.buffer }

    /// One output or view: a topic that a stream's rows are written to.
    private final class RowTopic {
        let input: PlanInput
        let topic: TopicName
        let encoder: JSONRowEncoder
        let keys: KeyEncoder
        /// An output's rows are spread over its partitions by their key; a view's stay in the task's own.
        let isView: Bool
        /// By partition number, or just one where the task's own partition takes all.
        let buffers: [RecordBuffer]
        let value = ByteArena(capacity: 1_024)
        let key = ByteArena(capacity: 256)

        init(_ input: PlanInput, _ topic: TopicName, _ type: RowType, keyColumns: [Int], spreadOver partitions: Int?) {
            self.input = input
            self.topic = topic
            encoder = JSONRowEncoder(type: type)
            keys = KeyEncoder(columns: keyColumns, type: type)
            isView = partitions == nil
            buffers = (0..<(partitions ?? 1)).map { _ in RecordBuffer() }
        }
    }

    init(_ plan: Plan, task: TaskID, _ settings: TopologyTask.Settings, recordBytesMax: Int) {
        self.task = task
        self.recordBytesMax = recordBytesMax
        letters = DeadLetterWriter(recordBytesMax: recordBytesMax)
        hops = plan.hops.map { HopWriter($0, task: task, partitionCount: settings.partitionCount, recordBytesMax: recordBytesMax) }
        topics =
            plan.outputs.map {
                RowTopic(
                    $0.input, $0.topic, plan.type(of: $0.input), keyColumns: $0.keyColumns,
                    spreadOver: settings.partitionCounts[$0.topic] ?? settings.partitionCount)
            }
            + plan.views.map {
                // A view's key contains the partition key, so all rows of a key come from this task.
                RowTopic($0.input, $0.definition.topic, plan.type(of: $0.input), keyColumns: $0.keyColumns, spreadOver: nil)
            }
    }

    var byteCount: Int {
        let rows = topics.reduce(deadLetters.bytes.count) { $0 + $1.buffers.reduce(0) { $0 + $1.bytes.count } }
        return hops.reduce(rows) { $0 + $1.buffers.reduce(0) { $0 + $1.bytes.count } }
    }

    var isEmpty: Bool {
        deadLetters.isEmpty && topics.allSatisfy { $0.buffers.allSatisfy(\.isEmpty) } && hops.allSatisfy(\.isEmpty)
    }

    func removeAll() {
        deadLetters.removeAll(keepingAtMost: Limits.outputBytesKept)
        for buffer in topics.flatMap(\.buffers) + hops.flatMap(\.buffers) { buffer.removeAll(keepingAtMost: Limits.outputBytesKept) }
    }

    func buffers() -> [(partition: TopicPartition, buffer: RecordBuffer)] {
        var result: [(partition: TopicPartition, buffer: RecordBuffer)] = []
        for topic in topics {
            for (number, buffer) in topic.buffers.enumerated() where !buffer.isEmpty {
                let partition = topic.isView ? task.partition : PartitionNumber(number)
                result.append((TopicPartition(topic.topic, partition), buffer))
            }
        }
        for hop in hops {
            for (number, buffer) in hop.buffers.enumerated() where !buffer.isEmpty {
                result.append((TopicPartition(hop.hop.topic, PartitionNumber(number)), buffer))
            }
        }
        if !deadLetters.isEmpty {
            result.append((TopicPartition(.deadLetters(of: task.topology), task.partition), deadLetters))
        }
        return result
    }

    /// Whether any output or view takes the input's rows; hops do not count.
    func takes(_ input: PlanInput) -> Bool { topics.contains { $0.input == input } }

    /// Writes a batch's rows to the outputs and views that take them. The timestamp of a view's record is its event time,
    /// which `keep` counts from; that of an output's is the clock, because retention keeps it from when it was written:
    /// rows made of old events would else be gone before anybody reads them.
    ///
    /// A row that the log would refuse becomes a dead letter; returns how many did.
    func write(_ batch: Batch, from input: PlanInput, clock: EventTime) -> Int {
        var tooLargeCount = 0
        for hop in hops where hop.hop.input == input {
            for row in hop.write(batch, clock: clock) {
                writeDeadLetter(tooLarge: RowText.json(batch.row(row)), for: hop.hop.topic, clock: clock)
                tooLargeCount += 1
            }
        }
        for topic in topics where topic.input == input {
            topic.encoder.begin(batch.columns)
            topic.keys.begin(batch.columns)
            defer {
                topic.encoder.end()
                topic.keys.end()
            }
            let times = batch.eventTimes.words
            for row in 0..<batch.count {
                topic.key.removeAll()
                topic.value.removeAll()
                let hasKey = topic.keys.encode(row: row, into: topic.key)
                topic.encoder.encode(row: row, into: topic.value)
                guard topic.key.count + topic.value.count <= recordBytesMax else {
                    writeDeadLetter(tooLarge: topic.value, for: topic.topic, clock: clock)
                    tooLargeCount += 1
                    continue
                }
                let isSpread = hasKey && !topic.isView
                let number = isSpread ? Int(Hashing.partition(of: topic.key.bytes, among: topic.buffers.count).number) : 0
                topic.buffers[number].append(
                    timestamp: topic.isView ? times[row] : clock.microseconds, key: hasKey ? topic.key.bytes : nil,
                    value: topic.value.bytes)
            }
        }
        return tooLargeCount
    }

    private func writeDeadLetter(tooLarge row: ByteArena, for topic: TopicName, clock: EventTime) {
        writeDeadLetter(
            row: row, code: .outputRowTooLarge,
            message: "a row of \(row.count) bytes for '\(topic)' is larger than a record of the log may be (\(recordBytesMax) bytes)",
            operatorName: topic.text, clock: clock)
    }

    /// Writes a source record as it came, with the reason as headers.
    func writeDeadLetter(
        _ record: RecordView, from input: TopicPartition, code: ErrorCode, message: String, operatorName: String, clock: EventTime
    ) {
        letters.begin(code, message, operatorName: operatorName)
        letters.header(DeadLetterHeader.topic, input.topic.text)
        letters.header(DeadLetterHeader.partition, "\(input.partition)")
        letters.header(DeadLetterHeader.offset, "\(record.offset)")
        letters.append(timestamp: clock.microseconds, key: record.keyBytes, value: record.valueBytes)
    }

    /// Writes a row that an operator made and another could not use, as JSON.
    func writeDeadLetter(row: ByteArena, code: ErrorCode, message: String, operatorName: String, clock: EventTime) {
        letters.begin(code, message, operatorName: operatorName)
        letters.append(timestamp: clock.microseconds, key: nil, value: row.bytes)
    }
}

/// Names of a dead letter's headers.
public enum DeadLetterHeader {
    public static let code = "code"
    public static let message = "message"
    /// The stream whose operator could not use the record; the source's name when it could not be read.
    public static let operatorName = "operator"
    public static let topic = "topic"
    public static let partition = "partition"
    public static let offset = "offset"
    /// Only where the value was cut: its full length in bytes, and its `Hashing.table` in hexadecimal.
    public static let fullLength = "full_length"
    public static let fullHash = "full_hash"
}
