import Base

/// Objects: finding the field of a key, and what becomes of fields that a record lacks.
extension JSONRecordDecoder {
    @inline(__always)
    func decodeRecord(_ start: BytePointer, _ end: BytePointer) -> Bool {
        let first = JSONScan.skipSpace(start, end)
        guard first < end, first.pointee == JSONScan.openBrace else { return stop.set(.notAnObject, first) != nil }
        guard let past = object(first, end, 0, depth: 1) else { return false }
        let rest = JSONScan.skipSpace(past, end)
        return rest == end || stop.set(.trailingBytes, rest) != nil
    }

    /// Decodes the object whose brace is at `start` into the current row.
    func object(_ start: BytePointer, _ end: BytePointer, _ index: Int, depth: Int) -> BytePointer? {
        guard depth <= JSONScan.depthMax else { return stop.set(.tooDeep, start) }
        let object = objects + index
        stamp &+= 1
        let visit = stamp
        var filled = 0
        var place = 0
        var p = JSONScan.skipSpace(start + 1, end)
        if p < end, p.pointee == JSONScan.closeBrace {
            return object.pointee.slotCount == 0 ? p + 1 : fillMissing(object, visit, p, past: p + 1)
        }
        while true {
            guard p < end, p.pointee == JSONScan.quote else { return stop.set(.syntax, p) }
            var slotIndex = -1
            let guess = object.pointee.guesses + place
            if place < object.pointee.guessCount, Self.matches(guess, p, end) {
                p += guess.pointee.length
                slotIndex = guess.pointee.slot
                place += 1
            } else {
                guard let next = findKey(p, end, object, &place, &slotIndex) else { return nil }
                p = next
            }
            p = JSONScan.skipSpace(p, end)
            guard p < end, p.pointee == JSONScan.colon else { return stop.set(.syntax, p) }
            p = JSONScan.skipSpace(p + 1, end)
            guard p < end else { return stop.set(.syntax, p) }
            if slotIndex >= 0 {
                let slot = slots + slotIndex
                if slot.pointee.stamp != visit {
                    slot.pointee.stamp = visit
                    filled &+= 1
                }
                guard let next = value(p, end, slot, depth: depth) else {
                    if faultSlot < 0 { faultSlot = slotIndex }
                    return nil
                }
                p = next
            } else {
                guard let next = JSONScan.skipValue(p, end, depth: depth, &stop) else { return nil }
                p = next
            }
            p = JSONScan.skipSpace(p, end)
            guard p < end else { return stop.set(.syntax, p) }
            if p.pointee == JSONScan.comma {
                p = JSONScan.skipSpace(p + 1, end)
                continue
            }
            guard p.pointee == JSONScan.closeBrace else { return stop.set(.syntax, p) }
            return filled == object.pointee.slotCount ? p + 1 : fillMissing(object, visit, p, past: p + 1)
        }
    }

    /// Whether the guessed key stands at `p`, quotes and all.
    @inline(__always)
    static func matches(_ guess: UnsafeMutablePointer<KeyGuess>, _ p: BytePointer, _ end: BytePointer) -> Bool {
        let length = guess.pointee.length
        // The last word is compared in part; near the end of the text the slow way is taken.
        guard end - p >= (length + 7) & ~7 else { return false }
        let text = UnsafeRawPointer(guess)
        var at = 0
        while at + 8 <= length {
            guard text.load(fromByteOffset: at, as: UInt64.self) == UnsafeRawPointer(p + at).loadUnaligned(as: UInt64.self) else {
                return false
            }
            at += 8
        }
        guard at < length else { return true }
        let difference = text.load(fromByteOffset: at, as: UInt64.self).littleEndian ^ JSONScan.load8(p + at)
        return difference << UInt64(8 * (8 - (length - at))) == 0
    }

    /// Reads the key at `p` that is not the one guessed at `place`, finds its slot (-1: the schema has none), and learns.
    @inline(never)
    private func findKey(
        _ p: BytePointer, _ end: BytePointer, _ object: UnsafeMutablePointer<DecodeObject>, _ place: inout Int, _ slotIndex: inout Int
    ) -> BytePointer? {
        // A record that leaves a field out is in step again with the guess after it.
        let next = object.pointee.guesses + place + 1
        if place + 1 < object.pointee.guessCount, Self.matches(next, p, end) {
            place += 2
            slotIndex = next.pointee.slot
            return p + next.pointee.length
        }
        var decodedEnd = out
        guard let past = JSONScan.copyString(p + 1, end, &decodedEnd, &stop) else { return nil }
        let length = decodedEnd - out
        slotIndex = slot(forKey: UnsafePointer(out), length, in: object)
        // Keys with escapes are not learnt: their text is not their bytes.
        if place < KeyGuess.countMax, past - p == length + 2, length + 2 <= KeyGuess.bytesMax {
            learn(p, length + 2, slot: slotIndex, object.pointee.guesses + place)
            place += 1
            object.pointee.guessCount = max(object.pointee.guessCount, place)
        }
        return past
    }

