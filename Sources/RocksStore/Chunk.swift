import Base
import CLZ4
import Stores

/// Describes a chunk: some records of one partition, stored together. 48 bytes, little-endian:
/// ```
/// version            u8    1
/// codec              u8    0 none, 1 LZ4 block
/// reserved           u16   0
/// record count       u32
/// last offset delta  u32   last offset the chunk covers − the key's base offset
/// delta bias         u32   the records' offset deltas count from the base offset − bias
/// raw length         u32   the records' bytes
/// stored length      u32   the payload's bytes
/// least timestamp    i64   µs
/// greatest timestamp i64   µs
/// checksum           u64   XXH64 of the payload as stored
/// ```
/// A chunk covers all offsets from its base to its last, also those whose records compaction removed. The bias lets
/// one append be cut into several chunks without touching its bytes.
struct ChunkHeader: Equatable, Sendable {
    enum Codec: UInt8 { case none = 0, lz4 = 1 }

    static let byteCount = 48

    var codec: Codec
    var count: UInt32
    var lastDelta: UInt32
    var deltaBias: UInt32
    var rawLength: UInt32
    var storedLength: UInt32
    var minTimestamp: Int64
    var maxTimestamp: Int64
    var checksum: UInt64

    func encode(to arena: ByteArena) {
        arena.append(byte: Format.valueVersion)
        arena.append(byte: codec.rawValue)
        arena.append(littleEndian: UInt16(0))
        for value in [count, lastDelta, deltaBias, rawLength, storedLength] { arena.append(littleEndian: value) }
        arena.append(littleEndian: minTimestamp)
        arena.append(littleEndian: maxTimestamp)
        arena.append(littleEndian: checksum)
    }

    /// Nil when the bytes are damaged or of another version.
    init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard bytes.count == Self.byteCount, reader.littleEndian(UInt8.self) == Format.valueVersion,
            let codec = reader.littleEndian(UInt8.self).flatMap(Codec.init), reader.littleEndian(UInt16.self) != nil,
            let count = reader.littleEndian(UInt32.self), let lastDelta = reader.littleEndian(UInt32.self),
            let deltaBias = reader.littleEndian(UInt32.self), let rawLength = reader.littleEndian(UInt32.self),
            let storedLength = reader.littleEndian(UInt32.self), let minTimestamp = reader.littleEndian(Int64.self),
            let maxTimestamp = reader.littleEndian(Int64.self), let checksum = reader.littleEndian(UInt64.self)
        else { return nil }
        self.init(
            codec: codec, count: count, lastDelta: lastDelta, deltaBias: deltaBias, rawLength: rawLength,
            storedLength: storedLength, minTimestamp: minTimestamp, maxTimestamp: maxTimestamp, checksum: checksum)
    }

    init(
        codec: Codec, count: UInt32, lastDelta: UInt32, deltaBias: UInt32, rawLength: UInt32, storedLength: UInt32,
        minTimestamp: Int64, maxTimestamp: Int64, checksum: UInt64
    ) {
        self.codec = codec
        self.count = count
        self.lastDelta = lastDelta
        self.deltaBias = deltaBias
        self.rawLength = rawLength
        self.storedLength = storedLength
        self.minTimestamp = minTimestamp
        self.maxTimestamp = maxTimestamp
        self.checksum = checksum
    }
}

/// A chunk ready to be written, but for its base offset, which the commit lock gives out.
struct PreparedChunk: @unchecked Sendable {
    let header: ChunkHeader
    /// The base offset counts from the append's first offset.
    let offsetInAppend: Int64
    /// `payload` lies in memory that this keeps alive.
    let owner: AnyObject
    let payload: UnsafeRawBufferPointer

    /// What RocksDB stores for the chunk, without its own overhead.
    var storedBytes: Int { payload.count + ChunkHeader.byteCount + 2 * LogKey.chunkKeyBytes }
}

/// Packs records into chunks and back.
enum ChunkCodec {
    /// Below this many bytes a chunk is stored as it is: LZ4 finds nothing to share.
    static let compressedMinBytes = 128

