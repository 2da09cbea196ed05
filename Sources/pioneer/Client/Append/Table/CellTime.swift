import Base

/// Times as tables have them.
enum CellTime {
    static let allowedForm = """
        a date and time such as 2026-01-05T00:00:00Z, 2026-01-05 00:00:00 (UTC where no zone stands), 2026-01-05, or a number: \
        seconds since 1970, milliseconds from 12 digits on, microseconds from 15
        """

    /// Longer text is no time.
    private static let bytesMax = 40

    /// RFC 3339; the same with a blank for the T, without zone, seconds or time of day, with a zone as `+01`, `+0100` or
    /// `UTC`; a number since 1970. Nil for anything else.
    static func parse(_ text: UnsafeBufferPointer<UInt8>) -> EventTime? {
        if let time = EventTime(rfc3339: text) { return time }
        guard (1...bytesMax).contains(text.count) else { return nil }
        if text.allSatisfy({ $0 &- 48 < 10 || $0 == 0x2E || $0 == 0x2D }), let time = number(text) { return time }
        return completed(text)
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>) -> EventTime? {
        let digits = text.prefix { $0 != 0x2E }.filter { $0 != 0x2D }.count
        let string = String(decoding: text, as: UTF8.self)
        let unit: Int64 = digits < 12 ? 1_000_000 : digits < 15 ? 1_000 : 1
        if let whole = Int64(string) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
            return overflow ? nil : EventTime(microseconds: product)
        }
        guard let number = Double(string), number.magnitude * Double(unit) < 9e18 else { return nil }
        return EventTime(microseconds: Int64((number * Double(unit)).rounded()))
    }

    /// Puts in what is missing and reads the result as RFC 3339.
    private static func completed(_ text: UnsafeBufferPointer<UInt8>) -> EventTime? {
        guard text.count >= 10 else { return nil }
        guard text.count > 10 else { return read(Array(text) + Array("T00:00:00Z".utf8)) }
        let time = text[10...].dropFirst().prefix { $0 &- 48 < 10 || $0 == 0x3A || $0 == 0x2E }
        var zone = text[time.endIndex...]
        if zone.first == 0x20 { zone = zone.dropFirst() }
        var whole = Array(text[..<time.endIndex])
        if time.count == 5 { whole += Array(":00".utf8) }
        switch zone.count {
        case 0: whole.append(UInt8(ascii: "Z"))
        case 3 where zone.elementsEqual("UTC".utf8): whole.append(UInt8(ascii: "Z"))
        case 3: whole += Array(zone) + Array(":00".utf8)
        case 5: whole += Array(zone.prefix(3)) + [UInt8(ascii: ":")] + Array(zone.suffix(2))
        default: whole += Array(zone)
        }
        return read(whole)
    }

    private static func read(_ bytes: [UInt8]) -> EventTime? { bytes.withUnsafeBufferPointer { EventTime(rfc3339: $0) } }
}
