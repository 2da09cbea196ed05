import Base
import CRdKafka

/// librdkafka's list of partitions, freed with this object.
final class PartitionList {
    private let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(_ partitions: some Collection<TopicPartition>) {
        guard let list = rd_kafka_topic_partition_list_new(Int32(partitions.count)) else {
            preconditionFailure("librdkafka makes a list of \(partitions.count) partitions")
        }
        pointer = list
        for partition in partitions { rd_kafka_topic_partition_list_add(list, partition.topic.text, partition.partition.number) }
    }

    convenience init(_ offsets: [TopicPartition: Offset]) {
        self.init(offsets.keys)
        withElements { elements in
            for (index, offset) in offsets.values.enumerated() { elements[index].offset = offset.number }
        }
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    /// The list is alive as long as `body` runs.
    func with<R>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) { try body(pointer) }
    }

    /// In the order they were put in.
    func withElements<R>(_ body: (UnsafeMutableBufferPointer<rd_kafka_topic_partition_t>) throws -> R) rethrows -> R {
        try with { list in try body(UnsafeMutableBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))) }
    }
}
