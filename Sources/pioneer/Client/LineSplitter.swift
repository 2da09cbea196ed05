/// Cuts a stream of bytes into its lines. A `\r` before the newline goes, as does an empty line.
struct LineSplitter {
    private var buffer: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// No newline lies between `start` and here.
    private var searched = 0

    mutating func add(_ bytes: [UInt8]) {
        if start > 0 {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        buffer += bytes
    }

    /// The next whole line, without its end; nil: more bytes are needed.
    mutating func next() -> [UInt8]? {
        while let end = buffer[searched...].firstIndex(of: 0x0A) {
            let line = trimmed(start..<end)
            start = end + 1
            searched = start
            if !line.isEmpty { return Array(line) }
        }
        searched = buffer.count
        return nil
    }

    /// What follows the last newline; nil where that is nothing. Call at the end of the stream.
    mutating func rest() -> [UInt8]? {
        let line = trimmed(start..<buffer.count)
        self = LineSplitter()
        return line.isEmpty ? nil : Array(line)
    }

    private func trimmed(_ range: Range<Int>) -> ArraySlice<UInt8> {
        let line = buffer[range]
        return line.last == 0x0D ? line.dropLast() : line
    }
}
