import Base
import Stores

/// The store's format on disk, version 1. `RocksStore.docc/Format.md` is the page for readers; this file is its code.
///
/// Directory: a file `FORMAT` with the text `pioneer-store 1\n`, and RocksDB's own files. Column families:
///
/// `default` (meta), by the key's first byte:
/// ```
/// 01                                      log id: UTF-8
/// 02 [topic name]                         topic: [version u8 = 1][number u32][partitions u32][flags u8: 1 age, 2 bytes,
///                                                4 compacted][age µs i64][bytes max i64]
/// 03 [topic u32 BE][partition u32 BE]     partition: [version u8 = 1][first offset i64][end at that time i64]
///                                                [cleaned up to i64]
/// 04 [topic u32 BE][producer id]          producer: [version u8 = 1][last sequence i64][when, µs i64]
/// 05 [task prefix]                        the task's last `EpochRecord`, as it encodes itself
/// 06 [task prefix]                        position in a changelog: [version u8 = 1][next offset i64][applied at, µs i64]
///                                                [the last `EpochRecord`; nothing in the midst of an epoch]
/// 07                                      id of the log that the changelogs are of: UTF-8
/// ```
/// `chunks`: `[topic u32 BE][partition u32 BE][base offset i64 BE]` → a `ChunkHeader`.
/// `payloads`: the same key → the chunk's records, as `RecordBuffer` encodes them, packed by the header's codec.
/// `state`: operators' keys and values as they are.
///
/// Integers are little-endian unless marked BE. Topic numbers are given out from 1 and never used again. Offsets are
/// never negative, so their big-endian bytes sort as they do.
enum Format {
    static let version = 1
    static let fileName = "FORMAT"
    static let fileLabel = "pioneer-store"

    static let valueVersion: UInt8 = 1
    static let logIDKey: [UInt8] = [1]
    static let topicPrefix: UInt8 = 2
    static let partitionPrefix: UInt8 = 3
    static let producerPrefix: UInt8 = 4
    static let epochPrefix: UInt8 = 5
    static let positionPrefix: UInt8 = 6
    static let followedLogKey: [UInt8] = [7]

    static func topicKey(_ name: TopicName) -> [UInt8] { [topicPrefix] + Array(name.text.utf8) }

    static func partitionKey(_ log: LogKey) -> [UInt8] { [partitionPrefix] + log.prefix }

    static func producerKey(topic: UInt32, producer: String) -> [UInt8] {
        [producerPrefix] + bigEndian(topic) + Array(producer.utf8)
    }

    static func epochKey(_ task: TaskID) -> [UInt8] { [epochPrefix] + StateScope.taskPrefix(task) }

    static func positionKey(_ task: TaskID) -> [UInt8] { [positionPrefix] + StateScope.taskPrefix(task) }

    /// The task in a key of its epoch or position; nil when the key is damaged.
    static func task(inKey key: UnsafeRawBufferPointer) -> TaskID? {
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: key.dropFirst()))
        guard let length = reader.littleEndian(UInt8.self), let name = reader.take(Int(length)),
            let partition = reader.bigEndian(UInt32.self), reader.isAtEnd
        else { return nil }
        return TaskID(topology: String(decoding: name, as: UTF8.self), partition: PartitionNumber(Int32(bitPattern: partition)))
    }

    static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// The least byte string greater than all that start with `prefix`; nil when there is none.
    static func successor(of prefix: some Sequence<UInt8>) -> [UInt8]? {
        var bytes = Array(prefix)
        while let last = bytes.popLast() {
            if last < 255 { return bytes + [last + 1] }
        }
        return nil
    }
}

/// One partition's log, by the numbers its keys start with.
struct LogKey: Hashable, Sendable {
    let topic: UInt32
    let partition: UInt32

    static let chunkKeyBytes = 16

    var prefix: [UInt8] { Format.bigEndian(topic) + Format.bigEndian(partition) }

