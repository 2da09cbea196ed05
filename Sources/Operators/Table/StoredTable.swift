public import Base
public import Columns
public import Stores

// How a table lies in the state store, behind the prefix of `StateScope.table`:
//
//   [0]        → what is kept, as text: state of another topic or key is refused
//   [1][key]   → the record's value as it came

/// A partitioned table: the rows of the task's own partition, in its state. Memory holds what changed since the last
/// commit; everything else is read from the store when it is looked up.
public final class StoredTable: TableContents {
    public let type: RowType
    public let rowBytesMax: Int
    private let name: String
    private let scope: StateScope
    private let layout: String
    private let decoder: JSONRecordDecoder
    /// By key; a nil value deletes.
    private var changed: [[UInt8]: [UInt8]?] = [:]
    private var isLayoutStored = false
    public private(set) var dirtyBytes = 0

    private static let layoutKind: UInt8 = 0
    private static let rowKind: UInt8 = 1
    /// About what an entry of `changed` takes beside its bytes.
    private static let entryBytes = 128

    /// - Parameters:
    ///   - scope: `StateScope.table`.
    ///   - topic: whose records these are.
    public init(name: String, topic: TopicName, schema: Schema, keyColumns: [Int], scope: StateScope) {
        rowBytesMax = scope.entryBytesMax - 1
        self.name = name
        self.scope = scope
        decoder = JSONRecordDecoder(schema: schema)
        let type = decoder.type
        self.type = type
        layout = "table of \(topic) by " + keyColumns.map { "\(type.columns[$0].path) \(type.columns[$0].type)" }.joined(separator: ", ")
    }

    public func set(_ key: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?) {
        changed[Array(key)] = .some(value.map { Array($0) })
        dirtyBytes += key.count + (value?.count ?? 0) + Self.entryBytes
    }

    public var memoryBytes: Int { dirtyBytes }

    public func lookup(_ keys: ByteRuns, in store: any StateStore) throws -> TableRows {
        var rows = TableRowsBuilder(decoder, keyCount: keys.count)
        var missing = ByteRuns()
        var places: [Int] = []
        for index in 0..<keys.count {
            if let value = changed[Array(keys[index])] {
                value?.withUnsafeBytes { rows.put($0, at: index) }
            } else {
                appendKey(keys[index], to: missing.arena)
                missing.endRun()
                places.append(index)
            }
        }
        if !missing.isEmpty {
            try store.multiGet(missing) { index, value in
                if let value { rows.put(value, at: places[index]) }
            }
        }
        return rows.finish()
    }

    private func appendKey(_ key: UnsafeRawBufferPointer, to arena: ByteArena) {
        scope.prefix.withUnsafeBytes { _ = arena.append($0) }
        arena.append(byte: Self.rowKind)
        arena.append(key)
    }

    private var layoutKey: [UInt8] { scope.prefix + [Self.layoutKind] }

    public func collectChanges(into changes: inout StateChanges) {
        guard !changed.isEmpty else { return }
        if !isLayoutStored {
            layoutKey.withUnsafeBytes { key in Array(layout.utf8).withUnsafeBytes { changes.put(key: key, value: $0) } }
        }
        let arena = ByteArena(capacity: 256)
        for (key, value) in changed {
            arena.removeAll()
            key.withUnsafeBytes { appendKey($0, to: arena) }
            let stored = UnsafeRawBufferPointer(arena.bytes)
            if let value { value.withUnsafeBytes { changes.put(key: stored, value: $0) } } else { changes.delete(key: stored) }
        }
    }

    public func didCommit() {
        if !changed.isEmpty { isLayoutStored = true }
        changed.removeAll(keepingCapacity: dirtyBytes < 1 << 20)
        dirtyBytes = 0
    }

    public func restore(from store: any StateStore) throws {
        changed.removeAll()
        dirtyBytes = 0
        var keys = ByteRuns()
        layoutKey.withUnsafeBytes { keys.append($0) }
        var stored: String?
        try store.multiGet(keys) { _, value in stored = value.map { String(decoding: $0, as: UTF8.self) } }
        isLayoutStored = stored != nil
        guard let stored, stored != layout else { return }
        throw EngineError(
            .stateIncompatible, .user,
            "table '\(name)' of topology '\(scope.task.topology)' changed from '\(stored)' to '\(layout)', and its stored rows are of the"
                + " former",
            remedy: "Give the changed table another name; or start the topology over from the records still in the log (its views are"
                + " emptied and filled again): pioneer run --rebuild \(scope.task.topology) ….")
    }
}

extension StateScope {
    /// Of a table's rows. No operator has such a name: streams' names have no colon.
    public static func table(_ name: String, of task: TaskID, recordBytesMax: Int = .max) -> StateScope {
        StateScope(task: task, operatorName: "table:" + name, recordBytesMax: recordBytesMax)
    }
}