    /// Cuts a buffer into chunks of about `options.chunkBytesMax` and packs each. Runs outside of any lock.
    static func prepare(_ buffer: RecordBuffer, _ options: RocksStoreOptions) -> [PreparedChunk] {
        let bytes = UnsafeRawBufferPointer(buffer.bytes.bytes)
        if bytes.count <= options.chunkBytesMax {
            return [
                pack(
                    bytes, owner: buffer, count: buffer.count, firstDelta: 0, lastDelta: buffer.count - 1,
                    times: (buffer.minTimestamp, buffer.maxTimestamp), options)
            ]
        }
        var chunks: [PreparedChunk] = []
        var start = 0, at = 0, firstDelta = 0, delta = 0
        var times = (min: Int64.max, max: Int64.min)
        while at < bytes.count {
            let header = RecordHeader(bytes, at: at)
            times = (min(times.min, header.timestamp), max(times.max, header.timestamp))
            at += header.totalBytes
            delta += 1
            if at - start >= options.chunkBytesMax || at >= bytes.count {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(at, bytes.count)])
                chunks.append(
                    pack(
                        piece, owner: buffer, count: delta - firstDelta, firstDelta: firstDelta, lastDelta: delta - 1,
                        times: times, options))
                (start, firstDelta, times) = (at, delta, (.max, .min))
            }
        }
        return chunks
    }

    /// - Parameters:
    ///   - firstDelta: what the chunk's base offset is counted as in the records' deltas.
    ///   - lastDelta: what the last offset it covers is counted as.
    static func pack(
        _ raw: UnsafeRawBufferPointer, owner: AnyObject, count: Int, firstDelta: Int, lastDelta: Int,
        times: (min: Int64, max: Int64), _ options: RocksStoreOptions
    ) -> PreparedChunk {
        precondition(raw.count <= Int(UInt32.max) / 4, "a chunk's length fits 30 bits")
        var owner = owner
        var payload = raw
        var codec = ChunkHeader.Codec.none
        if raw.count >= compressedMinBytes, let packed = compress(raw, options) {
            codec = .lz4
            owner = packed
            payload = UnsafeRawBufferPointer(packed.bytes)
        }
        let header = ChunkHeader(
            codec: codec, count: UInt32(count), lastDelta: UInt32(lastDelta - firstDelta), deltaBias: UInt32(firstDelta),
            rawLength: UInt32(raw.count), storedLength: UInt32(payload.count), minTimestamp: times.min,
            maxTimestamp: times.max, checksum: Checksum.xxh64(payload))
        return PreparedChunk(header: header, offsetInAppend: Int64(firstDelta), owner: owner, payload: payload)
    }

    /// Nil when packing saves less than an eighth: then reading had better not pay for it.
    private static func compress(_ raw: UnsafeRawBufferPointer, _ options: RocksStoreOptions) -> ByteArena? {
        let limit = raw.count - raw.count / 8
        let arena = ByteArena(capacity: limit)
        let written = LZ4_compress_fast(
            raw.baseAddress?.assumingMemoryBound(to: CChar.self),
            UnsafeMutableRawPointer(arena.base).assumingMemoryBound(to: CChar.self), CInt(raw.count), CInt(limit),
            CInt(options.compressionAcceleration))
        guard written > 0 else { return nil }
        arena.commit(Int(written))
        return arena
    }

    /// Checks a payload and unpacks it. Nil when it is not what the header describes.
    static func unpack(_ payload: UnsafeRawBufferPointer, _ header: ChunkHeader) -> ByteArena? {
        guard payload.count == Int(header.storedLength), Checksum.xxh64(payload) == header.checksum else { return nil }
        let arena = ByteArena(capacity: Int(header.rawLength))
        switch header.codec {
        case .none:
            guard header.rawLength == header.storedLength else { return nil }
            arena.append(payload)
        case .lz4:
            let written = LZ4_decompress_safe(
                payload.baseAddress?.assumingMemoryBound(to: CChar.self),
                UnsafeMutableRawPointer(arena.base).assumingMemoryBound(to: CChar.self), CInt(payload.count),
                CInt(header.rawLength))
            guard written == CInt(header.rawLength) else { return nil }
            arena.commit(Int(written))
        }
        return arena
    }
}

/// The fixed part of an encoded record; see `RecordBuffer`.
struct RecordHeader {
    let timestamp: Int64
    let delta: UInt32
    let keyLength: Int
    let isTombstone: Bool
    let totalBytes: Int

    /// - Precondition: the bytes are whole records, as `RecordBuffer` writes them.
    init(_ bytes: UnsafeRawBufferPointer, at: Int) {
        timestamp = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int64.self))
        delta = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt32.self))
        keyLength = Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 12, as: Int32.self)))
        let valueLength = Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 16, as: Int32.self)))
        let headersLength = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 20, as: UInt32.self)))
        isTombstone = valueLength < 0
        totalBytes = RecordBuffer.recordHeaderBytes + max(0, keyLength) + max(0, valueLength) + headersLength
    }
}
