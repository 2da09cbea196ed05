import Base

/// The bytes of a spool's segment file, all integers little-endian:
///
///     header   "PSPL"  version u16 = 1  reserved u16 = 0  first sequence i64  checksum u32 of the 16 bytes before
///     record   length u32 of the payload  checksum u32 of sequence and payload  sequence i64  payload
///
/// Records follow each other without gaps, their sequences grow by one. What does not read so is not a record, and
/// nothing after it is: a crash tears only the end of the newest segment.
enum SegmentFormat {
    static let headerBytes = 20
    static let recordHeaderBytes = 16
    private static let magic = Array("PSPL".utf8)
    private static let version: UInt16 = 1

    static func header(first: Int64) -> [UInt8] {
        var bytes = magic
        append(version, to: &bytes)
        append(UInt16(0), to: &bytes)
        append(first, to: &bytes)
        append(Checksum.of(bytes), to: &bytes)
        return bytes
    }

    static func record(_ payload: [UInt8], sequence: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(recordHeaderBytes + payload.count)
        append(UInt32(payload.count), to: &bytes)
        append(checksum(of: payload[...], sequence: sequence), to: &bytes)
        append(sequence, to: &bytes)
        bytes += payload
        return bytes
    }

    /// What a segment file holds.
    struct Contents: Hashable {
        var first: Int64
        /// Where each whole record's payload lies in the file.
        var payloads: [Range<Int>] = []
        /// The length of the file up to the last whole record.
        var wholeBytes = headerBytes
    }

    /// Nil when the header is not whole.
    /// - Complexity: O(bytes), each read once.
    static func scan(_ bytes: [UInt8]) -> Contents? {
        bytes.withUnsafeBytes { raw -> Contents? in
            var reader = ByteReader(raw)
            guard raw.count >= headerBytes, raw.prefix(4).elementsEqual(magic), reader.take(4) != nil,
                reader.littleEndian(UInt16.self) == version, reader.littleEndian(UInt16.self) != nil,
                let first = reader.littleEndian(Int64.self),
                reader.littleEndian(UInt32.self) == Checksum.of(raw.prefix(headerBytes - 4))
            else { return nil }
            var contents = Contents(first: first)
            while let length = reader.littleEndian(UInt32.self), let expected = reader.littleEndian(UInt32.self),
                let sequence = reader.littleEndian(Int64.self), sequence == first + Int64(contents.payloads.count),
                let payload = reader.take(Int(length)), checksum(of: payload, sequence: sequence) == expected
            {
                contents.payloads.append(reader.position - payload.count..<reader.position)
                contents.wholeBytes = reader.position
            }
            return contents
        }
    }

    private static func checksum(of payload: some Sequence<UInt8>, sequence: Int64) -> UInt32 {
        var checksum = Checksum()
        withUnsafeBytes(of: sequence.littleEndian) { checksum.update($0) }
        checksum.update(payload)
        return checksum.value
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
