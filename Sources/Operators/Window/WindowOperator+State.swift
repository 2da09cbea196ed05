public import Base
public import Stores
import Columns

// How windows lie in the state store, behind the operator's prefix:
//
//   [0]                                              → the layouts that values may have: `StoredLayouts`
//   [1][window start i64 BE, sign flipped][group key] → [1 + the layout's number u8][accumulators][strings]
//
// Accumulators are the row's bytes after its header, with zeros where they refer to strings in memory; strings are, for each
// accumulator that holds one and has a value, `[length u32 LE][bytes]`. Ordered by window, so that closing one reads a single range.

extension ErrorCode {
    /// Stored state was written by another definition of the stream.
    public static let stateIncompatible = ErrorCode("state.incompatible")
    /// Stored state cannot be read.
    public static let stateDamaged = ErrorCode("state.damaged")
}

extension WindowOperator {
    static let layoutKind: UInt8 = 0
    static let groupKind: UInt8 = 1
    static let formatVersion: UInt8 = 1

    func appendStateKey(window start: Int64, _ key: UnsafeBufferPointer<UInt8>, to arena: ByteArena) {
        appendWindowPrefix(start, to: arena)
        arena.append(UnsafeRawBufferPointer(key))
    }

    func appendWindowPrefix(_ start: Int64, to arena: ByteArena) {
        scope.prefix.withUnsafeBytes { _ = arena.append($0) }
        arena.append(byte: Self.groupKind)
        arena.append(bigEndian: UInt64(bitPattern: start) ^ (1 << 63))
    }

    /// Bytes of a group's state key before the group's own key.
    var windowPrefixBytes: Int { scope.prefix.count + 9 }

    private static func layoutKey(_ scope: StateScope) -> [UInt8] { scope.prefix + [layoutKind] }

