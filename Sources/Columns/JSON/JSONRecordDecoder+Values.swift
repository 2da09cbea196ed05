import Base

/// Values of each type, from their text into their column's current row.
extension JSONRecordDecoder {
    typealias Slot = UnsafeMutablePointer<DecodeSlot>

    /// Decodes the value at `p`, which is before `end`, and returns the place past it.
    @inline(__always)
    func value(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, depth: Int) -> BytePointer? {
        switch slot.pointee.kind {
        case .string: string(p, end, slot, depth)
        case .double: double(p, end, slot, depth)
        case .millis, .micros: timestamp(p, end, slot, depth)
        default: otherValue(p, end, slot, depth: depth)
        }
    }

    @inline(never)
    private func otherValue(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, depth: Int) -> BytePointer? {
        switch slot.pointee.kind {
        case .int32, .int64: integer(p, end, slot, depth)
        case .bool: bool(p, end, slot, depth)
        case .float: double(p, end, slot, depth)
        case .record: record(p, end, slot, depth)
        case .map: map(p, end, slot, depth)
        case .date: date(p, end, slot, depth)
        case .enumeration, .uuid, .bytes, .duration: checkedString(p, end, slot, depth)
        case .string, .double, .millis, .micros: preconditionFailure("value(_:_:_:depth:) takes these")
        }
    }

    /// What stands at `p` is no value of the field: null where that is one, else a fault, of the text if it is no JSON.
    @inline(never)
    func mismatch(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        let isNull = JSONScan.isNull(p, end)
        guard let past = JSONScan.skipValue(p, end, depth: depth, &stop) else { return nil }
        guard isNull else { return fail(.wrongType, p, slot) }
        guard slot.pointee.isNullable else { return fail(.null, p, slot) }
        storeNull(slot)
        return past
    }

    @inline(never)
    func fail(_ reason: JSONStopReason, _ p: BytePointer, _ slot: Slot) -> BytePointer? {
        faultSlot = slot - slots
        return stop.set(reason, p)
    }

    @inline(__always)
    func string(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        guard p.pointee == JSONScan.quote else { return mismatch(p, end, slot, depth) }
        var past = out
        guard let next = JSONScan.copyString(p + 1, end, &past, &stop) else { return nil }
        storeBytes(from: out, to: past, slot)
        return next
    }

    /// Stores a reference to the arena's bytes from `start` on and keeps them.
    @inline(__always)
    func storeBytes(from start: MutableBytePointer, to past: MutableBytePointer, _ slot: Slot) {
        let reference = BytesReference(offset: start - arenaBase, length: past - start)
        slot.pointee.storage.storeBytes(of: reference, toByteOffset: count &* 8, as: BytesReference.self)
        if let validity = slot.pointee.validity { validity[count] = 1 }
        out = past
    }

    @inline(__always)
    func double(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        guard p.pointee == JSONScan.minus || p.pointee &- 48 < 10 else { return namedDouble(p, end, slot, depth) }
        var number = JSONNumber()
        guard let next = number.scan(p, end, &stop) else { return nil }
        var result = number.double(p, next, powers)
        if slot.pointee.kind == .float { result = Double(Float(result)) }
        guard result.isFinite else { return fail(.overflow, p, slot) }
        store(word: Int64(bitPattern: result.bitPattern), slot)
        return next
    }

    /// `"NaN"`, `"Infinity"` or `"-Infinity"`.
    @inline(never)
    private func namedDouble(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        guard p.pointee == JSONScan.quote else { return mismatch(p, end, slot, depth) }
        var past = out
        guard let next = JSONScan.copyString(p + 1, end, &past, &stop) else { return nil }
        let text = UnsafeBufferPointer(start: UnsafePointer(out), count: past - out)
        let result: Double
        if text.elementsEqual("NaN".utf8) {
            result = .nan
        } else if text.elementsEqual("Infinity".utf8) {
            result = .infinity
        } else if text.elementsEqual("-Infinity".utf8) {
            result = -.infinity
        } else {
            return fail(.wrongType, p, slot)
        }
        store(word: Int64(bitPattern: result.bitPattern), slot)
        return next
    }

    @inline(__always)
    func integer(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        guard p.pointee == JSONScan.minus || p.pointee &- 48 < 10 else { return mismatch(p, end, slot, depth) }
        var number = JSONNumber()
        guard let next = number.scan(p, end, &stop) else { return nil }
        guard !number.hasFraction, number.exponent >= 0 else { return fail(.wrongType, p, slot) }
        guard let result = number.integer, slot.pointee.kind == .int64 || Int64(Int32(truncatingIfNeeded: result)) == result
        else { return fail(.overflow, p, slot) }
        store(word: result, slot)
        return next
    }

    private func bool(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        guard p.pointee == 0x74 || p.pointee == 0x66 else { return mismatch(p, end, slot, depth) }
        guard let next = JSONScan.skipLiteral(p, end, &stop) else { return nil }
        store(word: p.pointee == 0x74 ? 1 : 0, slot)
        return next
    }

    private func record(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        guard p.pointee == JSONScan.openBrace else { return mismatch(p, end, slot, depth) }
        if slot.pointee.column >= 0 { store(word: 1, slot) }
        return object(p, end, slot.pointee.object, depth: depth + 1)
    }

    /// Strings of a form: decoded like any, checked in the arena, put in their canonical form there.
    private func checkedString(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        guard p.pointee == JSONScan.quote else { return mismatch(p, end, slot, depth) }
        var past = out
        guard let next = JSONScan.copyString(p + 1, end, &past, &stop) else { return nil }
        switch slot.pointee.kind {
        case .enumeration:
            guard isSymbol(out, past - out, slot) else { return fail(.badEnumSymbol, p, slot) }
        case .uuid:
            guard StringForm.lowercaseUUID(out, past - out) else { return fail(.badUUID, p, slot) }
        case .bytes:
            guard let count = StringForm.decodeBase64(out, past - out) else { return fail(.badBase64, p, slot) }
            past = out + count
        default:
            guard let span = StringForm.duration(out, past - out) else { return fail(.badDuration, p, slot) }
            store(word: span, slot)
            return next
        }
        storeBytes(from: out, to: past, slot)
        return next
    }

    private func isSymbol(_ bytes: MutableBytePointer, _ length: Int, _ slot: Slot) -> Bool {
        for i in slot.pointee.symbolStart..<slot.pointee.symbolStart + slot.pointee.symbolCount {
            let symbol = symbols[i]
            if Self.areEqual(UnsafePointer(bytes), length, texts + Int(symbol.offset), Int(symbol.length)) { return true }
        }
        return false
    }
}
