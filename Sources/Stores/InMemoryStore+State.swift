public import Base

extension InMemoryStore {
    public func multiGet(_ keys: ByteRuns, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) -> Void) throws {
        let values = contents.withLock { contents in (0..<keys.count).map { contents.state[Array(keys[$0])] } }
        for (index, value) in values.enumerated() {
            guard let value else {
                body(index, nil)
                continue
            }
            value.withUnsafeBytes { body(index, $0) }
        }
    }

    public func scan(
        prefix: UnsafeRawBufferPointer, from start: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let entries = contents.withLock { contents in
            let sorted = contents.sortedKeys ?? contents.state.keys.sorted { $0.lexicographicallyPrecedes($1) }
            contents.sortedKeys = sorted
            let low = sorted.firstIndex { !$0.lexicographicallyPrecedes(prefix) && !$0.lexicographicallyPrecedes(start) }
            return sorted[(low ?? sorted.count)...].prefix { $0.starts(with: prefix) }.map { ($0, contents.state[$0]!) }
        }
        for (key, value) in entries {
            let goesOn = try key.withUnsafeBytes { key in try value.withUnsafeBytes { try body(key, $0) } }
            if !goesOn { return }
        }
    }

    public func lastEpoch(of task: TaskID) throws -> EpochRecord? {
        contents.withLock { contents in
            if let position = contents.positions[task] { return position.epoch }
            return contents.epochs[task]
        }
    }
}
