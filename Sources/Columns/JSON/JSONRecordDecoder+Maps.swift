import Base

/// Maps: objects of strings, into the canonical bytes of `StringMap`.
extension JSONRecordDecoder {
    /// Writes the entries as they come. Producers mostly write a map's keys in one order, often sorted; only where they
    /// are not in strictly ascending order are the entries sorted afterwards.
    @inline(never)
    func map(_ start: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        guard start.pointee == JSONScan.openBrace else { return mismatch(start, end, slot, depth) }
        guard depth < JSONScan.depthMax else { return stop.set(.tooDeep, start) }
        let mapStart = out
        var o = out
        var previous: MutableBytePointer?
        var isSorted = true
        var p = JSONScan.skipSpace(start + 1, end)
        if p < end, p.pointee == JSONScan.closeBrace {
            storeBytes(from: mapStart, to: mapStart, slot)
            return p + 1
        }
        while true {
            guard p < end, p.pointee == JSONScan.quote else { return stop.set(.syntax, p) }
            let entry = o
            o += StringMap.entryHeaderBytes
            guard let afterKey = JSONScan.copyString(p + 1, end, &o, &stop) else { return nil }
            let keyLength = o - entry - StringMap.entryHeaderBytes
            p = JSONScan.skipSpace(afterKey, end)
            guard p < end, p.pointee == JSONScan.colon else { return stop.set(.syntax, p) }
            p = JSONScan.skipSpace(p + 1, end)
            guard p < end, p.pointee == JSONScan.quote else {
                guard JSONScan.skipValue(p, end, depth: depth + 1, &stop) != nil else { return nil }
                return fail(.wrongType, p, slot)
            }
            guard let afterValue = JSONScan.copyString(p + 1, end, &o, &stop) else { return nil }
            let raw = UnsafeMutableRawPointer(entry)
            raw.storeBytes(of: UInt32(truncatingIfNeeded: keyLength).littleEndian, as: UInt32.self)
            raw.storeBytes(
                of: UInt32(truncatingIfNeeded: o - entry - StringMap.entryHeaderBytes - keyLength).littleEndian, toByteOffset: 4,
                as: UInt32.self)
            if let previous, MapSorter.compareKeys(UnsafePointer(previous), UnsafePointer(entry)) >= 0 { isSorted = false }
            previous = entry
            p = JSONScan.skipSpace(afterValue, end)
            guard p < end else { return stop.set(.syntax, p) }
            if p.pointee == JSONScan.closeBrace { break }
            guard p.pointee == JSONScan.comma else { return stop.set(.syntax, p) }
            p = JSONScan.skipSpace(p + 1, end)
        }
        if !isSorted { o = mapSorter.sort(mapStart, o) }
        storeBytes(from: mapStart, to: o, slot)
        return p + 1
    }
}

/// Puts map entries in order; of entries with one key the last stays. Its memory is used again.
final class MapSorter {
    private let copy = ByteArena(capacity: 512)
    /// Offsets of the entries in `copy`.
    private var entries: [Int] = []

    /// Sorts the entries between the pointers in place and returns where they end now.
    /// - Complexity: O(n log n) comparisons.
    func sort(_ start: MutableBytePointer, _ end: MutableBytePointer) -> MutableBytePointer {
        copy.removeAll()
        copy.append(UnsafePointer(start), count: end - start)
        let bytes = UnsafePointer(copy.base)
        entries.removeAll(keepingCapacity: true)
        var at = 0
        while at < copy.count {
            entries.append(at)
            at += Self.length(bytes + at)
        }
        // By key and then by place, so that the last of a key's entries is the one kept.
        entries.sort { a, b in
            let order = Self.compareKeys(bytes + a, bytes + b)
            return order < 0 || (order == 0 && a < b)
        }
        var out = start
        for (index, entry) in entries.enumerated() {
            if index + 1 < entries.count, Self.compareKeys(bytes + entry, bytes + entries[index + 1]) == 0 { continue }
            let length = Self.length(bytes + entry)
            out.update(from: bytes + entry, count: length)
            out += length
        }
        return out
    }

    private static func word(_ entry: BytePointer, at offset: Int) -> Int {
        Int(UInt32(littleEndian: UnsafeRawPointer(entry + offset).loadUnaligned(as: UInt32.self)))
    }

    private static func length(_ entry: BytePointer) -> Int {
        StringMap.entryHeaderBytes + word(entry, at: 0) + word(entry, at: 4)
    }

    /// Below, at or above 0 as the first entry's key is below, equal to or above the second's, byte by byte.
    static func compareKeys(_ a: BytePointer, _ b: BytePointer) -> Int {
        let aCount = word(a, at: 0), bCount = word(b, at: 0)
        for i in 0..<min(aCount, bCount) {
            let difference = Int(a[StringMap.entryHeaderBytes + i]) - Int(b[StringMap.entryHeaderBytes + i])
            if difference != 0 { return difference }
        }
        return aCount - bCount
    }
}
