public import Base
import Stores

extension ErrorCode {
    /// The log does not take a row that a topology writes.
    public static let outputRefused = ErrorCode("output.refused")
}

/// An epoch's outputs without the records that the log does not take, which become dead letters instead.
struct RefusedOutputs {
    private struct Entry {
        /// Among the partition's records as the epoch had them.
        var partition: TopicPartition
        var index: Int
        var reason: String
        /// The dead letter's value is cut to this.
        var valueBytesMax: Int
    }

    private let task: TaskID
    private let outputs: [(partition: TopicPartition, buffer: RecordBuffer)]
    private let clock: EventTime
    private let deadLetters: TopicPartition
    private var entries: [Entry] = []

    /// Records that are larger than the log takes are left out from the start.
    init(_ write: EpochWrite, recordBytesMax: Int) {
        task = write.task
        outputs = write.outputs
        clock = write.record.clock
        deadLetters = TopicPartition(.deadLetters(of: write.task.topology), write.task.partition)
        leaveOut(Self.tooLarge(write.outputs, recordBytesMax: recordBytesMax))
    }

    /// Records of more than `recordBytesMax` bytes. - Complexity: O(1) for a buffer with fewer bytes than that.
    static func tooLarge(
        _ sends: [(partition: TopicPartition, buffer: RecordBuffer)], recordBytesMax: Int
    ) -> [TransactionFault.RefusedRecord] {
        var found: [TransactionFault.RefusedRecord] = []
        var counts: [TopicPartition: Int] = [:]
        for (partition, buffer) in sends {
            let base = counts[partition, default: 0]
            counts[partition] = base + buffer.count
            guard buffer.bytes.count > recordBytesMax else { continue }
            forEach(buffer) { index, record in
                let bytes = Int(record.keyLength) + Int(record.valueLength) + Int(record.headersLength)
                guard bytes > recordBytesMax else { return }
                let reason = "the record has \(bytes) bytes, and the log takes at most \(recordBytesMax)"
                found.append(TransactionFault.RefusedRecord(partition: partition, index: base + index, reason: reason))
            }
        }
        return found
    }

    // MARK: Finding the refused

    /// Whether all of them are outputs that can become dead letters, or dead letters that can be made smaller.
    func canLeaveOut(_ refused: [TransactionFault.RefusedRecord]) -> Bool {
        !refused.isEmpty
            && refused.allSatisfy { record in
                switch place(of: record) {
                case .output: true
                case .deadLetter(let entry): entries[entry].valueBytesMax > Limits.deadLetterBytesMin
                case nil: false
                }
            }
    }

    mutating func leaveOut(_ refused: [TransactionFault.RefusedRecord]) {
        // All places are looked up before any changes.
        for (record, place) in refused.map({ ($0, place(of: $0)) }) {
            switch place {
            case .output(let index):
                let isDeadLetter = record.partition == deadLetters
                entries.append(
                    Entry(
                        partition: record.partition, index: index, reason: record.reason,
                        valueBytesMax: isDeadLetter ? Limits.deadLetterBytesMin : Limits.deadLetterBytesMax))
            case .deadLetter(let entry): entries[entry].valueBytesMax = Limits.deadLetterBytesMin
            case nil: break
            }
        }
    }

    private enum Place {
        case output(Int)
        /// One that was made of a refused record, by its entry.
        case deadLetter(Int)
    }

    /// What a record of the last `sends()` is. Nil: no output.
    private func place(of record: TransactionFault.RefusedRecord) -> Place? {
        let count = outputs.reduce(0) { $0 + ($1.partition == record.partition ? $1.buffer.count : 0) }
        let leftOut = Set(entries.lazy.filter { $0.partition == record.partition }.map(\.index))
        let kept = count - leftOut.count
        if record.index < kept {
            return (0..<count).lazy.filter { !leftOut.contains($0) }.dropFirst(record.index).first.map { .output($0) }
        }
        let entry = record.index - kept
        return record.partition == deadLetters && entries.indices.contains(entry) ? .deadLetter(entry) : nil
    }

    // MARK: The rest

    /// What is to be sent: the buffers themselves where nothing was left out, and the dead letters last.
    func sends() -> [(partition: TopicPartition, buffer: RecordBuffer)] {
        guard !entries.isEmpty else { return outputs }
        var result: [(partition: TopicPartition, buffer: RecordBuffer)] = []
        let letters = DeadLetterWriter()
        // By entry; `place` counts in the order of the entries.
        var refused: [Int: RecordView] = [:]
        var counts: [TopicPartition: Int] = [:]
        for (partition, buffer) in outputs {
            let base = counts[partition, default: 0]
            counts[partition] = base + buffer.count
            let here = entries.indices.filter {
                entries[$0].partition == partition && (base..<base + buffer.count).contains(entries[$0].index)
            }
            guard !here.isEmpty else {
                result.append((partition, buffer))
                continue
            }
            let byIndex = Dictionary(here.map { (entries[$0].index - base, $0) }) { first, _ in first }
            let rest = RecordBuffer(capacity: buffer.bytes.count)
            Self.forEach(buffer) { index, record in
                if let entry = byIndex[index] {
                    refused[entry] = record
                } else {
                    rest.append(timestamp: record.timestamp, key: record.keyBytes, value: record.valueBytes, headers: record.headerBytes)
                }
            }
            if !rest.isEmpty { result.append((partition, rest)) }
        }
        for (index, entry) in entries.enumerated() {
            if let record = refused[index] { write(record, entry, to: letters) }
        }
        if !letters.buffer.isEmpty { result.append((deadLetters, letters.buffer)) }
        return result
    }

    private func write(_ record: RecordView, _ entry: Entry, to letters: DeadLetterWriter) {
        if entry.partition == deadLetters, let headers = record.headerBytes {
            // It says already what was wrong; the log does not take its size.
            letters.begin(headers: headers)
        } else {
            letters.begin(.outputRefused, entry.reason, operatorName: nil)
            letters.header(DeadLetterHeader.topic, entry.partition.topic.text)
            letters.header(DeadLetterHeader.partition, "\(entry.partition.partition)")
        }
        let key = record.keyBytes.flatMap { $0.count > Limits.deadLetterKeyBytesMax ? nil : $0 }
        letters.append(timestamp: clock.microseconds, key: key, value: record.valueBytes, valueBytesMax: entry.valueBytesMax)
    }

    private static func forEach(_ buffer: RecordBuffer, _ body: (Int, RecordView) -> Void) {
        let batch = RecordBatch(capacity: buffer.count)
        let isWhole = RecordBuffer.decode(
            UnsafeRawBufferPointer(buffer.bytes.bytes), baseOffset: 0, from: 0, limit: buffer.count, into: batch)
        precondition(isWhole, "a buffer holds whole records")
        for index in 0..<batch.count { body(index, batch[index]) }
    }
}
