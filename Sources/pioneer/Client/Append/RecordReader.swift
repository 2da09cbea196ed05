import Base

/// What a line or a row of an input becomes.
struct RecordUnit {
    /// Lines of JSON with a newline between two. Valid while it is handed over.
    let body: UnsafeBufferPointer<UInt8>
    let lines: Int
    /// Where it begins in the input and where the next one does, in bytes of its text.
    let start: Int
    let end: Int
}

/// What a reader met that became no record.
struct ReadingTally: Equatable {
    /// Rows passed over because something is wrong with them.
    var badRows = 0
    /// Events that a row has no values for.
    var emptyEvents = 0
    /// What was wrong with the first row passed over.
    var firstFault: String?
}

/// Finds the records in an input's text as it comes: the same ones wherever the text is cut.
protocol RecordReader: AnyObject {
    /// Hands over each record that ends in the bytes. Throws what `take` throws, and what is wrong with the text.
    func read(_ bytes: UnsafeBufferPointer<UInt8>, _ take: (RecordUnit) -> Void) throws
    /// To be called at the end of the text: hands over what is left.
    func finish(_ take: (RecordUnit) -> Void) throws
    var tally: ReadingTally { get }
}

extension ErrorCode {
    static let appendLine = ErrorCode("append.line")
}

/// Lines of JSON. Blank ones are passed over, and so is a `\r` at the end of a line.
final class LineReader: RecordReader {
    /// The most that the engine takes in one request.
    static let lineBytesMax = 16 << 20

    private let name: String
    private let shifter: LineShifter?
    private let carried = ByteArena(capacity: 4_096)
    private var position = 0
    /// Where the line being read begins.
    private var start = 0

    let tally = ReadingTally()

    /// - Parameters:
    ///   - name: the input's, for messages.
    ///   - shifter: moves the lines' event times.
    init(_ name: String = "the input", shifter: LineShifter? = nil) {
        self.name = name
        self.shifter = shifter
    }

    /// Throws `append.line` for a line without end.
    func read(_ bytes: UnsafeBufferPointer<UInt8>, _ take: (RecordUnit) -> Void) throws {
        var from = 0
        while let newline = bytes[from...].firstIndex(of: 0x0A) {
            let rest = UnsafeBufferPointer(rebasing: bytes[from..<newline])
            if carried.count == 0 {
                line(rest, end: position + newline + 1, take)
            } else {
                try carry(rest)
                line(carried.bytes, end: position + newline + 1, take)
                carried.removeAll()
            }
            from = newline + 1
        }
        try carry(UnsafeBufferPointer(rebasing: bytes[from...]))
        position += bytes.count
    }

    func finish(_ take: (RecordUnit) -> Void) throws {
        if carried.count > 0 { line(carried.bytes, end: position, take) }
        carried.removeAll()
    }

    private func carry(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        guard carried.count + bytes.count <= Self.lineBytesMax else {
            throw EngineError(
                .appendLine, .user, "'\(name)' has a line of more than \(ByteCount(Self.lineBytesMax)), which begins at byte \(start)",
                remedy: "Each record stands on a line of its own. Of a JSON array, 'jq -c .[]' makes such lines.")
        }
        if !bytes.isEmpty { carried.append(bytes.baseAddress!, count: bytes.count) }
    }

    private func line(_ bytes: UnsafeBufferPointer<UInt8>, end: Int, _ take: (RecordUnit) -> Void) {
        defer { start = end }
        let content = bytes.last == 0x0D ? UnsafeBufferPointer(rebasing: bytes.dropLast()) : bytes
        guard content.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return }
        if let shifter {
            shifter.shifted(content) { take(RecordUnit(body: $0, lines: 1, start: start, end: end)) }
        } else {
            take(RecordUnit(body: content, lines: 1, start: start, end: end))
        }
    }
}