    func encodeGroup(_ row: UnsafeMutableRawPointer, of table: borrowing GroupTable, to arena: ByteArena) {
        arena.append(byte: Self.formatVersion + layouts.current.number)
        let start = arena.append(UnsafeRawBufferPointer(start: row + GroupTable.headerBytes, count: accumulatorBytes))
        for accumulator in accumulators where accumulator.holdsBytes {
            // Where the string lies in memory is no part of the state: the same state is the same bytes.
            let reference = UnsafeMutableRawPointer(arena.base + start + accumulator.offset - GroupTable.headerBytes)
            reference.storeBytes(of: BytesReference(offset: 0, length: 0), as: BytesReference.self)
            guard accumulator.valueCount(row) > 0 else { continue }
            let bytes = table.bytes(row + accumulator.offset)
            arena.append(littleEndian: UInt32(bytes.count))
            arena.append(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Fills a row from its stored value and marks it stored.
    func decodeGroup(_ value: UnsafeRawBufferPointer, into table: inout GroupTable, _ number: Int) throws(EngineError) {
        func damaged() -> EngineError {
            EngineError(
                .stateDamaged, .environment, "the stored state of stream '\(name)' in \(scope.task) is damaged",
                remedy: "Start the topology over from its inputs: pioneer run --rebuild \(scope.task.topology).")
        }
        var reader = ByteReader(value)
        guard let version = reader.littleEndian(UInt8.self), version >= Self.formatVersion else { throw damaged() }
        let layout = version - Self.formatVersion
        table.flags(table.row(number)).pointee |= GroupTable.isStored
        if layout != layouts.current.number {
            guard conversions[layout]?.decode(&reader, into: &table, number) == true else { throw damaged() }
            return
        }
        guard let stored = reader.take(accumulatorBytes) else { throw damaged() }
        (table.row(number) + GroupTable.headerBytes).copyMemory(from: stored.baseAddress!, byteCount: accumulatorBytes)
        for accumulator in accumulators where accumulator.holdsBytes && accumulator.valueCount(table.row(number)) > 0 {
            guard let length = reader.littleEndian(UInt32.self), let bytes = reader.take(Int(length)) else { throw damaged() }
            table.setText(bytes, at: accumulator.offset, of: number)
        }
    }

    public func collectChanges(into changes: inout StateChanges) {
        if !isLayoutStored {
            let value = ByteArena(capacity: 256)
            layouts.encode(to: value)
            Self.layoutKey(scope).withUnsafeBytes { changes.put(key: $0, value: UnsafeRawBufferPointer(value.bytes)) }
        }
        for index in 0..<closedKeys.count { changes.delete(key: closedKeys[index]) }
        let key = ByteArena(capacity: 256), value = ByteArena(capacity: 256)
        for window in windows where window.table.pointee.dirtyCount > 0 {
            let table = window.table
            key.removeAll()
            appendWindowPrefix(window.start, to: key)
            for number in 0..<table.pointee.rowCount {
                let row = table.pointee.row(number)
                guard table.pointee.flags(row).pointee & GroupTable.isDirty != 0 else { continue }
                key.truncate(to: windowPrefixBytes)
                key.append(UnsafeRawBufferPointer(table.pointee.key(row)))
                value.removeAll()
                encodeGroup(row, of: table.pointee, to: value)
                changes.put(key: UnsafeRawBufferPointer(key.bytes), value: UnsafeRawBufferPointer(value.bytes))
            }
        }
    }

    public func didCommit() {
        isLayoutStored = true
        closedKeys.removeAll()
        for window in windows {
            let table = window.table
            for number in 0..<table.pointee.rowCount {
                let flags = table.pointee.flags(table.pointee.row(number))
                if flags.pointee & GroupTable.isDirty != 0 {
                    flags.pointee = GroupTable.isStored | GroupTable.isRecent
                } else {
                    flags.pointee &= ~GroupTable.isRecent
                }
            }
            table.pointee.dirtyCount = 0
        }
    }

    public func restore(from store: any StateStore) throws {
        windows.removeAll()
        closedKeys.removeAll()
        let stored = try Self.stored(scope, in: store) { start in
            windows.append(OpenWindow(start: start, isComplete: false, accumulatorBytes: accumulatorBytes))
        }
        switch WindowCarry.decide(stored, to: definition.layout, legacyText: definition.legacyLayout) {
        case .asItIs(let carried), .converted(let carried, _): layouts = carried
        case .impossible(let reason):
            throw EngineError(
                .stateIncompatible, .user,
                "stream '\(name)' of topology '\(scope.task.topology)' cannot go on with its stored state: \(reason)",
                remedy: "Start the topology over from the records still in the log (its views are emptied and filled again): "
                    + "pioneer run --rebuild \(scope.task.topology) …; or give the changed stream another name.")
        }
        isLayoutStored = stored.layouts == .numbered(layouts)
        conversions = [:]
        for former in layouts.entries.dropLast() {
            conversions[former.number] = LayoutConversion(from: former.layout, to: definition.layout, accumulators)
        }
    }

    /// What the store has of a stream's windows; `each` is called with the start of each that has a group, ascending.
    /// - Complexity: one seek a window.
    public static func stored(
        _ scope: StateScope, in store: any StateStore, each: (Int64) -> Void = { _ in }
    ) throws -> StoredWindows {
        var result = StoredWindows()
        var keys = ByteRuns()
        layoutKey(scope).withUnsafeBytes { keys.append($0) }
        var entry: [UInt8]?
        try store.multiGet(keys) { _, value in entry = value.map { Array($0) } }
        if let entry {
            let decoded = entry.withUnsafeBytes(StoredLayouts.init(decoding:))
            result.layouts = decoded.map { .numbered($0) } ?? .text(String(decoding: entry, as: UTF8.self))
        }
        let prefix = scope.prefix + [groupKind]
        var next: Int64? = .min
        while let start = next {
            let from = prefix + withUnsafeBytes(of: (UInt64(bitPattern: start) ^ (1 << 63)).bigEndian) { Array($0) }
            next = nil
            try prefix.withUnsafeBytes { prefix in
                try from.withUnsafeBytes { from in
                    try store.scan(prefix: prefix, from: from) { key, _ in
                        let bits = UInt64(bigEndian: key.loadUnaligned(fromByteOffset: prefix.count, as: UInt64.self))
                        let found = Int64(bitPattern: bits ^ (1 << 63))
                        each(found)
                        result.first = result.first ?? found
                        result.last = found
                        next = found + 1
                        return false
                    }
                }
            }
        }
        return result
    }

    /// Keeps the groups that the last epoch touched, or none when even those are too many.
    public func shrink(toBytes bytes: Int) {
        guard memoryBytes > bytes else { return }
        for keepsRecent in [true, false] where memoryBytes > bytes {
            windows = windows.map { window in
                let rebuilt = OpenWindow(start: window.start, isComplete: false, accumulatorBytes: accumulatorBytes)
                if keepsRecent { copyRecent(window.table, to: rebuilt.table) }
                return rebuilt
            }
        }
    }

    private func copyRecent(_ old: UnsafeMutablePointer<GroupTable>, to new: UnsafeMutablePointer<GroupTable>) {
        for number in 0..<old.pointee.rowCount {
            let row = old.pointee.row(number)
            guard old.pointee.flags(row).pointee & GroupTable.isRecent != 0 else { continue }
            let key = old.pointee.key(row)
            // A key may be empty: an empty string is a group like any other.
            let hash = Hashing.table(key.baseAddress!, count: key.count)
            let copy = new.pointee.findOrInsert(key.baseAddress!, key.count, hash: hash).row
            let target = new.pointee.row(copy)
            (target + GroupTable.headerBytes).copyMemory(from: row + GroupTable.headerBytes, byteCount: accumulatorBytes)
            for accumulator in accumulators where accumulator.holdsBytes {
                let bytes = old.pointee.bytes(row + accumulator.offset)
                let offset = bytes.count == 0 ? 0 : new.pointee.append(bytes.baseAddress!, bytes.count)
                (target + accumulator.offset)
                    .storeBytes(of: BytesReference(offset: offset, length: bytes.count), as: BytesReference.self)
            }
            new.pointee.flags(target).pointee = GroupTable.isStored
        }
    }
}
