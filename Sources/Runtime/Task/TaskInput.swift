import Base
import Planner
import Stores

/// How far one input of a task has come in event time. Tables have none.
struct InputTime {
    let outOfOrder: TimeSpan
    /// `.earliest` until the first record.
    var maxEventTime = EventTime.earliest
    /// Of a source, the greatest event time less `out_of_order`; of a hop, what `HopReader` makes of `upstreams`. It is kept
    /// rather than computed because it never falls: windows that it has closed stay closed when the topology comes back
    /// with a longer `out_of_order`.
    var watermark = EventTime.earliest
    var isIdle = false
    /// Of a hop: what each task that writes to it has told.
    var upstreams: [EpochRecord.UpstreamTime] = []
    /// Of a hop that has woken: tasks whose word that they are idle is older than that. They hold time back again until they
    /// are heard of, or until `doubtUntil`.
    var doubted: Set<Int> = []
    var doubtUntil: EventTime?
}

/// One partition that a task reads, and how far it is.
struct TaskInput {
    enum Kind {
        case source(SourceReader)
        case hop(HopReader)
        case table(TableFeed)
    }

    let partition: TopicPartition
    let kind: Kind
    var next = Offset.zero
    /// Everything before it is known to be read: beyond `next` where the log has places without records.
    var reached = Offset.zero
    var time: InputTime
    /// The clock when the last record came; from the start on also when the task began to wait for it.
    var lastRecordAt = EventTime.earliest
    /// The clock when records were last read, and when the watermark last moved; not before the process started.
    var readAt = EventTime.earliest
    var movedAt = EventTime.earliest
    /// Of a table that is everywhere, while it is being read for the first time since the start: where it ended then.
    var loadEnd: Offset?

    init(_ partition: TopicPartition, _ kind: Kind, outOfOrder: TimeSpan = .zero) {
        self.partition = partition
        self.kind = kind
        time = InputTime(outOfOrder: outOfOrder)
    }

    /// Whether the task goes on from its last epoch's position. A table that is everywhere is read from its start instead.
    var isKept: Bool {
        if case .table(let feed) = kind { !feed.table.isEverywhere } else { true }
    }

    var position: EpochRecord.InputPosition {
        EpochRecord.InputPosition(
            input: partition, next: next, maxEventTime: time.maxEventTime, watermark: time.watermark, isIdle: time.isIdle,
            upstreams: time.upstreams, doubted: time.doubted, doubtUntil: time.doubtUntil)
    }

    /// The source's or table's name, or that of the stream or rekeyed source that the hop is there for.
    var name: String {
        switch kind {
        case .source(let reader): reader.source.name
        case .hop(let reader): reader.hop.name
        case .table(let feed): feed.table.name
        }
    }

    var status: InputStatus {
        var status = InputStatus(
            source: name, position: position, reached: max(reached, next), outOfOrder: time.outOfOrder, idleAfter: .zero,
            movedAt: movedAt, readAt: readAt)
        switch kind {
        case .source(let reader): status.idleAfter = reader.source.idleAfter
        case .hop: status.kind = .hop
        case .table: status.kind = .table
        }
        return status
    }
}
