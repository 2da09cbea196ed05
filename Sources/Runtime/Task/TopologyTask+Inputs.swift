import Base
import Planner
import Stores

// What a task reads, and in which order. Within a step tables come first, so that a row finds what was there before it;
// then sources; then hops, whose rows have come from other tasks or from this one.

extension TopologyTask {
    /// What rows come into a task by, in the order of `inputs`.
    static func timedInputs(of plan: Plan) -> [PlanInput] {
        plan.sources.indices.map(PlanInput.source) + plan.hops.indices.map(PlanInput.hop)
    }

    /// All but those of tables that are everywhere, which depend on how many partitions their topics have.
    static func inputs(
        of plan: Plan, _ partition: PartitionNumber, _ settings: Settings, _ tables: [TableFeed]
    ) -> [TaskInput] {
        let sources = plan.sources.map { source in
            TaskInput(
                TopicPartition(source.topic, partition),
                .source(SourceReader(source, partition: partition, partitionCount: settings.partitionCount)),
                outOfOrder: source.outOfOrder)
        }
        let hops = plan.hops.enumerated().map { number, hop in
            let source = plan.streams.first { $0.input == .hop(number) }.map { plan.sources[$0.sources[0]] }
            let reader = HopReader(hop, idleAfter: source?.idleAfter ?? .zero)
            return TaskInput(TopicPartition(hop.topic, partition), .hop(reader))
        }
        let partitioned = tables.filter { !$0.table.isEverywhere }
        return sources + hops + partitioned.map { TaskInput(TopicPartition($0.table.topic, partition), .table($0)) }
    }

    /// The first so many inputs have a watermark: sources and hops.
    var timedInputCount: Int { plan.sources.count + plan.hops.count }

    /// The index of the input that a source or hop is.
    func inputIndex(of origin: PlanInput) -> Int {
        switch origin {
        case .source(let index): index
        case .hop(let index): plan.sources.count + index
        case .stream(let index): inputIndex(of: plan.streams[index].origin)
        }
    }

    /// Indices of inputs.
    var readingOrder: [Int] {
        guard !tables.isEmpty else { return Array(inputs.indices) }
        return Array(timedInputCount..<inputs.count) + Array(0..<timedInputCount)
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

    /// What a mark to the hop would say now.
    private func time(of hop: HopWriter) -> EpochRecord.UpstreamTime {
        let input = inputIndex(of: plan.origin(of: hop.hop.input))
        return EpochRecord.UpstreamTime(watermark: inputs[input].time.watermark, isIdle: inputs[input].time.isIdle)
    }

    /// Whether the tasks behind a hop have to be told of a time that they do not know.
    var areMarksDue: Bool { outputs.hops.contains { time(of: $0) != $0.marked } }

    /// Lets hops go on without those who have kept silent long enough since they woke.
    func endDoubts() throws {
        for index in plan.sources.count..<timedInputCount {
            guard let until = inputs[index].time.doubtUntil, clock >= until else { continue }
            HopReader.endDoubt(&inputs[index].time)
            try run(index, nil)
        }
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
