/// Reads the binary records that `ByteArena` writes. Every read checks the bounds: what lies on a disk may be damaged.
public struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    public private(set) var position = 0

    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    public var remaining: Int { bytes.count - position }
    public var isAtEnd: Bool { remaining == 0 }

    /// Nil when fewer bytes are left than the integer has.
    public mutating func littleEndian<T: FixedWidthInteger>(_ type: T.Type) -> T? {
        guard remaining >= MemoryLayout<T>.size else { return nil }
        defer { position += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    public mutating func bigEndian<T: FixedWidthInteger>(_ type: T.Type) -> T? {
        guard remaining >= MemoryLayout<T>.size else { return nil }
        defer { position += MemoryLayout<T>.size }
        return T(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    public mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, remaining >= count else { return nil }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// A string with a 32-bit little-endian length before it, as `ByteArena.append(lengthPrefixed:)` writes it.
    public mutating func lengthPrefixedString() -> String? {
        guard let length = littleEndian(UInt32.self), let text = take(Int(length)) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }
}

extension ByteArena {
    public func append(lengthPrefixed text: String) {
        append(littleEndian: UInt32(text.utf8.count))
        append(text)
    }
}
