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

/// The arguments of librdkafka's call that sends a record, filled in place for one record of a partition after another, so
/// that sending allocates nothing here but for headers.
struct RecordArguments {
    private var arguments: [rd_kafka_vu_t]

    /// The order of arguments; headers come last and are left out where there are none.
    private enum Place {
        static let topic = 0, partition = 1, flags = 2, value = 3, key = 4, tag = 5, timestamp = 6, headers = 7
    }

    /// How long to wait for room in librdkafka's queue before looking again.
    private static let fullPollMs: Int32 = 1

    /// - Parameters:
    ///   - topic: outlives the calls.
    ///   - copiesValues: whether librdkafka copies values at once; else they stay where they are until they have been sent.
    init(topic: OpaquePointer, partition: PartitionNumber, copiesValues: Bool) {
        arguments = [
            RD_KAFKA_VTYPE_RKT, RD_KAFKA_VTYPE_PARTITION, RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_VTYPE_VALUE, RD_KAFKA_VTYPE_KEY,
            RD_KAFKA_VTYPE_OPAQUE, RD_KAFKA_VTYPE_TIMESTAMP, RD_KAFKA_VTYPE_HEADERS,
        ].map { type in
            var argument = rd_kafka_vu_t()
            argument.vtype = type
            return argument
        }
        arguments[Place.topic].u.rkt = topic
        arguments[Place.partition].u.i32 = partition.number
        arguments[Place.flags].u.i = copiesValues ? RD_KAFKA_MSG_F_COPY : 0
    }

    /// Hands a record to a producer, waiting for room in its queue. Nil: it has it; else its error, which is the caller's.
    /// - Parameter tag: comes back with the report of the record's delivery.
    mutating func produce(_ record: RecordHead, tag: UnsafeMutableRawPointer?, by producer: OpaquePointer) -> OpaquePointer? {
        arguments[Place.value].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: record.value), size: record.valueLength)
        arguments[Place.key].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: record.key), size: record.keyLength)
        arguments[Place.tag].u.ptr = tag
        arguments[Place.timestamp].u.i64 = record.timestampMs
        let headers = record.headers.map(KafkaHeaders.list)
        arguments[Place.headers].u.headers = headers
        while let error = rd_kafka_produceva(producer, arguments, headers == nil ? Place.headers : Place.headers + 1) {
            guard rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL else {
                if let headers { rd_kafka_headers_destroy(headers) }
                return error
            }
            rd_kafka_error_destroy(error)
            // Reports of what has arrived make room.
            rd_kafka_poll(producer, Self.fullPollMs)
        }
        return nil
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
