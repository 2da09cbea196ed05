public import Base

/// Writes rows as JSON records: what outputs put on topics and what `JSONRecordDecoder` reads back as the same rows.
///
/// One compact object a row: dotted paths nest; null for nulls and for absent records; whole numbers without fraction,
/// doubles always with one (`5.0`), `"NaN"` and `"Infinity"` as strings; times as RFC 3339, byte strings as base64, durations
/// as seconds (`"1.5s"`), maps as objects in key order. Equal rows are equal bytes.
///
/// How: the row type becomes a list of steps, each with the punctuation and key before its value as ready bytes; a row is one
/// walk over them. One thread uses an encoder.
public final class JSONRowEncoder {
    public let type: RowType

    /// Writes `text`; then the value of `column`, if it has one.
    private struct Step {
        var textOffset: Int
        var textLength: Int
        /// -1: there is no value.
        var column: Int
        /// For a nullable record's presence: the step after the record, to go to where it is absent. Else 0.
        var afterRecord: Int
    }

    private let steps: UnsafeMutablePointer<Step>
    private let stepCount: Int
    private let readers: UnsafeMutablePointer<ColumnReader>
    private let referenceColumns: [Int]
    private let texts: ByteArena
    /// Bytes of a row's punctuation, keys and scalars at most.
    private let fixedBytesMax: Int
    /// Keeps the memory alive that the readers point to.
    private var columns: [Column] = []

    public init(type: RowType) {
        self.type = type
        readers = .allocate(capacity: max(1, type.columns.count))
        for (index, column) in type.columns.enumerated() { (readers + index).initialize(to: ColumnReader(column.type)) }
        referenceColumns = type.columns.indices.filter { type.columns[$0].type.layout == .reference }
        texts = ByteArena()
        var made: [Step] = []
        var pending = "{"
        Self.addSteps(RowShape(type).roots, type, &made, &pending, texts)
        Self.addStep(&made, pending + "}", texts)
        stepCount = made.count
        steps = .allocate(capacity: made.count)
        steps.initialize(from: made, count: made.count)
        fixedBytesMax = texts.count + type.columns.count * ColumnReader.scalarBytesMax + 2 * JSONScan.overshoot
    }

    deinit {
        steps.deallocate()
        readers.deallocate()
    }

    /// Punctuation that has no value yet gathers in `pending`.
    private static func addSteps(
        _ nodes: [RowShape.Node], _ type: RowType, _ steps: inout [Step], _ pending: inout String, _ texts: ByteArena
    ) {
        for (place, node) in nodes.enumerated() {
            pending += (place > 0 ? "," : "") + JSONText.quoted(node.name) + ":"
            guard !node.children.isEmpty || node.column.map({ type.columns[$0].type }) == .record else {
                addStep(&steps, pending, texts, column: node.column ?? -1)
                pending = ""
                continue
            }
            guard let presence = node.column else {
                pending += "{"
                addSteps(node.children, type, &steps, &pending, texts)
                pending += "}"
                continue
            }
            let head = steps.count
            addStep(&steps, pending, texts, column: presence)
            pending = "{"
            addSteps(node.children, type, &steps, &pending, texts)
            addStep(&steps, pending + "}", texts)
            pending = ""
            steps[head].afterRecord = steps.count
        }
    }

    private static func addStep(_ steps: inout [Step], _ text: String, _ texts: ByteArena, column: Int = -1) {
        steps.append(Step(textOffset: texts.append(text), textLength: text.utf8.count, column: column, afterRecord: 0))
    }

    /// Takes the columns that `encode(row:into:)` reads, in the order of `type`: once a batch. They and their arenas must not
    /// change until the next call; they are kept alive until then.
    public func begin(_ columns: [Column]) {
        precondition(columns.count == type.columns.count, "the encoder gets a column for each of its row type")
        self.columns = columns
        for (index, column) in columns.enumerated() { readers[index].point(at: column) }
    }

    /// Lets go of the columns.
    public func end() { columns = [] }

    /// Appends one row's object to `arena`, which is none of the columns'.
    /// - Complexity: O(bytes written); nothing is allocated but what the arena needs to grow.
    public func encode(row: Int, into arena: ByteArena) {
        var room = fixedBytesMax
        for index in referenceColumns { room += readers[index].jsonBytesMax(row) }
        let start = arena.reserve(room)
        let texts = UnsafePointer(self.texts.base)
        var o = start
        var at = 0
        while at < stepCount {
            let step = steps + at
            o.update(from: texts + step.pointee.textOffset, count: step.pointee.textLength)
            o += step.pointee.textLength
            at += 1
            let column = step.pointee.column
            guard column >= 0 else { continue }
            let reader = readers + column
            guard reader.pointee.isValid(row), step.pointee.afterRecord == 0 || reader.pointee.flag(row) else {
                o = ColumnReader.write("null", to: o)
                if step.pointee.afterRecord > 0 { at = step.pointee.afterRecord }
                continue
            }
            if step.pointee.afterRecord == 0 { o = reader.pointee.writeJSON(row, to: o) }
        }
        arena.commit(o - start)
    }

    /// Takes the columns and appends one row: for few rows, or where rows of many batches are mixed.
    /// - Complexity: O(columns + bytes written).
    public func encode(row: Int, of columns: [Column], into arena: ByteArena) {
        begin(columns)
        encode(row: row, into: arena)
    }
}
