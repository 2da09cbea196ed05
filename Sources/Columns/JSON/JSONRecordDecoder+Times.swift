import Base

/// Timestamps and dates. Text is RFC 3339; a number is in the unit of the logical type.
extension JSONRecordDecoder {
    /// Microseconds of 0001-01-01T00:00:00Z and of the last microsecond of 9999.
    static let timeRange: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

    @inline(__always)
    func timestamp(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        // The form nearly all have: a day met just before, whole seconds, Z.
        if end - p >= 22, p.pointee == JSONScan.quote, p[20] == 0x5A, p[21] == JSONScan.quote, p[11] == 0x54,
            JSONScan.load8(p + 1) == dateText.0,
            UInt16(littleEndian: UnsafeRawPointer(p + 9).loadUnaligned(as: UInt16.self)) == dateText.1,
            let seconds = Self.secondsOfDay(JSONScan.load8(p + 12)) {
            store(word: Int64(dateDays &* 86_400 &+ seconds) &* 1_000_000, slot)
            return p + 22
        }
        return anyTimestamp(p, end, slot, depth)
    }

    /// Seconds of `HH:MM:SS`, given as eight bytes; nil where it is no time of day.
    @inline(__always)
    static func secondsOfDay(_ text: UInt64) -> Int? {
        // Digits become 0...9 and colons 0; then a byte that is more than it may be carries into its top bit.
        let t = text ^ 0x3030_3A30_303A_3030
        guard ((t &+ 0x7676_7F76_767F_7676) | t) & 0x8080_8080_8080_8080 == 0 else { return nil }
        let hours = Int(t & 15) * 10 + Int(t >> 8 & 15)
        let minutes = Int(t >> 24 & 15) * 10 + Int(t >> 32 & 15)
        let seconds = Int(t >> 48 & 15) * 10 + Int(t >> 56 & 15)
        guard hours < 24, minutes < 60, seconds < 60 else { return nil }
        return hours &* 3_600 &+ minutes &* 60 &+ seconds
    }

    @inline(never)
    private func anyTimestamp(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        if p.pointee == JSONScan.quote {
            var past = out
            guard let next = JSONScan.copyString(p + 1, end, &past, &stop) else { return nil }
            guard let time = EventTime(rfc3339: UnsafeBufferPointer(start: UnsafePointer(out), count: past - out)),
                Self.timeRange.contains(time.microseconds)
            else { return fail(.badTimestamp, p, slot) }
            rememberDate(UnsafePointer(out))
            store(word: time.microseconds, slot)
            return next
        }
        let scale: Int64 = slot.pointee.kind == .millis ? 1_000 : 1
        return time(p, end, slot, depth, scale: scale, reason: .badTimestamp)
    }

    /// Keeps the day of a valid RFC 3339 text for those that follow.
    private func rememberDate(_ text: BytePointer) {
        dateText = (JSONScan.load8(text), UInt16(littleEndian: UnsafeRawPointer(text + 8).loadUnaligned(as: UInt16.self)))
        dateDays = Self.days(text) ?? 0
    }

    /// A whole number of `scale` microseconds.
    private func time(
        _ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int, scale: Int64, reason: JSONStopReason
    ) -> BytePointer? {
        guard p.pointee == JSONScan.minus || p.pointee &- 48 < 10 else { return mismatch(p, end, slot, depth) }
        var number = JSONNumber()
        guard let next = number.scan(p, end, &stop) else { return nil }
        guard !number.hasFraction, number.exponent >= 0 else { return fail(.wrongType, p, slot) }
        guard let units = number.integer else { return fail(reason, p, slot) }
        let (microseconds, overflow) = units.multipliedReportingOverflow(by: scale)
        guard !overflow, Self.timeRange.contains(microseconds) else { return fail(reason, p, slot) }
        store(word: microseconds, slot)
        return next
    }

    func date(_ p: BytePointer, _ end: BytePointer, _ slot: Slot, _ depth: Int) -> BytePointer? {
        guard p.pointee == JSONScan.quote else { return time(p, end, slot, depth, scale: 86_400_000_000, reason: .badDate) }
        var past = out
        guard let next = JSONScan.copyString(p + 1, end, &past, &stop) else { return nil }
        guard past - out == 10, let days = Self.days(UnsafePointer(out)) else { return fail(.badDate, p, slot) }
        store(word: Int64(days) * 86_400_000_000, slot)
        return next
    }

    /// Days since 1970 of the ten bytes `YYYY-MM-DD`; nil where they are no date.
    private static func days(_ text: BytePointer) -> Int? {
        func number(_ at: Int, _ count: Int) -> Int? {
            var value = 0
            for i in at..<at + count {
                guard text[i] &- 48 < 10 else { return nil }
                value = value * 10 + Int(text[i] - 48)
            }
            return value
        }
        guard text[4] == JSONScan.minus, text[7] == JSONScan.minus, let year = number(0, 4), let month = number(5, 2),
            let day = number(8, 2), year >= 1, month >= 1, month <= 12, day >= 1, day <= CivilDate.daysIn(month: month, year: year)
        else { return nil }
        return CivilDate(year: year, month: month, day: day).daysSinceEpoch
    }
}
