public import Base
public import Columns

/// Writes the rows of an answer as text while a store reads them: cell by cell in the order of the answer's columns, then
/// `endRow`, so that a page of rows is never held as values. Cells of a type are written as `JSONText` writes such a value,
/// so that all stores answer with the same bytes. One thread uses it.
public final class RowWriter {
    public enum Form: Sendable {
        /// Elements of a JSON array, without its brackets: objects with commas between them.
        case elements
        /// A JSON object a line.
        case lines
        /// RFC 4180: null is nothing, an empty text two quotes, a map its JSON.
        case csv
    }

    /// Where the text goes; what stood there stays before it.
    public let arena: ByteArena
    /// Rows that were ended.
    public private(set) var rowCount = 0

    private let form: Form
    /// What stands before each cell, one after the other: `{"id":`, `,"name":`.
    private let leads = ByteArena()
    /// Where each of them begins, and the last one ends.
    private var leadStarts: [Int] = []
    private let columnCount: Int
    /// The cell that comes next.
    private var cell = 0
    private let scratch = ByteArena()

    /// - Parameter names: the answer's columns, at least one; as many cells make a row.
    public init(_ form: Form, names: [String], into arena: ByteArena) {
        self.form = form
        self.arena = arena
        columnCount = names.count
        for (index, name) in names.enumerated() {
            leadStarts.append(leads.count)
            if index > 0 { leads.append(byte: UInt8(ascii: ",")) }
            guard form != .csv else { continue }
            if index == 0 { leads.append(byte: UInt8(ascii: "{")) }
            JSONText.append(string: name, to: leads)
            leads.append(byte: UInt8(ascii: ":"))
        }
        leadStarts.append(leads.count)
    }

    /// The line that names the columns of CSV.
    public static func writeHeader(_ names: [String], to arena: ByteArena) {
        for (index, name) in names.enumerated() {
            if index > 0 { arena.append(byte: UInt8(ascii: ",")) }
            var name = name
            name.withUTF8 { appendCSV($0, to: arena) }
        }
        arena.append("\r\n")
    }

    /// Ends the row, which has all its cells.
    public func endRow() {
        precondition(cell == columnCount, "a row ends after its last cell")
        switch form {
        case .elements: arena.append(byte: UInt8(ascii: "}"))
        case .lines: arena.append("}\n")
        case .csv: arena.append("\r\n")
        }
        cell = 0
        rowCount += 1
    }

    @inline(__always)
    private func begin() {
        precondition(cell < columnCount, "a row has as many cells as there are columns")
        if cell == 0, rowCount > 0, form == .elements { arena.append(byte: UInt8(ascii: ",")) }
        let start = leadStarts[cell]
        arena.append(leads.base + start, count: leadStarts[cell + 1] - start)
        cell += 1
    }
}

// MARK: Cells

extension RowWriter {
    public func null() {
        begin()
        if form != .csv { arena.append("null") }
    }

    public func bool(_ flag: Bool) {
        begin()
        arena.append(flag ? "true" : "false")
    }

    public func int(_ number: Int64) {
        begin()
        JSONText.append(int: number, to: arena)
    }

    public func double(_ number: Double) {
        begin()
        unquoted { JSONText.append(double: number, to: $0) }
    }

    public func timestamp(_ time: EventTime) {
        begin()
        unquoted { JSONText.append(timestamp: time, to: $0) }
    }

    public func duration(_ span: TimeSpan) {
        begin()
        unquoted { JSONText.append(duration: span, to: $0) }
    }

    /// - Parameter bytes: UTF-8.
    public func string(_ bytes: UnsafeBufferPointer<UInt8>) {
        begin()
        if form == .csv { Self.appendCSV(bytes, to: arena) } else { JSONText.append(string: bytes, to: arena) }
    }

    public func bytes(_ bytes: UnsafeBufferPointer<UInt8>) {
        begin()
        unquoted { JSONText.append(base64: bytes, to: $0) }
    }

    /// A map whose JSON is there already, with its keys in byte order. False, and nothing written, where the text is no
    /// object of strings or has spaces between them: then the store makes a value of it, or an error.
    public func map(json text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard MapJSON.isCompact(text) else { return false }
        begin()
        if form == .csv { Self.appendCSV(text, to: arena) } else { arena.append(UnsafeRawBufferPointer(text)) }
        return true
    }

    /// A cell that is a value already.
    public func value(_ value: Value) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .int(let number): int(number)
        case .double(let number): double(number)
        case .timestamp(let time): timestamp(time)
        case .duration(let span): duration(span)
        case .bytes(let array): array.withUnsafeBufferPointer { bytes($0) }
        case .string(var text): text.withUTF8 { string($0) }
        case .map:
            begin()
            guard form == .csv else { return JSONText.append(value, to: arena) }
            scratch.removeAll()
            JSONText.append(value, to: scratch)
            Self.appendCSV(scratch.bytes, to: arena)
        }
    }

    /// Writes a JSON scalar; for CSV without the quotes that times and the like have, none of which has a comma.
    @inline(__always)
    private func unquoted(_ write: (ByteArena) -> Void) {
        guard form == .csv else { return write(arena) }
        scratch.removeAll()
        write(scratch)
        let isQuoted = scratch.bytes.first == UInt8(ascii: "\"")
        let text = isQuoted ? scratch.bytes.dropFirst().dropLast() : scratch.bytes[...]
        arena.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text)))
    }

    private static func appendCSV(_ text: UnsafeBufferPointer<UInt8>, to arena: ByteArena) {
        let quote = UInt8(ascii: "\"")
        let isPlain = !text.isEmpty && text.allSatisfy { $0 != quote && $0 != 0x2C && $0 != 0x0D && $0 != 0x0A }
        guard !isPlain else {
            arena.append(UnsafeRawBufferPointer(text))
            return
        }
        arena.append(byte: quote)
        for byte in text {
            if byte == quote { arena.append(byte: quote) }
            arena.append(byte: byte)
        }
        arena.append(byte: quote)
    }
}
