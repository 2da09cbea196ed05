import Base
import Columns

/// Why a cell is not a value of its field.
struct CellFault: Error {
    var cell: String
    /// What the field takes.
    var allowed: String

    /// A message shows no more of a cell.
    private static let cellCharactersMax = 60

    init(_ cell: UnsafeBufferPointer<UInt8>, _ allowed: String) {
        self.cell = CellText.cut(CellText.printable(String(decoding: cell, as: UTF8.self)), to: Self.cellCharactersMax)
        self.allowed = allowed
    }
}

/// Writes cells, which are text, as the JSON of a schema's field.
struct CellWriter {
    let type: AvroType
    /// Added to times; other cells stay as they are.
    let shift: TimeSpan

    init(_ type: AvroType, shift: TimeSpan = .zero) {
        self.type = type
        self.shift = shift
    }

    /// The years that an event time may be of.
    private static let timeRange = EventTime("0001-01-01T00:00:00Z")!...EventTime("9999-12-31T23:59:59.999999Z")!

    /// The cell without what does not count: blanks around everything but texts.
    func content(_ cell: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        switch type {
        case .string: return cell
        default:
            var from = 0, to = cell.count
            while from < to, cell[from] == 0x20 || cell[from] == 0x09 { from += 1 }
            while to > from, cell[to - 1] == 0x20 || cell[to - 1] == 0x09 { to -= 1 }
            return UnsafeBufferPointer(rebasing: cell[from..<to])
        }
    }

    /// - Parameter cell: as `content` gives it, not empty. Throws `CellFault`.
    func write(_ cell: UnsafeBufferPointer<UInt8>, to out: ByteArena) throws(CellFault) {
        switch type {
        case .boolean: out.append(try boolean(cell) ? "true" : "false")
        case .int: try whole(cell, Int64(Int32.min)...Int64(Int32.max), to: out)
        case .long: try whole(cell, .min ... .max, to: out)
        case .float, .double: try number(cell, to: out)
        case .timestampMillis, .timestampMicros: try time(cell, to: out)
        case .date: try date(cell, to: out)
        case .map, .record: try object(cell, to: out)
        case .enumeration(_, let symbols):
            guard symbols.contains(String(decoding: cell, as: UTF8.self)) else {
                throw CellFault(cell, "one of " + symbols.joined(separator: ", "))
            }
            JSONText.append(string: cell, to: out)
        case .string, .bytes, .uuid, .duration:
            guard String(validating: cell, as: UTF8.self) != nil else { throw CellFault(cell, "UTF-8 text") }
            JSONText.append(string: cell, to: out)
        }
    }

    private func boolean(_ cell: UnsafeBufferPointer<UInt8>) throws(CellFault) -> Bool {
        switch String(decoding: cell, as: UTF8.self).lowercased() {
        case "true", "t", "yes", "1": return true
        case "false", "f", "no", "0": return false
        default: throw CellFault(cell, "true or false (also t, f, yes, no, 1, 0)")
        }
    }

    private func whole(_ cell: UnsafeBufferPointer<UInt8>, _ range: ClosedRange<Int64>, to out: ByteArena) throws(CellFault) {
        let text = String(decoding: cell, as: UTF8.self)
        guard let number = Int64(text) ?? Self.decimal(cell).flatMap({ Int64(exactly: $0) }), range.contains(number) else {
            throw CellFault(cell, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        JSONText.append(int: number, to: out)
    }

    private func number(_ cell: UnsafeBufferPointer<UInt8>, to out: ByteArena) throws(CellFault) {
        if Self.isPlainJSONNumber(cell) {
            out.append(cell.baseAddress!, count: cell.count)
            return
        }
        guard let number = Self.decimal(cell) else { throw CellFault(cell, "a number such as 12, -0.5 or 1e6") }
        JSONText.append(double: number, to: out)
    }

    /// Nil also for those of C that are no decimal numbers: "inf", "nan", "0x1p3".
    private static func decimal(_ cell: UnsafeBufferPointer<UInt8>) -> Double? {
        guard cell.allSatisfy({ $0 &- 48 < 10 || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) }),
            let number = Double(String(decoding: cell, as: UTF8.self)), number.isFinite
        else { return nil }
        return number
    }

    /// `-12.50`: digits, without a zero before others, and digits on both sides of a point.
    private static func isPlainJSONNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var at = text.first == 0x2D ? 1 : 0
        let whole = at
        while at < text.count, text[at] &- 48 < 10 { at += 1 }
        guard at > whole, text[whole] != 48 || at == whole + 1 else { return false }
        guard at < text.count else { return true }
        guard text[at] == 0x2E, at + 1 < text.count else { return false }
        at += 1
        while at < text.count, text[at] &- 48 < 10 { at += 1 }
        return at == text.count
    }

    private func time(_ cell: UnsafeBufferPointer<UInt8>, to out: ByteArena) throws(CellFault) {
        guard let time = CellTime.parse(cell).map({ $0 + shift }), Self.timeRange.contains(time) else {
            throw CellFault(cell, CellTime.allowedForm)
        }
        JSONText.append(timestamp: time, to: out)
    }

    private func date(_ cell: UnsafeBufferPointer<UInt8>, to out: ByteArena) throws(CellFault) {
        guard cell.count >= 10, let time = CellTime.parse(cell), time.microseconds % 86_400_000_000 == 0 else {
            throw CellFault(cell, "a date such as 2026-01-05")
        }
        JSONText.append(string: String(time.description.prefix(10)), to: out)
    }

    private func object(_ cell: UnsafeBufferPointer<UInt8>, to out: ByteArena) throws(CellFault) {
        guard case .success(let value) = JSONValue.parse(cell), value.members != nil else {
            throw CellFault(cell, #"a JSON object such as {"timezone":"UTC"}"#)
        }
        out.append(value.description)
    }
}
