import Base

/// An input's records in batches, one after the other.
protocol RecordBatches: AnyObject {
    /// What messages call the input.
    var name: String { get }
    /// Has the batches begin with the first record at or after this byte of the input. To be called first, if at all.
    func begin(at start: Int)
    /// The next batch, the last of them with what is left; waits for it, at most `patience` where one is given.
    func next(patience: TimeSpan?) throws -> BatchPiece
    /// What has come so far of a batch that is not full; nil where that is nothing.
    func takeRest() -> LineBatch?
    /// Lines passed over because they begin before the start.
    var skipped: Int { get }
    /// One past the last record so far, those passed over included, in bytes of the input.
    var position: Int { get }
    /// How much of the input the batches so far are, from 0 to 1; nil where that is not known.
    var share: Double? { get }
    var tally: ReadingTally { get }
}

enum BatchPiece {
    case batch(LineBatch)
    /// Nothing came within the time.
    case nothingYet
    case end
}

/// Batches cut from an input while it is read, in constant memory.
final class StreamedBatches: RecordBatches {
    private let input: InputBytes
    private let reader: any RecordReader
    private var cutter = BatchCutter()
    private var isAtEnd = false

    init(_ input: InputBytes, _ reader: any RecordReader) {
        self.input = input
        self.reader = reader
    }

    var name: String { input.name }
    var skipped: Int { cutter.skipped }
    var position: Int { cutter.position }
    var share: Double? { input.share }
    var tally: ReadingTally { reader.tally }

    func begin(at start: Int) { cutter = BatchCutter(start: start) }

    func next(patience: TimeSpan? = nil) throws -> BatchPiece {
        while true {
            if let batch = cutter.takeFull() { return .batch(batch) }
            if isAtEnd { return cutter.takeRest().map(BatchPiece.batch) ?? .end }
            let piece = try input.next(patience: patience) { try reader.read($0) { cutter.add($0) } }
            if case .nothingYet = piece { return .nothingYet }
            if case .end = piece {
                isAtEnd = true
                try reader.finish { cutter.add($0) }
            }
        }
    }

    func takeRest() -> LineBatch? { cutter.takeRest() }

    /// What the input's text is told by; whole once `next` has said `.end`.
    var fingerprint: Fingerprint { input.fingerprint }
}
