public import Base
public import Columns
public import Planner
import Stores

extension TopologyDriver {
    /// A record of a topic, copied out.
    public struct Record: Hashable, Sendable {
        public var partition: PartitionNumber
        public var key: [UInt8]?
        public var value: [UInt8]?
        public var headers: [String: String]
    }

    /// All committed records of a topic, partition by partition, in order.
    public func records(of topic: TopicName) throws -> [Record] {
        var result: [Record] = []
        let batch = RecordBatch()
        for number in 0..<(try store.topic(topic)?.partitionCount ?? 0) {
            let partition = PartitionNumber(number)
            var next = Offset.zero
            while case .records(let after) = try store.read(
                TopicPartition(topic, partition), from: next, recordsMax: 4_096, bytesMax: 1 << 20, into: batch)
            {
                for index in 0..<batch.count { result.append(copy(batch[index], partition)) }
                next = after
            }
        }
        return result
    }

    private func copy(_ record: RecordView, _ partition: PartitionNumber) -> Record {
        let headers = record.headerBytes.flatMap { RecordHeaders.decode($0) } ?? []
        return Record(
            partition: partition, key: record.keyBytes.map { Array($0) }, value: record.valueBytes.map { Array($0) },
            headers: Dictionary(headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
    }

    /// The rows a view holds once everything committed is projected: the last of each key, in order of the keys' bytes.
    public func rows(ofView view: PlannedView) throws -> [[String: Value]] {
        var lastOfKey: [[UInt8]: [UInt8]] = [:]
        for record in try records(of: view.definition.topic) {
            if let key = record.key, let value = record.value { lastOfKey[key] = value }
        }
        let decoder = JSONRecordDecoder(schema: Schema(name: view.definition.name, rowType: view.definition.type))
        decoder.begin(capacity: max(1, lastOfKey.count))
        for (_, value) in lastOfKey.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let fault = value.withUnsafeBufferPointer { decoder.append($0.baseAddress!, count: $0.count) }
            precondition(fault == nil, "the engine reads what it wrote")
        }
        let columns = decoder.finish()
        return (0..<lastOfKey.count).map { row in
            Dictionary(zip(view.definition.type.columns.map(\.path), columns.map { $0.value(at: row) })) { $1 }
        }
    }
}
