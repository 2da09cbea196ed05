import Base
import Columns
import NIOCore
import Stores

extension ErrorCode {
    /// A view's topic holds a record that the view's type cannot read.
    static let apiRowDamaged = ErrorCode("api.row_damaged")
}

/// Reads a view's topic from a position on and writes its records as events.
///
/// Every event carries the position after it. A partition's records come in order; partitions take turns, so that a long
/// one does not hold the others up. A position is therefore one offset a partition, and resuming from it gives exactly the
/// records that were not sent.
struct ChangeCursor: Sendable {
    let view: ViewDefinition
    let select: [ViewQuery.Output]
    let filter: RowFilter
    let digest: String
    private(set) var position: ChangePosition
    /// Events still wanted.
    private(set) var left: Int
    private var turn = 0
    /// The freshness that is told once everything up to it has been sent.
    private var pending: [PartitionNumber: ViewPosition]?
    private var told = EventTime.earliest

    init(_ query: ViewQuery, position: ChangePosition, digest: String, limit: Int) {
        view = query.view
        select = query.select
        filter = RowFilter(query.filter, of: query.view)
        self.position = position
        self.digest = digest
        left = limit
    }

    var id: String { position.text(digest: digest) }

    /// The next events; none when none of the records read passes. At the end the position stays. Blocks for the disk.
    /// Throws `api.row_damaged`.
    mutating func advance(_ log: any EventLog) throws -> ByteBuffer {
        let out = ByteArena(capacity: 4_096), records = RecordBatch(capacity: APILimits.chunkRecords)
        for step in position.next.indices where left > 0 && out.count < APILimits.chunkBytes {
            let number = (turn + step) % position.next.count
            let partition = TopicPartition(view.topic, PartitionNumber(number))
            let outcome = try log.read(
                partition, from: position.next[number], recordsMax: APILimits.chunkRecords, bytesMax: APILimits.chunkBytes,
                into: records)
            switch outcome {
            case .records(let following):
                try append(records, of: number, to: out)
                if left > 0 { position.next[number] = following }
            case .atEnd: continue
            case .expired(let first): expire(number, first, to: out)
            case .beyondEnd(let end): throw ChangesRoute.beyondEnd(partition, position.next[number], end)
            }
        }
        turn = (turn + 1) % max(1, position.next.count)
        return Self.buffer(out)
    }

    /// Retention or `keep` has passed the reader: it goes on with what is kept, and is told so.
    private mutating func expire(_ number: Int, _ first: Offset, to out: ByteArena) {
        let lost = position.next[number]
        position.next[number] = first
        let data = JSONOutput()
        data.object {
            data.field("partition", number)
            data.field("offset", lost.number)
            data.field("first_offset", first.number)
            data.field("message", "changes from offset \(lost) of partition \(number) are no longer kept; it goes on at \(first)")
            data.field("remedy", "query the view for the rows as they are now: /api/v1/views/\(view.name)")
        }
        ServerSentEvent.append("expired", id: id, data: data, to: out)
    }

    private func restart(_ number: Int, to out: ByteArena) {
        let data = JSONOutput()
        data.object {
            data.field("partition", number)
            data.field("message", "the topology was started over: rows of partition \(number) that were told before are void")
        }
        ServerSentEvent.append("restart", id: id, data: data, to: out)
    }

    // MARK: Rows

    private mutating func append(_ records: RecordBatch, of number: Int, to out: ByteArena) throws {
        let columns = try decode(records, of: number)
        let places = view.type.columns.enumerated().reduce(into: [:]) { $0[$1.element.flatName] = $1.offset }
        var row = 0
        for index in 0..<records.count where left > 0 {
            let record = records[index]
            position.next[number] = Offset(record.offset + 1)
            let data = JSONOutput()
            if RestartMark.isMark(record) {
                restart(number, to: out)
                continue
            }
            guard record.value != nil else {
                writeKey(record, to: data)
                ServerSentEvent.append("delete", id: id, data: data, to: out)
                left -= 1
                continue
            }
            let values = columns.map { Self.asStored($0.value(at: row)) }
            row += 1
            guard filter.passes(values) else { continue }
            data.object {
                for output in select {
                    let place = output.source.flatMap { places[$0] }
                    data.field(output.name) { data.value(place.map { values[$0] } ?? .null) }
                }
            }
            ServerSentEvent.append("upsert", id: id, data: data, to: out)
            left -= 1
        }
    }

