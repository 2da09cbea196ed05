import Base
import CRdKafka
import Stores

/// Where the parts of one encoded record lie; see `RecordBuffer` for the format.
struct RecordHead {
    let timestampMs: Int64
    /// Nil: no key.
    let key: UnsafeRawPointer?
    let keyLength: Int
    /// Nil: a tombstone.
    let value: UnsafeRawPointer?
    let valueLength: Int
    /// Nil: none.
    let headers: UnsafeRawBufferPointer?
    let end: Int

    init(_ encoded: UnsafeRawBufferPointer, at start: Int) {
        let timestamp = Int64(littleEndian: encoded.loadUnaligned(fromByteOffset: start, as: Int64.self))
        let keyLength = Int32(littleEndian: encoded.loadUnaligned(fromByteOffset: start + 12, as: Int32.self))
        let valueLength = Int32(littleEndian: encoded.loadUnaligned(fromByteOffset: start + 16, as: Int32.self))
        let headersLength = Int(UInt32(littleEndian: encoded.loadUnaligned(fromByteOffset: start + 20, as: UInt32.self)))
        let keyAt = start + RecordBuffer.recordHeaderBytes
        self.keyLength = Int(max(0, keyLength))
        self.valueLength = Int(max(0, valueLength))
        let valueAt = keyAt + self.keyLength
        let headersAt = valueAt + self.valueLength
        let base = encoded.baseAddress
        key = keyLength < 0 ? nil : base.map { $0 + keyAt }
        value = valueLength < 0 ? nil : base.map { $0 + valueAt }
        headers = headersLength == 0 ? nil : UnsafeRawBufferPointer(rebasing: encoded[headersAt..<headersAt + headersLength])
        end = headersAt + headersLength
        // librdkafka takes 0 for the time of the call.
        timestampMs = max(1, timestamp / 1_000)
    }
}

/// Headers between `RecordHeaders`' bytes and librdkafka's list.
enum KafkaHeaders {
    /// The caller owns the list.
    static func list(_ bytes: UnsafeRawBufferPointer) -> OpaquePointer {
        guard let headers = rd_kafka_headers_new(4) else { preconditionFailure("librdkafka makes a list of headers") }
        var reader = ByteReader(bytes)
        while let nameLength = reader.littleEndian(UInt16.self), let valueLength = reader.littleEndian(UInt32.self),
            let name = reader.take(Int(nameLength)), let value = reader.take(Int(valueLength))
        {
            rd_kafka_header_add(
                headers, name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count, value.baseAddress, value.count)
        }
        return headers
    }

    /// Names beyond what 16 bits count are cut.
    static func append(_ list: OpaquePointer, to arena: ByteArena) {
        var index = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let found = name {
            let bytes = UnsafeRawBufferPointer(start: found, count: min(KafkaText.length(found), Int(UInt16.max)))
            let valueBytes = UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size)
            RecordHeaders.append(name: bytes, value: valueBytes, to: arena)
            index += 1
        }
    }
}
