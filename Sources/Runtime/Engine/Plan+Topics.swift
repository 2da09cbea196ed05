import Base
import Planner
import Stores

extension Plan {
    /// The topics of which task p reads partition p.
    var inputTopics: [TopicName] { sources.map(\.topic) }

    /// The topics the topology reads or writes, its internal ones included.
    var topics: [TopicName] {
        sources.map(\.topic) + outputs.map(\.topic) + views.map(\.definition.topic)
            + [.journal(of: topology), .deadLetters(of: topology)]
    }
}
