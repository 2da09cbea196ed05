/// Lines that are appended together.
struct LineBatch: Equatable {
    /// Newline-delimited, each line with its newline.
    var body: [UInt8] = []
    var lines = 0
    /// One past the last line, in bytes from the beginning of the input.
    var end = 0
    /// The batch ended because of its limits, not because the input did: reading the same input again, or a longer one
    /// that begins with it, gives the same batch.
    var isFull = false
}

/// Cuts an input into batches. Where a batch ends depends on nothing but the lines since the last one, so that a second
/// run cuts at the same places as the first.
struct LineBatcher {
    static let linesMax = 5_000
    /// Below what the engine takes in one request. A longer line goes alone, and the engine says what it thinks of it.
    static let bytesMax = 1 << 20

    private var pending: [UInt8] = []
    private var start = 0
    private var searched = 0
    /// Where `pending[start]` lies in the input.
    private var position: Int
    private var batch = LineBatch()

    /// - Parameter position: where in the input the first bytes added lie.
    init(position: Int = 0) {
        self.position = position
        batch.end = position
    }

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        if start > 0 {
            pending.removeFirst(start)
            searched -= start
            start = 0
        }
        pending += bytes
    }

    /// The next full batch; nil: more input is needed.
    mutating func next() -> LineBatch? {
        while true {
            guard let newline = pending[searched...].firstIndex(of: 0x0A) else {
                searched = pending.count
                return nil
            }
            searched = newline
            if let full = take(start..<newline, through: newline + 1) { return full }
        }
    }

    /// What is left: a batch that is not full, or several when a last line without newline does not fit. Empty at the end.
    mutating func finish(isEnd: Bool) -> LineBatch? {
        if isEnd, start < pending.count, let full = take(start..<pending.count, through: pending.count) { return full }
        guard batch.lines > 0 else { return nil }
        defer { batch = LineBatch(end: batch.end) }
        return batch
    }

    /// Puts a line into the batch; returns the batch that it closes. A line that no longer fits stays for the next call.
    private mutating func take(_ line: Range<Int>, through next: Int) -> LineBatch? {
        let content = pending[line].last == 0x0D ? pending[line].dropLast() : pending[line]
        let isBlank = content.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        if !isBlank, batch.lines > 0, batch.body.count + content.count + 1 > Self.bytesMax { return close() }
        position += next - start
        start = next
        searched = next
        guard !isBlank else { return nil }
        batch.body += content
        batch.body.append(0x0A)
        batch.lines += 1
        batch.end = position
        return batch.lines == Self.linesMax ? close() : nil
    }

    private mutating func close() -> LineBatch {
        batch.isFull = true
        defer { batch = LineBatch(end: batch.end) }
        return batch
    }
}