    /// SQL has no NaN: a view answers null for it, and so do its changes.
    private static func asStored(_ value: Value) -> Value {
        if case .double(let number) = value, number.isNaN { .null } else { value }
    }

    private func decode(_ records: RecordBatch, of number: Int) throws -> [Column] {
        let decoder = JSONRecordDecoder(schema: Schema(name: view.name, rowType: view.type))
        decoder.begin(capacity: max(1, records.count))
        for index in 0..<records.count {
            let record = records[index]
            guard let value = record.value, !RestartMark.isMark(record),
                let fault = decoder.append(value, count: Int(record.valueLength))
            else { continue }
            throw EngineError(
                .apiRowDamaged, .environment,
                "record \(record.offset) of \(view.topic)[\(number)] does not fit view '\(view.name)': \(fault.message)",
                remedy: "Rebuild the view from its topology: pioneer run --rebuild \(view.topology) FILE.")
        }
        return decoder.finish()
    }

    /// A key of one text is its bytes, any other an array of JSON in the order of the key (`KeyEncoder`).
    private func writeKey(_ record: RecordView, to data: JSONOutput) {
        let bytes = record.keyBytes ?? UnsafeBufferPointer(start: nil, count: 0)
        data.object {
            if view.key.count == 1, view.type.columns.first(where: { $0.flatName == view.key[0] })?.type == .string {
                data.field(view.key[0], String(decoding: bytes, as: UTF8.self))
            } else if case .success(let json) = JSONValue.parse(bytes), let parts = json.elements, parts.count == view.key.count {
                for (name, part) in zip(view.key, parts) { data.field(name) { data.arena.append(part.description) } }
            }
        }
    }

    // MARK: Freshness

    /// The watermark's event once all rows before it have been sent; nil when there is nothing new to tell.
    ///
    /// A view's position says up to which offset a partition was projected when all rows before its watermark were in the
    /// topic. So the least watermark over the partitions is told when the reader has passed those offsets in all of them.
    mutating func watermarkEvent() -> ByteBuffer? {
        guard let pending, position.next.indices.allSatisfy({ number in
            pending[PartitionNumber(number)].map { $0.next <= position.next[number] } ?? false
        }) else { return nil }
        self.pending = nil
        let watermark = pending.values.map(\.watermark).min() ?? .earliest
        guard watermark > told else { return nil }
        told = watermark
        let data = JSONOutput(), out = ByteArena(capacity: 256)
        data.object { data.field("watermark", watermark) }
        ServerSentEvent.append("watermark", id: id, data: data, to: out)
        return Self.buffer(out)
    }

    var waitsForWatermark: Bool { pending != nil }

    /// Takes how fresh the view is, to be told when everything up to there has been sent.
    mutating func note(_ positions: [PartitionNumber: ViewPosition]) {
        // While a partition was never projected, nothing is known of its rows.
        guard positions.count >= position.next.count, let least = positions.values.map(\.watermark).min(), least > told else { return }
        pending = positions
    }

    /// What the stream begins with.
    var start: ByteBuffer {
        let out = ByteArena(capacity: 256)
        ServerSentEvent.appendStart(id: id, to: out)
        return Self.buffer(out)
    }

    /// The event that ends a stream that cannot go on.
    func failure(_ error: APIError) -> ByteBuffer {
        let out = ByteArena(capacity: 256)
        ServerSentEvent.append("failed", id: id, data: error.json, to: out)
        return Self.buffer(out)
    }

    var heartbeat: ByteBuffer {
        let out = ByteArena(capacity: 64)
        ServerSentEvent.appendHeartbeat(id: id, to: out)
        return Self.buffer(out)
    }

    private static func buffer(_ out: ByteArena) -> ByteBuffer { ByteBuffer(bytes: UnsafeRawBufferPointer(out.bytes)) }
}
