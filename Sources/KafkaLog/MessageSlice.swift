import Base
import CRdKafka
import Stores

/// Messages taken from a queue at once, given back to librdkafka when nobody refers to them any more.
final class MessageSlice {
    /// Small enough that what a full batch leaves behind is little, large enough that the call does not count.
    private static let countMax = 1_024

    private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    let count: Int
    private let handle: KafkaHandle
    /// The bytes of converted headers; views point into them, so none grows.
    private var headers: [ByteArena] = []

    /// Nil when the queue is empty.
    init?(taking countMax: Int, from queue: OpaquePointer, of handle: KafkaHandle) {
        let capacity = max(1, min(countMax, Self.countMax))
        messages = .allocate(capacity: capacity)
        self.handle = handle
        count = max(0, rd_kafka_consume_batch_queue(queue, 0, messages, capacity))
        if count == 0 { return nil }
    }

    deinit {
        for index in 0..<count { rd_kafka_message_destroy(messages[index]) }
        messages.deallocate()
    }

    subscript(index: Int) -> UnsafeMutablePointer<rd_kafka_message_t> {
        guard let message = messages[index] else { preconditionFailure("librdkafka fills in as many messages as it says") }
        return message
    }

    @inline(__always)
    func view(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> RecordView {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let timestampMs = rd_kafka_message_timestamp(message, &kind)
        var view = RecordView(
            offset: message.pointee.offset, timestamp: Self.microseconds(timestampMs),
            key: UnsafePointer(message.pointee.key?.assumingMemoryBound(to: UInt8.self)), keyLength: Int32(message.pointee.key_len),
            value: UnsafePointer(message.pointee.payload?.assumingMemoryBound(to: UInt8.self)), valueLength: Int32(message.pointee.len),
            headers: nil, headersLength: 0)
        var list: OpaquePointer?
        if rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list { convert(list, &view) }
        return view
    }

    /// Clients write what they like there: nanoseconds taken for milliseconds would overflow.
    @inline(__always)
    static func microseconds(_ timestampMs: Int64) -> Int64 { min(max(0, timestampMs), .max / 1_000) * 1_000 }

    private func convert(_ list: OpaquePointer, _ view: inout RecordView) {
        let arena = ByteArena(capacity: 128)
        KafkaHeaders.append(list, to: arena)
        guard arena.count > 0 else { return }
        headers.append(arena)
        view.headers = UnsafePointer(arena.base)
        view.headersLength = Int32(arena.count)
    }
}