    func chunkKey(_ base: Int64) -> [UInt8] { prefix + Format.bigEndian(base) }

    /// The base offset in a chunk's key.
    static func base(in key: UnsafeRawBufferPointer) -> Int64 {
        Int64(bigEndian: key.loadUnaligned(fromByteOffset: 8, as: Int64.self))
    }
}

/// What a topic's meta entry holds.
struct TopicEntry {
    var number: UInt32
    var description: TopicDescription

    func encode() -> [UInt8] {
        let arena = ByteArena(capacity: 32)
        let retention = description.retention
        let flags = (retention.age == nil ? 0 : 1) | (retention.bytesMax == nil ? 0 : 2) | (retention.isCompacted ? 4 : 0)
        arena.append(byte: Format.valueVersion)
        arena.append(littleEndian: number)
        arena.append(littleEndian: UInt32(description.partitionCount))
        arena.append(byte: UInt8(flags))
        arena.append(littleEndian: retention.age?.microseconds ?? 0)
        arena.append(littleEndian: Int64(retention.bytesMax ?? 0))
        return Array(arena.bytes)
    }

    /// Nil when the bytes are damaged or of another version.
    init?(name: TopicName, decoding bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard reader.littleEndian(UInt8.self) == Format.valueVersion, let number = reader.littleEndian(UInt32.self),
            let partitions = reader.littleEndian(UInt32.self), let flags = reader.littleEndian(UInt8.self),
            let age = reader.littleEndian(Int64.self), let bytesMax = reader.littleEndian(Int64.self)
        else { return nil }
        let retention = Retention(
            age: flags & 1 == 0 ? nil : TimeSpan(microseconds: age), bytesMax: flags & 2 == 0 ? nil : Int(bytesMax),
            isCompacted: flags & 4 != 0)
        self.init(
            number: number,
            description: TopicDescription(name: name, partitionCount: Int(partitions), retention: retention))
    }

    init(number: UInt32, description: TopicDescription) {
        self.number = number
        self.description = description
    }
}

/// What a partition's meta entry holds; a partition that never lost a record has none.
struct PartitionEntry {
    var first: Int64 = 0
    /// The end when the entry was written: what remains known once every chunk is gone.
    var end: Int64 = 0
    /// Compaction has gone over everything before this offset.
    var cleaned: Int64 = 0

    func encode() -> [UInt8] {
        let arena = ByteArena(capacity: 32)
        arena.append(byte: Format.valueVersion)
        for value in [first, end, cleaned] { arena.append(littleEndian: value) }
        return Array(arena.bytes)
    }

    init(first: Int64, end: Int64, cleaned: Int64) {
        self.first = first
        self.end = end
        self.cleaned = cleaned
    }

    init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard reader.littleEndian(UInt8.self) == Format.valueVersion, let first = reader.littleEndian(Int64.self),
            let end = reader.littleEndian(Int64.self), let cleaned = reader.littleEndian(Int64.self)
        else { return nil }
        self.init(first: first, end: end, cleaned: cleaned)
    }
}

/// What a producer's meta entry holds.
struct ProducerEntry {
    var lastSequence: Int64
    /// When it last appended, by the store's clock.
    var when: EventTime

    func encode() -> [UInt8] {
        let arena = ByteArena(capacity: 32)
        arena.append(byte: Format.valueVersion)
        arena.append(littleEndian: lastSequence)
        arena.append(littleEndian: when.microseconds)
        return Array(arena.bytes)
    }

    init(lastSequence: Int64, when: EventTime) {
        self.lastSequence = lastSequence
        self.when = when
    }

    init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard reader.littleEndian(UInt8.self) == Format.valueVersion, let sequence = reader.littleEndian(Int64.self),
            let when = reader.littleEndian(Int64.self)
        else { return nil }
        self.init(lastSequence: sequence, when: EventTime(microseconds: when))
    }
}
