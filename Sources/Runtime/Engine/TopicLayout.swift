public import Base
import Planner
import Stores

extension ErrorCode {
    /// Sources that one topology reads have different numbers of partitions.
    public static let engineNotCopartitioned = ErrorCode("engine.not_copartitioned")
    /// A topology's sources have another number of partitions than when its tasks were first made.
    public static let enginePartitionsChanged = ErrorCode("engine.partitions_changed")
    /// The topic of a table lets go of records that are not old rows.
    public static let engineTableNotCompacted = ErrorCode("engine.table_not_compacted")
}

/// How many tasks topologies have, and how many partitions topics: what is the same for all on an embedded store, and
/// follows from the topics that are there on a log that others share.
struct TopicLayout: Sendable {
    /// By topology.
    let taskCounts: [String: Int]
    private let partitionCounts: [TopicName: Int]

    /// - Precondition: a topology of the engine.
    func taskCount(of topology: String) -> Int {
        guard let count = taskCounts[topology] else { preconditionFailure("'\(topology)' is no topology of the engine") }
        return count
    }

    /// - Precondition: a topic that one of the engine's topologies reads or writes.
    func partitionCount(of topic: TopicName) -> Int {
        guard let count = partitionCounts[topic] else { preconditionFailure("'\(topic)' is no topic of the engine") }
        return count
    }

    func tasks(of plans: [Plan]) -> [TaskID] {
        plans.flatMap { plan in
            (0..<taskCount(of: plan.topology)).map { TaskID(topology: plan.topology, partition: PartitionNumber($0)) }
        }
    }

    /// One number of partitions for all topics, and all topics made with it.
    static func uniform(_ plans: [Plan], _ settings: EngineSettings) -> (TopicLayout, make: [TopicDescription]) {
        let count = settings.partitionCount
        // What is a table to one topology keeps each key's last record, whoever else reads or writes the topic.
        let compacted = Set(plans.flatMap { $0.views.map(\.definition.topic) + $0.tables.map(\.topic) })
        let hops = Set(plans.flatMap { $0.hops.map(\.topic) })
        let topics = Set(plans.flatMap(\.topics)).sorted().map { name in
            let retention = hops.contains(name) ? Retention(age: Limits.hopRetention) : settings.retention
            return TopicDescription(
                name: name, partitionCount: count, retention: compacted.contains(name) ? Retention(isCompacted: true) : retention)
        }
        let layout = TopicLayout(
            taskCounts: Dictionary(uniqueKeysWithValues: plans.map { ($0.topology, count) }),
            partitionCounts: Dictionary(uniqueKeysWithValues: topics.map { ($0.name, count) }))
        return (layout, topics)
    }

    /// A topology has as many tasks as its sources have partitions, which is the same number for all of them but those that are
    /// rekeyed. Topics of others that are there stay as they are; the engine's own are made, or held against what they must be.
    ///
    /// 1. Sources that are there say how many tasks their topologies have, and with that how many partitions those of their
    ///    sources get that are not; again and again, since that decides about further topologies.
    /// 2. Where nothing is there, it is as many as the topology has that writes the source, else as a rekeyed source has, else as
    ///    the settings say.
    /// 3. The tasks topic, made first, keeps the number: who changes a source's partitions moves keys to other tasks than
    ///    their state. Where all sources are rekeyed it says how many tasks there are, whatever becomes of the sources.
    static func shared(
        _ plans: [Plan], _ settings: EngineSettings, existing: [TopicName: TopicDescription]
    ) throws -> (TopicLayout, make: [TopicDescription]) {
        var counts = existing.mapValues(\.partitionCount)
        var taskCounts: [String: Int] = [:]
        while taskCounts.count < plans.count {
            let undecided = plans.filter { taskCounts[$0.topology] == nil }
            let next = undecided.first { plan in (plan.copartitionedTopics + plan.rekeyedTopics).contains { counts[$0] != nil } }
                ?? undecided[0]
            let count = try taskCount(of: next, counts) ?? writersTaskCount(of: next, plans, taskCounts)
                ?? next.rekeyedTopics.compactMap { counts[$0] }.max() ?? settings.partitionCount
            taskCounts[next.topology] = count
            for topic in next.copartitionedTopics { counts[topic] = count }
            for topic in next.rekeyedTopics where counts[topic] == nil { counts[topic] = count }
        }
        try checkTables(plans, existing)
        for plan in plans {
            let count = taskCounts[plan.topology] ?? settings.partitionCount
            try checkTasks(of: plan, count, counts)
            for output in plan.outputs where counts[output.topic] == nil { counts[output.topic] = count }
        }
        var topics: [TopicName: TopicDescription] = [:]
        for plan in plans {
            for topic in topicsToMake(plan, taskCounts[plan.topology] ?? settings.partitionCount, counts, settings)
            where existing[topic.name] == nil || topic.name.isInternal {
                topics[topic.name] = topic
                counts[topic.name] = topic.partitionCount
            }
        }
        return (
            TopicLayout(taskCounts: taskCounts, partitionCounts: counts), topics.values.sorted { $0.name < $1.name }
        )
    }

