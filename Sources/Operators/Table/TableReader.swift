import Base
public import Columns
public import Stores

/// A table as operators read it: the latest row of a key, as far as the task has read the table's topic.
public protocol TableReader: AnyObject {
    /// Of the table's schema.
    var type: RowType { get }

    /// The rows of `keys`, which are in the form of `KeyEncoder` over the table's key columns; keys may repeat.
    /// - Parameter store: the task's.
    /// - Complexity: one multi-get for what memory does not hold, and the decoding of what was found.
    func lookup(_ keys: ByteRuns, in store: any StateStore) throws -> TableRows
}

/// What a lookup found: a row for each key, in their order.
public struct TableRows: Sendable {
    /// In the order of the table's type. Where there is no row, all of its values are null.
    public var columns: [Column]
    /// Which keys have a row, as a record's presence.
    public var presence: Column
    /// Keys whose row is there and cannot be read: the schema has changed since it was. They count as absent.
    public var faults: [(key: Int, fault: RecordFault)]
}

/// What a task keeps of a table, one key one record's value.
///
/// The values are kept as they came, not as columns: a schema that gets another field needs no other state.
public protocol TableContents: TableReader {
    /// Bytes of a key and its value together that can be kept.
    var rowBytesMax: Int { get }

    /// Puts the key's value, or removes it. Both together have at most `rowBytesMax` bytes.
    func set(_ key: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?)

    /// Adds what changed since the last commit. May be called again for the same epoch, with the same result.
    func collectChanges(into changes: inout StateChanges)

    /// The changes collected last are durable.
    func didCommit()

    /// Forgets memory; from here on the store's last committed epoch is what counts.
    func restore(from store: any StateStore) throws

    /// Bytes of memory held.
    var memoryBytes: Int { get }

    /// Bytes of changes that a commit would write.
    var dirtyBytes: Int { get }
}

/// Decodes found values into the places of their keys.
struct TableRowsBuilder {
    private let decoder: JSONRecordDecoder
    /// For each key the decoded row, or -1.
    private var rows: [Int32]
    private var count: Int32 = 0
    private var faults: [(key: Int, fault: RecordFault)] = []

    /// - Parameter decoder: of the table's schema; the builder uses it until `finish`.
    init(_ decoder: JSONRecordDecoder, keyCount: Int) {
        self.decoder = decoder
        rows = Array(repeating: -1, count: keyCount)
        decoder.begin(capacity: keyCount)
    }

    mutating func put(_ value: UnsafeRawBufferPointer, at key: Int) {
        // Only what has been decoded once is kept, and that is never empty.
        guard let bytes = value.assumingMemoryBound(to: UInt8.self).baseAddress else { return }
        if let fault = decoder.append(bytes, count: value.count) {
            faults.append((key, fault))
        } else {
            rows[key] = count
            count += 1
        }
    }

    func finish() -> TableRows {
        let presence = Column(.record, capacity: rows.count)
        presence.count = rows.count
        for (key, row) in rows.enumerated() { presence.flags[key] = row < 0 ? 0 : 1 }
        let columns = rows.withUnsafeBufferPointer { rows in decoder.finish().map { $0.spread(rows) } }
        return TableRows(columns: columns, presence: presence, faults: faults)
    }
}
