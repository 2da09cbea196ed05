import Base
import Glibc
import Stores

/// The order in which an epoch's changes go into the write batch: ascending by key, of each key only the last change.
/// RocksDB's memtable is a skip list; neighbours inserted one after another find the nodes on their way in the
/// processor's cache, which keys in hash order do not.
///
/// 1. Skip the bytes that all keys share: most changes are of one operator, whose prefix says nothing.
/// 2. Sort by the next eight bytes as one number, equal ones by the whole rest, equal keys by their place.
/// 3. Drop each change whose key the next one has, too.
enum ChangeOrder {
    private struct Entry {
        var word: UInt64
        var index: Int32
    }

    /// - Complexity: O(n log n) comparisons of one word each, but for keys that share it.
    static func ascending(_ keys: ByteRuns) -> [Int32] {
        precondition(keys.count <= Int(Int32.max), "an epoch's changes are counted in 31 bits")
        guard keys.count > 1 else { return Array(0..<Int32(keys.count)) }
        let shared = sharedPrefix(keys)
        var entries = (0..<keys.count).map { Entry(word: word(keys[$0], from: shared), index: Int32($0)) }
        entries.sort { a, b in
            if a.word != b.word { return a.word < b.word }
            let order = compare(keys[Int(a.index)], keys[Int(b.index)])
            return order != 0 ? order < 0 : a.index < b.index
        }
        var result: [Int32] = []
        result.reserveCapacity(entries.count)
        for position in entries.indices {
            let isReplaced = position + 1 < entries.count && entries[position].word == entries[position + 1].word
                && compare(keys[Int(entries[position].index)], keys[Int(entries[position + 1].index)]) == 0
            if !isReplaced { result.append(entries[position].index) }
        }
        return result
    }

    private static func sharedPrefix(_ keys: ByteRuns) -> Int {
        let first = keys[0]
        var shared = first.count
        for index in 1..<keys.count {
            let key = keys[index]
            var length = 0
            let limit = min(shared, key.count)
            while length < limit, key[length] == first[length] { length += 1 }
            shared = length
            if shared == 0 { break }
        }
        return shared
    }

    /// Eight bytes as a big-endian number; zeros stand for those a shorter key lacks.
    private static func word(_ key: UnsafeRawBufferPointer, from start: Int) -> UInt64 {
        if start + 8 <= key.count {
            return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
        var word: UInt64 = 0
        for at in start..<start + 8 { word = word << 8 | (at < key.count ? UInt64(key[at]) : 0) }
        return word
    }

    private static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let shorter = min(a.count, b.count)
        if shorter > 0, let left = a.baseAddress, let right = b.baseAddress {
            let order = memcmp(left, right, shorter)
            if order != 0 { return Int(order) }
        }
        return a.count - b.count
    }
}
