import Base
import Columns
import Planner

/// Reads the key of single records.
final class KeyReader {
    private let decoder: JSONRecordDecoder
    private let encoder: KeyEncoder
    private let bytes = ByteArena()

    init(_ topic: KeyedTopic) {
        decoder = topic.keyDecoder
        encoder = KeyEncoder(columns: topic.keyColumns, type: topic.schema.rowType)
    }

    /// Nil when the record has no readable key.
    func key(of value: [UInt8]) -> [UInt8]? {
        decoder.begin(capacity: 1)
        let isDecoded = value.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { decoder.append($0, count: bytes.count) == nil } ?? false
        }
        let columns = decoder.finish()
        bytes.removeAll()
        guard isDecoded, encoder.encode(row: 0, of: columns, into: bytes) else { return nil }
        return Array(bytes.bytes)
    }
}
