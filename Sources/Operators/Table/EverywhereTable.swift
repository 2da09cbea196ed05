public import Columns
public import Stores

/// A table that every task has whole, in memory. None of it is in the tasks' state, where it would be written once for each
/// of them: the topic, compacted by its key, holds it already, and after each start it is read again from there.
public final class EverywhereTable: TableContents {
    public let type: RowType
    private let decoder: JSONRecordDecoder
    private var values: [[UInt8]: [UInt8]] = [:]
    private var valueBytes = 0

    /// About what an entry takes beside its bytes.
    private static let entryBytes = 128

    public init(schema: Schema) {
        decoder = JSONRecordDecoder(schema: schema)
        type = decoder.type
    }

    /// Rows there are.
    public var count: Int { values.count }

    public var rowBytesMax: Int { .max }

    public func set(_ key: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?) {
        let key = Array(key)
        if let old = values[key] { valueBytes -= key.count + old.count + Self.entryBytes }
        guard let value else {
            values[key] = nil
            return
        }
        values[key] = Array(value)
        valueBytes += key.count + value.count + Self.entryBytes
    }

    public func lookup(_ keys: ByteRuns, in store: any StateStore) throws -> TableRows {
        var rows = TableRowsBuilder(decoder, keyCount: keys.count)
        for index in 0..<keys.count { values[Array(keys[index])]?.withUnsafeBytes { rows.put($0, at: index) } }
        return rows.finish()
    }

    public func collectChanges(into changes: inout StateChanges) {}
    public func didCommit() {}

    public func restore(from store: any StateStore) throws {
        values = [:]
        valueBytes = 0
    }

    public var memoryBytes: Int { valueBytes }
    public var dirtyBytes: Int { 0 }
}
