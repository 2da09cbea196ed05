import Base
import Planner
import Stores

extension Plan {
    /// The topics of others of which task p reads partition p.
    var inputTopics: [TopicName] { sources.map(\.topic) + tables.filter { !$0.isEverywhere }.map(\.topic) }

    /// What the task of a number alone reads. Tables that are everywhere are not among it: all tasks read them.
    func ownInputs(_ number: PartitionNumber) -> [TopicPartition] {
        (inputTopics + hops.map(\.topic)).map { TopicPartition($0, number) }
    }

    /// The topics the topology reads or writes, its internal ones included.
    var topics: [TopicName] {
        sources.map(\.topic) + tables.map(\.topic) + hops.map(\.topic) + outputs.map(\.topic) + views.map(\.definition.topic)
            + [.journal(of: topology), .deadLetters(of: topology)]
    }
}