    private func learn(_ text: BytePointer, _ length: Int, slot: Int, _ guess: UnsafeMutablePointer<KeyGuess>) {
        guess.pointee = KeyGuess()
        guess.pointee.length = length
        guess.pointee.slot = slot
        UnsafeMutableRawPointer(guess).copyMemory(from: text, byteCount: length)
    }

    private func slot(forKey key: BytePointer, _ length: Int, in object: UnsafeMutablePointer<DecodeObject>) -> Int {
        let table = object.pointee.table, mask = object.pointee.tableMask
        var at = Int(truncatingIfNeeded: Hashing.table(key, count: length)) & mask
        while table[at] >= 0 {
            let index = Int(table[at])
            if Self.areEqual(key, length, texts + slots[index].keyOffset, slots[index].keyLength) { return index }
            at = (at + 1) & mask
        }
        return -1
    }

    static func areEqual(_ a: BytePointer, _ aCount: Int, _ b: BytePointer, _ bCount: Int) -> Bool {
        UnsafeBufferPointer(start: a, count: aCount).elementsEqual(UnsafeBufferPointer(start: b, count: bCount))
    }

    /// Before the first record the guess is the schema's order.
    func guessDeclarationOrder() {
        for i in 0..<plan.objectCount {
            let object = objects + i
            for place in 0..<min(object.pointee.slotCount, KeyGuess.countMax) {
                let index = object.pointee.slotStart + place
                let text =
                    [JSONScan.quote] + UnsafeBufferPointer(start: texts + slots[index].keyOffset, count: slots[index].keyLength) + [
                        JSONScan.quote
                    ]
                guard text.count <= KeyGuess.bytesMax else { break }
                text.withUnsafeBufferPointer { learn($0.baseAddress!, text.count, slot: index, object.pointee.guesses + place) }
                object.pointee.guessCount = place + 1
            }
        }
    }

    /// Gives the fields that the object visited as `visit` did not have their defaults; `end` is its closing brace.
    @inline(never)
    private func fillMissing(
        _ object: UnsafeMutablePointer<DecodeObject>, _ visit: UInt64, _ end: BytePointer, past: BytePointer
    ) -> BytePointer? {
        for index in object.pointee.slotStart..<object.pointee.slotStart + object.pointee.slotCount where slots[index].stamp != visit {
            let slot = slots + index
            if slot.pointee.hasDefault {
                if slot.pointee.kind == .record {
                    fillRecordDefault(slot)
                } else {
                    store(word: slot.pointee.defaultWord, slot)
                }
            } else if slot.pointee.isNullable {
                storeNull(slot)
            } else {
                faultSlot = index
                return stop.set(.missingField, end)
            }
        }
        return past
    }

    private func fillRecordDefault(_ slot: UnsafeMutablePointer<DecodeSlot>) {
        let text = texts + slot.pointee.defaultOffset
        ensureRoom(2 * slot.pointee.defaultLength + 64)
        let past = value(text, text + slot.pointee.defaultLength, slot, depth: 0)
        precondition(past != nil, "the default of field '\(plan.paths[slot - slots])' is a record of its schema")
    }

    /// Null in the field's column; of a record, absence: every leaf below is null too.
    @inline(never)
    func storeNull(_ slot: UnsafeMutablePointer<DecodeSlot>) {
        store(word: 0, slot)
        guard slot.pointee.kind == .record else {
            slot.pointee.validity.unsafelyUnwrapped[count] = 0
            return
        }
        storeAbsence(objects + slot.pointee.object)
    }

    private func storeAbsence(_ object: UnsafeMutablePointer<DecodeObject>) {
        for index in object.pointee.slotStart..<object.pointee.slotStart + object.pointee.slotCount {
            let slot = slots + index
            if slot.pointee.column >= 0 {
                store(word: 0, slot)
                slot.pointee.validity.unsafelyUnwrapped[count] = 0
            }
            if slot.pointee.kind == .record { storeAbsence(objects + slot.pointee.object) }
        }
    }

    /// Stores a value of any column as the word or byte that it is, and that it is there.
    @inline(__always)
    func store(word: Int64, _ slot: UnsafeMutablePointer<DecodeSlot>) {
        if slot.pointee.kind == .bool || slot.pointee.kind == .record {
            slot.pointee.storage.storeBytes(of: UInt8(truncatingIfNeeded: word), toByteOffset: count, as: UInt8.self)
        } else {
            slot.pointee.storage.storeBytes(of: word, toByteOffset: count &* 8, as: Int64.self)
        }
        if let validity = slot.pointee.validity { validity[count] = 1 }
    }
}
