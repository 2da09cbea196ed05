import Base

/// Finds rows of cells in a stream of CSV text (RFC 4180): quotes around cells, doubled quotes inside them, line breaks in
/// quotes, lines that end with LF or CRLF, a byte order mark at the start.
///
/// 1. Bytes come in pieces of any size; nothing depends on where they are cut.
/// 2. The cells of the row being read lie one after another in `text`, without their quotes; memory is that of one row.
/// 3. A whole row is handed over, and its memory is used again for the next.
///
/// Our own because a table of any size has to pass in constant memory, and a resumed append needs to know at which byte
/// each row begins; the CSV packages for Swift take a whole file as a string.
final class CSVReader {
    /// A row longer than this is most likely a quote that nobody closed.
    static let rowBytesMax = 1 << 20

    private enum State {
        /// At the start of a cell, or in one without quotes.
        case plain
        case quoted
        /// Behind a quote in a quoted cell: the cell's end, or the first of two.
        case closing
        /// Behind the `\r` that follows a quoted cell.
        case closingReturn
        /// In a row that is at fault already, up to its line's end.
        case broken
    }

    private let delimiter: UInt8
    /// Whether a byte means something outside of quotes.
    private let isSpecial: [Bool]
    private var state = State.plain
    private let text = ByteArena(capacity: 1_024)
    private var ends: [Int] = []
    /// The cell being read has or had quotes.
    private var isQuoted = false
    /// Bytes at the beginning of `text` that belong to no cell: a byte order mark.
    private var lead = 0
    private var lineNow = 1
    private var quoteLine = 1
    private var positionNow = 0

    /// The line that the row begins on, from 1.
    private(set) var line = 1
    /// Where the row begins and where the next one does, in bytes of the text.
    private(set) var start = 0
    private(set) var end = 0
    /// Why the row is none; nil where it is one.
    private(set) var fault: String?

    init(delimiter: UInt8 = UInt8(ascii: ",")) {
        self.delimiter = delimiter
        isSpecial = (0...255).map { UInt8($0) == delimiter || $0 == 0x0A || $0 == 0x22 }
    }

    var cellCount: Int { ends.count }

    /// A cell of the row, without quotes; valid until the next row.
    func cell(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let from = index == 0 ? lead : ends[index - 1]
        return UnsafeBufferPointer(start: text.base + from, count: ends[index] - from)
    }

    /// Calls `take` for each row that ends in the bytes. Throws what `take` throws, and `append.table_row` for a row
    /// without end.
    /// - Complexity: O(bytes).
    func read(_ bytes: UnsafeBufferPointer<UInt8>, _ take: () throws -> Void) throws {
        var at = 0
        while at < bytes.count {
            switch state {
            case .plain: try plain(bytes, &at, take)
            case .quoted: quoted(bytes, &at)
            case .closing, .closingReturn: try closing(bytes[at], &at, take)
            case .broken: try broken(bytes, &at, take)
            }
            if text.count > Self.rowBytesMax { throw endless() }
        }
        positionNow += bytes.count
    }

    /// To be called at the end of the text: hands over a last row without line break.
    func finish(_ take: () throws -> Void) throws {
        if state == .quoted { throw endless() }
        guard positionNow > start else { return }
        try endRow(at: 0, take)
    }

    // MARK: The states

    private func plain(_ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int, _ take: () throws -> Void) throws {
        let from = at
        while at < bytes.count, !isSpecial[Int(bytes[at])] { at += 1 }
        if at > from { text.append(bytes.baseAddress! + from, count: at - from) }
        guard at < bytes.count else { return }
        let byte = bytes[at]
        at += 1
        switch byte {
        case delimiter: endCell()
        case 0x0A:
            lineNow += 1
            try endRow(at: at, take)
        default:
            if isByteOrderMark { text.removeAll() }
            if text.count == cellStart, !isQuoted {
                (state, isQuoted, quoteLine) = (.quoted, true, lineNow)
            } else {
                fail("a quote stands inside a cell that does not begin with one")
            }
        }
    }

    private func quoted(_ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int) {
        let from = at
        while at < bytes.count, bytes[at] != 0x22 {
            if bytes[at] == 0x0A { lineNow += 1 }
            at += 1
        }
        if at > from { text.append(bytes.baseAddress! + from, count: at - from) }
        guard at < bytes.count else { return }
        at += 1
        state = .closing
    }

    private func closing(_ byte: UInt8, _ at: inout Int, _ take: () throws -> Void) throws {
        at += 1
        switch byte {
        case 0x22 where state == .closing:
            text.append(byte: byte)
            state = .quoted
        case delimiter where state == .closing: endCell()
        case 0x0D where state == .closing: state = .closingReturn
        case 0x0A:
            lineNow += 1
            try endRow(at: at, take)
        default: fail("something follows the closing quote of a cell")
        }
    }

    private func broken(_ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int, _ take: () throws -> Void) throws {
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
        guard at < bytes.count else { return }
        at += 1
        lineNow += 1
        try endRow(at: at, take)
    }

    // MARK: Cells and rows

    private var cellStart: Int { ends.last ?? 0 }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private var isByteOrderMark: Bool { start == 0 && ends.isEmpty && text.bytes.elementsEqual(Self.byteOrderMark) }

    private func endCell() {
        if start == 0, ends.isEmpty, !isQuoted, text.bytes.starts(with: Self.byteOrderMark) { lead = Self.byteOrderMark.count }
        ends.append(text.count)
        (state, isQuoted) = (.plain, false)
    }

    private func fail(_ what: String) {
        fault = what
        state = .broken
    }

    /// - Parameter at: where the next row begins in the bytes being read.
    private func endRow(at: Int, _ take: () throws -> Void) throws {
        if !isQuoted, text.count > cellStart, text.base[text.count - 1] == 0x0D { text.truncate(to: text.count - 1) }
        let mayBeBlank = ends.isEmpty && !isQuoted && fault == nil
        endCell()
        let isBlank = mayBeBlank && text.count == lead
        end = positionNow + at
        if !isBlank { try take() }
        text.removeAll()
        ends.removeAll(keepingCapacity: true)
        (line, start, fault, lead) = (lineNow, end, nil, 0)
    }

    private func endless() -> EngineError {
        let quote = state == .quoted ? "the quote opened on line \(quoteLine) is not closed" : "it is longer than \(Self.rowBytesMax) bytes"
        return EngineError(
            .appendTableRow, .user, "the row on line \(line) has no end: \(quote)",
            remedy: "Close the quote; inside of quotes a quote is written twice. --delimiter names another character than ','.")
    }
}

extension ErrorCode {
    static let appendTableRow = ErrorCode("append.table_row")
}
