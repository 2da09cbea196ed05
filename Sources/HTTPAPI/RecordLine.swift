import Base
import Columns
import Stores

/// One record of a topic as one line of JSON: `{"partition", "offset", "timestamp", "key", "value", "headers"}`.
enum RecordLine {
    /// Appends the line. A value that is valid JSON stands there as it is, with line breaks between its tokens made
    /// spaces; other text as `value_text`, and what is no UTF-8 as `value_base64`, as does such a key. Only a tombstone's
    /// value is null: the JSON text `null` is given as text.
    static func append(_ record: RecordView, partition: PartitionNumber, to arena: ByteArena) {
        arena.append("{\"partition\":")
        JSONText.append(int: Int64(partition.number), to: arena)
        arena.append(",\"offset\":")
        JSONText.append(int: record.offset, to: arena)
        arena.append(",\"timestamp\":")
        JSONText.append(timestamp: EventTime(microseconds: record.timestamp), to: arena)
        append(key: record.keyBytes, to: arena)
        append(value: record.valueBytes, to: arena)
        if let headers = record.headerBytes { append(headers: headers, to: arena) }
        arena.append("}\n")
    }

    private static func append(key: UnsafeBufferPointer<UInt8>?, to arena: ByteArena) {
        guard let key else {
            arena.append(",\"key\":null")
            return
        }
        if String(validating: key, as: UTF8.self) != nil {
            arena.append(",\"key\":")
            JSONText.append(string: key, to: arena)
        } else {
            arena.append(",\"key_base64\":")
            JSONText.append(.bytes(Array(key)), to: arena)
        }
    }

    private static func append(value: UnsafeBufferPointer<UInt8>?, to arena: ByteArena) {
        guard let value else {
            arena.append(",\"value\":null")
            return
        }
        // A value that says null is no tombstone, and must not look like one.
        if case .success(let json) = JSONValue.parse(value), !json.isNull {
            arena.append(",\"value\":")
            let out = arena.reserve(value.count)
            // Within strings JSON has no raw control characters, so every line break is one between tokens.
            for (index, byte) in value.enumerated() { out[index] = byte == 10 || byte == 13 ? 32 : byte }
            arena.commit(value.count)
        } else if String(validating: value, as: UTF8.self) != nil {
            arena.append(",\"value_text\":")
            JSONText.append(string: value, to: arena)
        } else {
            arena.append(",\"value_base64\":")
            JSONText.append(.bytes(Array(value)), to: arena)
        }
    }

    /// As pairs, for names may repeat.
    private static func append(headers: UnsafeBufferPointer<UInt8>, to arena: ByteArena) {
        arena.append(",\"headers\":[")
        for (index, header) in (RecordHeaders.decode(headers) ?? []).enumerated() {
            arena.append(index == 0 ? "[" : ",[")
            JSONText.append(string: header.name, to: arena)
            arena.append(byte: UInt8(ascii: ","))
            JSONText.append(string: header.value, to: arena)
            arena.append(byte: UInt8(ascii: "]"))
        }
        arena.append(byte: UInt8(ascii: "]"))
    }
}
