import Base
import Columns
import Planner
import Stores

// What a task reads, and in which order. Within a step tables come first, so that a row finds what was there before it;
// then sources; then hops, whose rows have come from other tasks or from this one.

extension TopologyTask {
    /// What rows come into a task by, and has a watermark. Of a rekeyed source it may be several partitions, or none.
    static func timedInputs(
        of plan: Plan, _ partition: PartitionNumber, _ settings: Settings
    ) -> [(origin: PlanInput, input: TaskInput)] {
        let taskCount = settings.partitionCount
        let sources = plan.sources.enumerated().flatMap { index, source in
            let partitionCount = settings.partitionCounts[source.topic] ?? taskCount
            let partitions = source.isRekeyed ? partition.sharers(of: partitionCount, among: taskCount) : [partition]
            return partitions.map { partition -> (PlanInput, TaskInput) in
                let reader = SourceReader(source, partition: partition, partitionCount: taskCount)
                return (.source(index), TaskInput(TopicPartition(source.topic, partition), .source(reader), outOfOrder: source.outOfOrder))
            }
        }
        let hops = plan.hops.enumerated().map { index, hop -> (PlanInput, TaskInput) in
            let reader = HopReader(hop, idleAfter: plan.sources[plan.sources(of: .hop(index))[0]].idleAfter)
            return (.hop(index), TaskInput(TopicPartition(hop.topic, partition), .hop(reader)))
        }
        return sources + hops
    }

    /// Those of tables that are everywhere come later: they depend on how many partitions the topics have then.
    static func tableInputs(_ tables: [TableFeed], _ partition: PartitionNumber) -> [TaskInput] {
        tables.filter { !$0.table.isEverywhere }.map { TaskInput(TopicPartition($0.table.topic, partition), .table($0)) }
    }

    /// The inputs that are sources, and which.
    var sourceInputs: [(index: Int, source: Int)] {
        origins.indices.compactMap { index in if case .source(let source) = origins[index] { (index, source) } else { nil } }
    }

    /// Indices of inputs.
    var readingOrder: [Int] {
        guard !tables.isEmpty else { return Array(inputs.indices) }
        return Array(origins.count..<inputs.count) + Array(origins.indices)
    }

    /// Takes up the tables that are everywhere from their start, to be read to where they end now.
    func restoreEverywhereTables() throws {
        inputs.removeAll { !$0.isKept }
        for feed in tables where feed.table.isEverywhere {
            guard let topic = try log.topic(feed.table.topic) else {
                throw LogErrors.unknownTopic(feed.table.topic, among: try log.topics().map(\.name))
            }
            for number in 0..<topic.partitionCount {
                var input = TaskInput(TopicPartition(topic.name, PartitionNumber(number)), .table(feed))
                let range = try log.range(of: input.partition)
                input.next = range.first
                input.reached = range.first
                input.loadEnd = range.end
                inputs.append(input)
            }
        }
    }

    enum TableLoading {
        /// Every table that is everywhere has been read to where it ended at the start.
        case done
        case read
        /// The log has more and has not brought it yet.
        case waiting
    }

    /// Reads a piece of a table that is everywhere and has not been read to its end since the start: before that no row comes.
    func loadTables() throws -> TableLoading {
        for index in inputs.indices {
            guard let end = inputs[index].loadEnd else { continue }
            if max(inputs[index].next, inputs[index].reached) < end {
                if try processNext(of: index) { return .read }
                guard inputs[index].reached >= end else { return .waiting }
            }
            inputs[index].loadEnd = nil
        }
        return .done
    }

    // MARK: Hops

    /// How far a source or hop has come in this task: of a source with several partitions here the least that holds it, as with
    /// the tasks of a hop (`HopReader`), and of one with none nothing, which holds nobody.
    func time(of origin: PlanInput) -> EpochRecord.UpstreamTime {
        var least: EventTime?, leastHolding: EventTime?
        for index in origins.indices where origins[index] == origin {
            let time = inputs[index].time
            if time.watermark > .earliest { least = min(least ?? .latest, time.watermark) }
            if !time.isIdle { leastHolding = min(leastHolding ?? .latest, time.watermark) }
        }
        return EpochRecord.UpstreamTime(watermark: leastHolding ?? least ?? .earliest, isIdle: leastHolding == nil)
    }

    /// What a mark to the hop would say now.
    private func time(of hop: HopWriter) -> EpochRecord.UpstreamTime { time(of: plan.origin(of: hop.hop.input)) }

    /// Who reads behind a hop takes this task for one: a row has met no more there than all partitions of its source that are
    /// read here have reached.
    func holdBack(_ batch: Batch, _ index: Int) {
        guard origins.count(where: { $0 == origins[index] }) > 1 else { return }
        let reached = time(of: origins[index]).watermark.microseconds, met = batch.watermarks.words
        for row in 0..<batch.count { met[row] = min(met[row], reached) }
    }

    /// Whether the tasks behind a hop have to be told of a time that they do not know.
    var areMarksDue: Bool { outputs.hops.contains { time(of: $0) != $0.marked } }

    /// Lets hops go on without those who have kept silent long enough since they woke.
    func endDoubts() throws {
        for index in origins.indices {
            guard let until = inputs[index].time.doubtUntil, clock >= until else { continue }
            try endDoubt(index)
        }
    }

    func endDoubt(_ index: Int) throws {
        HopReader.endDoubt(&inputs[index].time)
        steps.append(.believed(input: inputs[index].partition))
        try run(index, nil)
    }

    /// Whether the open epoch has something for the tasks behind a hop, these or others.
    var isAwaited: Bool { !isBroken && (areMarksDue || outputs.hops.contains { !$0.isEmpty }) }

    func writeMarks() {
        for hop in outputs.hops { hop.mark(time(of: hop), clock: clock) }
    }

    /// Takes for told what the last epoch has told. Another version of the topology may have had other hops: then all is told
    /// again, which changes nothing for those who know it.
    func restoreMarks(_ last: EpochRecord?) {
        let isSame = last?.topologyVersion == plan.version
        for hop in outputs.hops { hop.restore(marked: isSame ? time(of: hop) : EpochRecord.UpstreamTime()) }
    }
}
