public import Base

/// Records on their way into a log, already in the bytes a chunk holds, so that appending is one copy (or one
/// compression) of the whole buffer.
///
/// Record format, version 1, all little-endian:
/// ```
/// timestamp     i64   µs since the epoch
/// offset delta  u32   offset − the chunk's base offset
/// key length    i32   −1: no key
/// value length  i32   −1: tombstone
/// headers length u32
/// key, value, headers bytes
/// ```
/// Headers are `RecordHeaders`' bytes.
public final class RecordBuffer {
    public static let recordHeaderBytes = 24

    /// The encoded records, one after another.
    public let bytes: ByteArena
    public private(set) var count = 0
    public private(set) var minTimestamp = Int64.max
    public private(set) var maxTimestamp = Int64.min

    public init(capacity: Int = 4_096) { bytes = ByteArena(capacity: capacity) }

    public var isEmpty: Bool { count == 0 }

    /// - Parameter capacityMax: bytes of memory that are kept for the next records.
    public func removeAll(keepingAtMost capacityMax: Int = .max) {
        bytes.removeAll(keepingAtMost: capacityMax)
        count = 0
        minTimestamp = .max
        maxTimestamp = .min
    }

    /// Appends a record. Nil key: none; nil value: a tombstone.
    public func append(
        timestamp: Int64, key: UnsafeBufferPointer<UInt8>?, value: UnsafeBufferPointer<UInt8>?,
        headers: UnsafeBufferPointer<UInt8>? = nil
    ) {
        let keyLength = key?.count ?? 0, valueLength = value?.count ?? 0, headersLength = headers?.count ?? 0
        let total = Self.recordHeaderBytes + keyLength + valueLength + headersLength
        let start = bytes.reserve(total)
        let raw = UnsafeMutableRawPointer(start)
        raw.storeBytes(of: timestamp.littleEndian, toByteOffset: 0, as: Int64.self)
        raw.storeBytes(of: UInt32(count).littleEndian, toByteOffset: 8, as: UInt32.self)
        raw.storeBytes(of: (key == nil ? -1 : Int32(keyLength)).littleEndian, toByteOffset: 12, as: Int32.self)
        raw.storeBytes(of: (value == nil ? -1 : Int32(valueLength)).littleEndian, toByteOffset: 16, as: Int32.self)
        raw.storeBytes(of: UInt32(headersLength).littleEndian, toByteOffset: 20, as: UInt32.self)
        var at = start + Self.recordHeaderBytes
        if let source = key?.baseAddress {
            at.update(from: source, count: keyLength)
            at += keyLength
        }
        if let source = value?.baseAddress {
            at.update(from: source, count: valueLength)
            at += valueLength
        }
        if let source = headers?.baseAddress { at.update(from: source, count: headersLength) }
        bytes.commit(total)
        count += 1
        minTimestamp = min(minTimestamp, timestamp)
        maxTimestamp = max(maxTimestamp, timestamp)
    }

    /// Reads encoded records and puts those with `offset >= from` into `batch`, at most `limit` of them; the pointers
    /// are into `encoded`, which the caller keeps alive. False when the bytes are not whole records.
    public static func decode(
        _ encoded: UnsafeRawBufferPointer, baseOffset: Int64, from: Int64, limit: Int, into batch: RecordBatch
    ) -> Bool {
        var at = 0
        var taken = 0
        while at < encoded.count, taken < limit {
            guard at + recordHeaderBytes <= encoded.count else { return false }
            let timestamp = Int64(littleEndian: encoded.loadUnaligned(fromByteOffset: at, as: Int64.self))
            let delta = UInt32(littleEndian: encoded.loadUnaligned(fromByteOffset: at + 8, as: UInt32.self))
            let keyLength = Int32(littleEndian: encoded.loadUnaligned(fromByteOffset: at + 12, as: Int32.self))
            let valueLength = Int32(littleEndian: encoded.loadUnaligned(fromByteOffset: at + 16, as: Int32.self))
            let headersLength = UInt32(littleEndian: encoded.loadUnaligned(fromByteOffset: at + 20, as: UInt32.self))
            let keyAt = at + recordHeaderBytes
            let valueAt = keyAt + Int(max(0, keyLength))
            let headersAt = valueAt + Int(max(0, valueLength))
            let end = headersAt + Int(headersLength)
            guard keyLength >= -1, valueLength >= -1, end <= encoded.count else { return false }
            let offset = baseOffset + Int64(delta)
            if offset >= from {
                let start = encoded.baseAddress!.assumingMemoryBound(to: UInt8.self)
                batch.append(
                    RecordView(
                        offset: offset, timestamp: timestamp,
                        key: keyLength < 0 ? nil : start + keyAt, keyLength: max(0, keyLength),
                        value: valueLength < 0 ? nil : start + valueAt, valueLength: max(0, valueLength),
                        headers: headersLength == 0 ? nil : start + headersAt, headersLength: Int32(headersLength)))
                taken += 1
            }
            at = end
        }
        return true
    }
}

/// A record's headers: `[name length u16 LE][value length u32 LE][name][value]` one after another; names may repeat.
public enum RecordHeaders {
    public static func append(_ name: String, _ value: String, to arena: ByteArena) {
        var name = name, value = value
        name.withUTF8 { name in
            value.withUTF8 { append(name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer($0), to: arena) }
        }
    }

    /// - Precondition: a name of at most 65,535 bytes.
    public static func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, to arena: ByteArena) {
        precondition(name.count <= Int(UInt16.max), "a header's name fits 16 bits of length")
        arena.append(littleEndian: UInt16(name.count))
        arena.append(littleEndian: UInt32(value.count))
        arena.append(name)
        arena.append(value)
    }

    /// The headers in order; nil when the bytes are damaged.
    public static func decode(_ bytes: UnsafeBufferPointer<UInt8>) -> [(name: String, value: String)]? {
        var reader = ByteReader(UnsafeRawBufferPointer(bytes))
        var result: [(name: String, value: String)] = []
        while !reader.isAtEnd {
            guard let nameLength = reader.littleEndian(UInt16.self), let valueLength = reader.littleEndian(UInt32.self),
                let name = reader.take(Int(nameLength)), let value = reader.take(Int(valueLength))
            else { return nil }
            result.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return result
    }
}
