import Base
import CRdKafka
import Stores

#if canImport(Glibc)
import Glibc
#endif

/// Messages taken from a queue at once, in librdkafka's own memory; given back when the last batch lets go of them.
final class KafkaMessages {
    private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    private let capacity: Int
    private(set) var count = 0
    /// Headers as `RecordHeaders` has them, of messages that have any. Made as large as needed before anything points into it.
    private var headers: [ByteArena] = []

    init(capacity: Int) {
        self.capacity = capacity
        messages = .allocate(capacity: capacity)
    }

    deinit {
        for index in 0..<count { rd_kafka_message_destroy(messages[index]) }
        messages.deallocate()
    }

    /// Takes what the queue has, without waiting.
    func fill(from queue: OpaquePointer) {
        count = max(0, rd_kafka_consume_batch_queue(queue, 0, messages, capacity))
    }

    subscript(index: Int) -> UnsafeMutablePointer<rd_kafka_message_t> {
        guard let message = messages[index] else { preconditionFailure("librdkafka fills the places it counts") }
        return message
    }

    /// Points into the message's memory.
    func view(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> RecordView {
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let milliseconds = rd_kafka_message_timestamp(message, &type)
        let headers = headers(of: message)
        return RecordView(
            offset: message.pointee.offset,
            timestamp: type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : milliseconds &* 1_000,
            key: message.pointee.key.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) },
            keyLength: Int32(truncatingIfNeeded: message.pointee.key_len),
            value: message.pointee.payload.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) },
            valueLength: Int32(truncatingIfNeeded: message.pointee.len),
            headers: headers.map { UnsafePointer($0.base) },
            headersLength: Int32(truncatingIfNeeded: headers?.count ?? 0))
    }

    /// Kafka's headers may have names that are too long for ours and values that are null: those are cut, and empty.
    private func headers(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> ByteArena? {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return nil }
        let arena = ByteArena(capacity: 256)
        var index = 0
        var name: UnsafePointer<CChar>?, value: UnsafeRawPointer?, size = 0
        while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            RecordHeaders.append(
                name: UnsafeRawBufferPointer(start: name, count: name.map { min(strlen($0), Int(UInt16.max)) } ?? 0),
                value: UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size), to: arena)
            index += 1
        }
        headers.append(arena)
        return arena
    }
}

/// What a partition's queue brought instead of a record.
struct QueueFault: Error {
    private let code: rd_kafka_resp_err_t
    private let said: String

    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        code = message.pointee.err
        said = rd_kafka_message_errstr(message).map { String(cString: $0) } ?? ""
    }

    private init(_ code: rd_kafka_resp_err_t, _ said: String) {
        self.code = code
        self.said = said
    }

    /// Records must come in the order of their offsets; going back would process them twice.
    static func order(_ partition: TopicPartition, offset: Int64, expected: Int64) -> QueueFault {
        QueueFault(RD_KAFKA_RESP_ERR__BAD_MSG, "offset \(offset) came where \(expected) or a greater one was due")
    }

    /// The offset asked for lies before the first record or beyond the end.
    var isOutOfRange: Bool { code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE }

    func error(in partition: TopicPartition, _ handle: KafkaHandle) -> EngineError {
        var error = handle.error(code, "\(partition) cannot be read", said: said)
        // The next read seeks and begins anew.
        if code == RD_KAFKA_RESP_ERR__BAD_MSG { error.isTransient = true }
        return error
    }
}