    /// Nil: none of the topology's sources is there that says it.
    private static func taskCount(of plan: Plan, _ counts: [TopicName: Int]) throws -> Int? {
        if plan.copartitionedTopics.isEmpty { return counts[.tasks(of: plan.topology)] }
        let known = plan.copartitionedTopics.compactMap { topic in counts[topic].map { (topic: topic, count: $0) } }
        guard let first = known.first else { return nil }
        guard known.allSatisfy({ $0.count == first.count }) else {
            let list = known.map { "\($0.topic) \($0.count)" }.joined(separator: ", ")
            throw EngineError(
                .engineNotCopartitioned, .user, "the topics that topology '\(plan.topology)' reads differ in their partitions: \(list)",
                remedy: "Task p reads partition p of each, so that all records of a key meet. Give them the same number of partitions, "
                    + "or say 'rekey: true' of a source that has another number: then its rows are sent to the tasks of their keys.")
        }
        return first.count
    }

    private static func writersTaskCount(of plan: Plan, _ plans: [Plan], _ taskCounts: [String: Int]) -> Int? {
        let writers = plans.filter { writer in writer.outputs.contains { plan.copartitionedTopics.contains($0.topic) } }
        return writers.lazy.compactMap { taskCounts[$0.topology] }.first
    }

    private static func checkTasks(of plan: Plan, _ count: Int, _ counts: [TopicName: Int]) throws {
        guard let before = counts[.tasks(of: plan.topology)], before != count else { return }
        let sources = plan.copartitionedTopics.map(\.text).joined(separator: ", ")
        throw EngineError(
            .enginePartitionsChanged, .user,
            "topology '\(plan.topology)' has \(before) tasks, and the topics that it reads (\(sources)) now have \(count) partitions: "
                + "keys are in other partitions than their state",
            remedy: "Say 'rekey: true' of the sources: then their rows are sent to the tasks that have their keys' state. Or start over"
                + " under another name: change 'topology:' in the file. Or give up what topology '\(plan.topology)' has made: "
                + "delete the topics _pioneer.\(plan.topology).* and the group pioneer.\(plan.topology), and run it again.")
    }

    /// A table's rows are read again from its topic, which must not have let go of them.
    private static func checkTables(_ plans: [Plan], _ existing: [TopicName: TopicDescription]) throws {
        for plan in plans {
            for table in plan.tables {
                guard let retention = existing[table.topic]?.retention, !retention.isCompacted,
                    retention.age != nil || retention.bytesMax != nil
                else { continue }
                throw EngineError(
                    .engineTableNotCompacted, .user,
                    "table '\(table.name)' of topology '\(plan.topology)' reads topic '\(table.topic)', which lets go of old records: rows"
                        + " that are not written again would be gone",
                    remedy: "Have the topic keep the last record of each key: kafka-configs --alter --entity-type topics"
                        + " --entity-name \(table.topic) --add-config cleanup.policy=compact")
            }
        }
    }

    private static func topicsToMake(
        _ plan: Plan, _ taskCount: Int, _ counts: [TopicName: Int], _ settings: EngineSettings
    ) -> [TopicDescription] {
        func topic(_ name: TopicName, _ retention: Retention) -> TopicDescription {
            TopicDescription(name: name, partitionCount: counts[name] ?? taskCount, retention: retention)
        }
        func own(_ name: TopicName, _ retention: Retention) -> TopicDescription {
            TopicDescription(name: name, partitionCount: taskCount, retention: retention)
        }
        let open = (plan.sources.map(\.topic) + plan.outputs.map(\.topic)).map { topic($0, settings.retention) }
            + plan.tables.map { topic($0.topic, Retention(isCompacted: true)) }
            + plan.hops.map { own($0.topic, Retention(age: Limits.hopRetention)) }
        // What `keep` is over for is given up by offset (`TrimMarks`).
        let views = plan.views.map { own($0.definition.topic, Retention(isCompacted: true)) }
        return open + views + [
            own(.tasks(of: plan.topology), .forever),
            own(.changelog(of: plan.topology), Retention(isCompacted: true)),
            own(.journal(of: plan.topology), settings.retention), own(.deadLetters(of: plan.topology), settings.retention),
        ]
    }
}
