public import Base

/// Bytes of state keys or values, several in one arena: what a multi-get asks for and a commit writes, without an
/// array per entry.
public struct ByteRuns {
    public let arena: ByteArena
    public private(set) var ends: [Int]

    public init(capacity: Int = 4_096) {
        arena = ByteArena(capacity: capacity)
        ends = []
    }

    public var count: Int { ends.count }
    public var isEmpty: Bool { ends.isEmpty }

    /// Ends the run that was being written to `arena`.
    public mutating func endRun() { ends.append(arena.count) }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        arena.append(bytes)
        endRun()
    }

    public mutating func removeAll() {
        arena.removeAll()
        ends.removeAll(keepingCapacity: true)
    }

    public subscript(index: Int) -> UnsafeRawBufferPointer {
        let start = index == 0 ? 0 : ends[index - 1]
        return UnsafeRawBufferPointer(start: arena.base + start, count: ends[index] - start)
    }
}

/// Names the state of one operator of one task. The prefix of all its keys:
/// `[topology length u8][topology][partition u32 BE][operator length u8][operator]`.
public struct StateScope: Hashable, Sendable {
    public let task: TaskID
    public let operatorName: String
    public let prefix: [UInt8]
    /// What an entry may have behind the prefix, in bytes of key and value together: on a shared log it is a record of the
    /// task's changelog.
    public let entryBytesMax: Int

    /// - Parameter recordBytesMax: bytes of a record that the log takes.
    public init(task: TaskID, operatorName: String, recordBytesMax: Int = .max) {
        precondition(task.topology.utf8.count < 256 && operatorName.utf8.count < 256, "names are checked by the planner")
        self.task = task
        self.operatorName = operatorName
        var bytes = Self.taskPrefix(task)
        bytes.append(UInt8(operatorName.utf8.count))
        bytes.append(contentsOf: operatorName.utf8)
        prefix = bytes
        // A changelog's key has a byte that tells what it is, and leaves out the task's prefix.
        entryBytesMax = max(0, recordBytesMax - 1 - (1 + operatorName.utf8.count))
    }

    /// The prefix of all keys of a task.
    public static func taskPrefix(_ task: TaskID) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(task.topology.utf8.count)]
        bytes.append(contentsOf: task.topology.utf8)
        withUnsafeBytes(of: UInt32(task.partition.number).bigEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }
}

/// Committed state as operators read it. Sees exactly the last committed epoch of the task.
///
/// A task's thread calls it; other tasks' threads may at the same time. No side effects.
public protocol StateStore: Sendable {
    /// Reads the keys in one go; calls `body` once for each, in order, with its index and its value, nil where there is
    /// none. The value's bytes are valid only during the call.
    func multiGet(_ keys: ByteRuns, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) -> Void) throws

    /// Calls `body` with every entry whose key starts with `prefix` and is at or after `start`, in ascending order of
    /// the keys' bytes, until it returns false. Bytes are valid only during the call.
    func scan(
        prefix: UnsafeRawBufferPointer, from start: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws

    /// The task's last epoch record; nil before its first commit.
    func lastEpoch(of task: TaskID) throws -> EpochRecord?

    /// Bytes that the keys with this prefix and their values take, as stored; about, where they are many.
    func bytes(prefix: UnsafeRawBufferPointer) throws -> Int
}

extension StateStore {
    /// Counts them. - Complexity: O(entries).
    public func bytes(prefix: UnsafeRawBufferPointer) throws -> Int {
        var total = 0
        try scan(prefix: prefix, from: prefix) { key, value in
            total += key.count + value.count
            return true
        }
        return total
    }
}
