import Base
import Columns
import Planner
import Stores

/// What a task writes to one hop in an epoch: rows, each to the partition that its group belongs to, and at the end, where
/// time has moved, a mark to every partition.
final class HopWriter {
    let hop: PlannedHop
    /// By partition number.
    let buffers: [RecordBuffer]
    /// What the last mark says; as if one had said nothing at the start, which is what readers take for granted.
    private(set) var marked = EpochRecord.UpstreamTime()

    private let task: UInt32
    private let recordBytesMax: Int
    private let rows: RowEncoder
    private let keys: KeyEncoder
    private let key = ByteArena(capacity: 256)
    private let value = ByteArena(capacity: 1_024)

    /// - Parameter recordBytesMax: bytes of a record, as the log counts them.
    init(_ hop: PlannedHop, task: TaskID, partitionCount: Int, recordBytesMax: Int) {
        self.recordBytesMax = recordBytesMax
        self.hop = hop
        self.task = UInt32(task.partition.number)
        buffers = (0..<partitionCount).map { _ in RecordBuffer() }
        rows = RowEncoder(RowLayout(columns: hop.columns, of: hop.type))
        keys = KeyEncoder(columns: hop.keyColumns, type: hop.type)
    }

    var isEmpty: Bool { buffers.allSatisfy(\.isEmpty) }

    /// Writes the rows, but for those that the log would refuse: returns these.
    func write(_ batch: Batch, clock: EventTime) -> [Int] {
        var tooLarge: [Int] = []
        rows.begin(batch.columns)
        keys.begin(batch.columns)
        defer {
            rows.end()
            keys.end()
        }
        let times = batch.eventTimes.words, watermarks = batch.watermarks.words
        for row in 0..<batch.count {
            key.removeAll()
            keys.encodeGroup(row: row, into: key)
            value.removeAll()
            HopFormat.append(
                row: task, watermark: watermarks[row], eventTime: times[row], layout: rows.layout.fingerprint, to: value)
            rows.encode(row: row, into: value)
            guard key.count + value.count <= recordBytesMax else {
                tooLarge.append(row)
                continue
            }
            let number = Int(Hashing.partition(of: key.bytes, among: buffers.count).number)
            buffers[number].append(timestamp: clock.microseconds, key: key.bytes, value: value.bytes)
        }
        return tooLarge
    }

    /// Writes a mark to every partition, unless the last one says the same: a repeated commit writes none twice.
    func mark(_ time: EpochRecord.UpstreamTime, clock: EventTime) {
        guard time != marked else { return }
        marked = time
        value.removeAll()
        HopFormat.append(mark: task, watermark: time.watermark, isIdle: time.isIdle, to: value)
        for buffer in buffers { buffer.append(timestamp: clock.microseconds, key: nil, value: value.bytes) }
    }

    /// Forgets what was not committed. - Parameter marked: what the last committed mark says.
    func restore(marked: EpochRecord.UpstreamTime) {
        for buffer in buffers { buffer.removeAll() }
        self.marked = marked
    }
}
