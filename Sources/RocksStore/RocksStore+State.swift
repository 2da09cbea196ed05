public import Base
public import Stores

extension RocksStore {
    /// How many keys one call of RocksDB is asked for: what it pins at a time.
    private static let multiGetKeysMax = 1_024

    public func multiGet(_ keys: ByteRuns, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) -> Void) throws {
        let database = try database()
        let capacity = min(keys.count, Self.multiGetKeysMax)
        var pointers = [UnsafePointer<CChar>?](repeating: nil, count: capacity)
        var lengths = [Int](repeating: 0, count: capacity)
        var start = 0
        while start < keys.count {
            let count = min(capacity, keys.count - start)
            for index in 0..<count {
                let key = keys[start + index]
                pointers[index] = key.baseAddress?.assumingMemoryBound(to: CChar.self)
                lengths[index] = key.count
            }
            try database.multiGet(.state, count: count, keys: pointers, lengths: lengths) { body(start + $0, $1) }
            start += count
        }
    }

    public func scan(
        prefix: UnsafeRawBufferPointer, from start: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let iterator = try database().iterator(.state, upperBound: Format.successor(of: prefix))
        iterator.seek(start.lexicographicallyPrecedes(prefix) ? prefix : start)
        while iterator.isValid {
            guard try body(iterator.key, iterator.value) else { return }
            iterator.next()
        }
        try iterator.check()
    }

    /// Few entries are counted; of many RocksDB says what its files hold, which leaves out the newest.
    public func bytes(prefix: UnsafeRawBufferPointer) throws -> Int {
        var counted = 0
        try scan(prefix: prefix, from: prefix) { key, value in
            counted += key.count + value.count
            return counted < Self.countedBytesMax
        }
        guard counted >= Self.countedBytesMax, let end = Format.successor(of: prefix) else { return counted }
        return max(counted, try database().approximateBytes(.state, from: Array(prefix), to: end))
    }

    /// What is read to know how many bytes there are: as much as takes some milliseconds.
    private static let countedBytesMax = 4 << 20

    public func lastEpoch(of task: TaskID) throws -> EpochRecord? {
        if let position = try position(of: task) { return position.epoch }
        return try storedEpoch(of: task, database())
    }

    func storedEpoch(of task: TaskID, _ database: Database) throws(EngineError) -> EpochRecord? {
        guard let stored = try database.get(.meta, Format.epochKey(task)) else { return nil }
        guard let record = stored.withUnsafeBytes(EpochRecord.init(decoding:)) else {
            throw StoreErrors.corrupted(directory, "the epoch record of task '\(task)' cannot be read.")
        }
        return record
    }
}
