import Base

/// What is written to a hop's topic, version 1. Rows are keyed by what the stream behind the hop groups by
/// (`KeyEncoder.encodeGroup`), marks have no key. All numbers are little-endian.
///
///     row:  [1][task u32][watermark i64][event time i64][layout u32][row]
///     mark: [2][task u32][watermark i64][idle u8]
///
/// - task: the number of the task that writes. Its records lie in a partition in the order that it made them.
/// - watermark, of a row: what the row had met in that task, so that the hop changes nothing about which rows are late. Of
///   a mark: what the task has reached at the end of the epoch, where that or its being idle has changed.
/// - layout, row: `RowLayout`'s fingerprint, and a row in it.
enum HopFormat {
    static let rowKind: UInt8 = 1
    static let markKind: UInt8 = 2

    static func append(row task: UInt32, watermark: Int64, eventTime: Int64, layout: UInt32, to arena: ByteArena) {
        arena.append(byte: rowKind)
        arena.append(littleEndian: task)
        arena.append(littleEndian: watermark)
        arena.append(littleEndian: eventTime)
        arena.append(littleEndian: layout)
    }

    static func append(mark task: UInt32, watermark: EventTime, isIdle: Bool, to arena: ByteArena) {
        arena.append(byte: markKind)
        arena.append(littleEndian: task)
        arena.append(littleEndian: watermark.microseconds)
        arena.append(byte: isIdle ? 1 : 0)
    }

    enum Record {
        case row(task: Int, watermark: Int64, eventTime: Int64, layout: UInt32, bytes: UnsafeRawBufferPointer)
        case mark(task: Int, watermark: EventTime, isIdle: Bool)
    }

    /// Nil when the bytes are neither a row nor a mark.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Record? {
        var reader = ByteReader(bytes)
        guard let kind = reader.littleEndian(UInt8.self), let task = reader.littleEndian(UInt32.self),
            let watermark = reader.littleEndian(Int64.self)
        else { return nil }
        switch kind {
        case rowKind:
            guard let eventTime = reader.littleEndian(Int64.self), let layout = reader.littleEndian(UInt32.self) else { return nil }
            return .row(
                task: Int(task), watermark: watermark, eventTime: eventTime, layout: layout,
                bytes: UnsafeRawBufferPointer(rebasing: bytes[reader.position...]))
        case markKind:
            guard let idle = reader.littleEndian(UInt8.self), idle <= 1, reader.isAtEnd else { return nil }
            return .mark(task: Int(task), watermark: EventTime(microseconds: watermark), isIdle: idle == 1)
        default: return nil
        }
    }
}
