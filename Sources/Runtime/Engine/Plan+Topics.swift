import Base
import Planner
import Stores

extension Plan {
    /// The topics of others of which task p reads partition p, and no more.
    var copartitionedTopics: [TopicName] {
        sources.filter { !$0.isRekeyed }.map(\.topic) + tables.filter { !$0.isEverywhere }.map(\.topic)
    }

    /// Those of which it may read several, or none.
    var rekeyedTopics: [TopicName] { sources.filter(\.isRekeyed).map(\.topic) }

    /// What the task of a number alone reads. Tables that are everywhere are not among it: all tasks read them.
    func ownInputs(_ number: PartitionNumber, _ layout: TopicLayout) -> [TopicPartition] {
        let taskCount = layout.taskCount(of: topology)
        let rekeyed = rekeyedTopics.flatMap { topic in
            number.sharers(of: layout.partitionCount(of: topic), among: taskCount).map { TopicPartition(topic, $0) }
        }
        return (copartitionedTopics + hops.map(\.topic)).map { TopicPartition($0, number) } + rekeyed
    }

    /// The topics the topology reads or writes, its internal ones included.
    var topics: [TopicName] {
        sources.map(\.topic) + tables.map(\.topic) + hops.map(\.topic) + outputs.map(\.topic) + views.map(\.definition.topic)
            + [.journal(of: topology), .deadLetters(of: topology)]
    }
}

extension PartitionNumber {
    /// The partitions of a rekeyed source's topic that the task of this number reads, of so many: every so many-th as there are
    /// tasks, so that each has its reader, which stays the same when more are added.
    func sharers(of partitionCount: Int, among taskCount: Int) -> [PartitionNumber] {
        stride(from: Int(number), to: partitionCount, by: taskCount).map { PartitionNumber($0) }
    }
}
