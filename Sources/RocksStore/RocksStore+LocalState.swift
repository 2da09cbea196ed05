public import Base
public import Stores
import Synchronization

/// The store as a process's copy of the state of tasks whose truth is a changelog elsewhere.
///
/// Writes are not synced: they are in the write-ahead log when they return, so that a crash of the process takes nothing, and
/// one of the machine at most the last ones, whole batches at a time; the position is part of each batch. The chunks of an
/// embedded log are not used then.
extension RocksStore: LocalState {
    public func logID() throws -> LogID? {
        try database().get(.meta, Format.followedLogKey).map { LogID(String(decoding: $0, as: UTF8.self)) }
    }

    /// Throws `store.embedded_state` where the directory holds the state of an engine that has its log in it, which is the
    /// only copy and stays as it is.
    public func adopt(_ id: LogID) throws -> [TaskID] {
        try adoption.withLock { _ in
            guard try logID() != id else { return [] }
            let database = try database()
            if let task = try firstEmbeddedTask(database) { throw StoreErrors.embeddedState(directory, task) }
            let others = try localTasks()
            let batch = WriteBatch(database)
            for task in others { drop(task, batch) }
            batch.put(.meta, Format.followedLogKey, Array(id.text.utf8))
            try database.write(batch, isSynced: false)
            return others
        }
    }

    public func localTasks() throws -> [TaskID] {
        var tasks: [TaskID] = []
        let iterator = try database().iterator(.meta, upperBound: [Format.positionPrefix + 1])
        iterator.seek([Format.positionPrefix])
        while iterator.isValid {
            guard let task = Format.task(inKey: iterator.key) else { throw damaged("a position's key cannot be read.") }
            tasks.append(task)
            iterator.next()
        }
        try iterator.check()
        return tasks.sorted()
    }

    public func position(of task: TaskID) throws -> LocalPosition? {
        guard let stored = try database().get(.meta, Format.positionKey(task)) else { return nil }
        guard let position = stored.withUnsafeBytes(LocalPosition.init(decoding:)) else {
            throw damaged("the position of task '\(task)' cannot be read.")
        }
        return position
    }

    public func apply(_ changes: StateChanges, of task: TaskID, position: LocalPosition) throws {
        let database = try database()
        let batch = WriteBatch(database)
        batch.put(.meta, Format.positionKey(task), position.encoded)
        for index in ChangeOrder.ascending(changes.keys).lazy.map(Int.init) {
            if changes.isDelete[index] {
                batch.delete(.state, changes.keys[index])
            } else {
                batch.put(.state, changes.keys[index], changes.values[index])
            }
        }
        try database.write(batch, isSynced: false)
    }

    public func drop(_ task: TaskID) throws {
        let database = try database()
        let batch = WriteBatch(database)
        drop(task, batch)
        try database.write(batch, isSynced: false, givesBack: true)
    }

    private func drop(_ task: TaskID, _ batch: WriteBatch) {
        batch.delete(.meta, Format.positionKey(task))
        batch.deleteAll(.state, prefix: StateScope.taskPrefix(task))
    }

    private func firstEmbeddedTask(_ database: Database) throws -> TaskID? {
        let iterator = database.iterator(.meta, upperBound: [Format.epochPrefix + 1])
        iterator.seek([Format.epochPrefix])
        try iterator.check()
        return iterator.isValid ? Format.task(inKey: iterator.key) : nil
    }

    private func damaged(_ what: String) -> EngineError { StoreErrors.corrupted(directory, what) }
}

extension LocalPosition {
    /// As `Format` has it.
    fileprivate var encoded: [UInt8] {
        let arena = ByteArena(capacity: 512)
        arena.append(byte: Format.valueVersion)
        arena.append(littleEndian: changelog.number)
        arena.append(littleEndian: appliedAt.microseconds)
        epoch?.encode(to: arena)
        return Array(arena.bytes)
    }

    /// Nil when the bytes are damaged or of another version.
    fileprivate init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard reader.littleEndian(UInt8.self) == Format.valueVersion, let changelog = reader.littleEndian(Int64.self),
            let appliedAt = reader.littleEndian(Int64.self)
        else { return nil }
        var epoch: EpochRecord?
        if !reader.isAtEnd {
            epoch = reader.take(reader.remaining).flatMap(EpochRecord.init(decoding:))
            if epoch == nil { return nil }
        }
        self.init(changelog: Offset(changelog), appliedAt: EventTime(microseconds: appliedAt), epoch: epoch)
    }
}
