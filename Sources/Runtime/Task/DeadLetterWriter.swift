import Base
import Stores

/// Writes dead letters: what could not be used, cut to a size that every log takes, with the reason as headers.
final class DeadLetterWriter {
    let buffer = RecordBuffer()
    private let headers = ByteArena(capacity: 512)
    private let recordBytesMax: Int

    /// - Parameter recordBytesMax: bytes of a record that the log takes.
    init(recordBytesMax: Int = .max) { self.recordBytesMax = recordBytesMax }

    func begin(_ code: ErrorCode, _ message: String, operatorName: String?) {
        headers.removeAll()
        header(DeadLetterHeader.code, code.text)
        header(DeadLetterHeader.message, message)
        if let operatorName { header(DeadLetterHeader.operatorName, operatorName) }
    }

    /// With the headers of a dead letter that is written again.
    func begin(headers encoded: UnsafeBufferPointer<UInt8>) {
        headers.removeAll()
        headers.append(UnsafeRawBufferPointer(encoded))
    }

    /// A value that quotes something large is cut: headers are not to make a dead letter of a size that no log takes.
    func header(_ name: String, _ value: String) {
        guard value.utf8.count > Limits.deadLetterHeaderBytesMax else { return RecordHeaders.append(name, value, to: headers) }
        let kept = String(decoding: value.utf8.prefix(Limits.deadLetterHeaderBytesMax), as: UTF8.self)
        RecordHeaders.append(name, kept + "…", to: headers)
    }

    func append(
        timestamp: Int64, key: UnsafeBufferPointer<UInt8>?, value: UnsafeBufferPointer<UInt8>?,
        valueBytesMax: Int = Limits.deadLetterBytesMax
    ) {
        let key = (key?.count ?? 0) > recordBytesMax / 4 ? nil : key
        // What the key and the headers leave of a record; the headers that tell of a cut take some of it, too.
        let room = recordBytesMax - (key?.count ?? 0) - headers.count - Limits.cutHeaderBytesMax
        let valueBytesMax = max(0, min(valueBytesMax, room))
        var kept = value
        if let value, value.count > valueBytesMax {
            header(DeadLetterHeader.fullLength, "\(value.count)")
            let hash = Hashing.table(value.baseAddress!, count: value.count)
            header(DeadLetterHeader.fullHash, String(hash, radix: 16))
            kept = UnsafeBufferPointer(rebasing: value[..<valueBytesMax])
        }
        buffer.append(timestamp: timestamp, key: key, value: kept, headers: headers.bytes)
    }
}
