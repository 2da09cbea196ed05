public import Base

/// The canonical bytes of a string-to-string map: entries in ascending order of their keys' bytes, no key twice, each
/// `[key length u32 LE][value length u32 LE][key][value]`. Equal maps are equal byte for byte.
public enum StringMap {
    static let entryHeaderBytes = 8

    /// Writes a map; the caller notes where it starts.
    public static func write(_ map: [String: String], to arena: ByteArena) {
        for (key, value) in map.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            arena.append(littleEndian: UInt32(key.utf8.count))
            arena.append(littleEndian: UInt32(value.utf8.count))
            arena.append(key)
            arena.append(value)
        }
    }

    /// Calls `body` with the key's and the value's bytes of every entry, in key order.
    @inlinable
    public static func forEach(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ body: (_ key: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Void
    ) {
        let raw = UnsafeRawBufferPointer(bytes)
        var at = 0
        while at + 8 <= raw.count {
            let keyLength = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            let valueLength = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)))
            let keyStart = at + 8, valueStart = keyStart + keyLength
            precondition(valueStart + valueLength <= raw.count, "a map's entries end within its bytes")
            body(
                UnsafeBufferPointer(rebasing: bytes[keyStart..<valueStart]),
                UnsafeBufferPointer(rebasing: bytes[valueStart..<valueStart + valueLength]))
            at = valueStart + valueLength
        }
    }

    /// The bytes of the value under `key`, or nil. - Complexity: O(entries).
    public static func value(
        _ bytes: UnsafeBufferPointer<UInt8>, forKey key: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8>? {
        var found: UnsafeBufferPointer<UInt8>?
        forEach(bytes) { candidate, value in
            if candidate.count == key.count, candidate.elementsEqual(key) { found = value }
        }
        return found
    }

    public static func dictionary(_ bytes: UnsafeBufferPointer<UInt8>) -> [String: String] {
        var result: [String: String] = [:]
        forEach(bytes) { key, value in
            result[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
        }
        return result
    }
}
