import Base
import Stores

/// Deletes the keys of state that nobody has any more, some with each epoch: dropping a stream costs no more memory, and keeps
/// an epoch no longer, than any other work.
///
/// What is still to be cleared stands in the task's deployment. A slice is found once and stays the same until its epoch is
/// committed or dropped; after a restart or an abort the next one is looked for from the beginning, where deleted keys are
/// passed over.
struct StateClearing {
    private let task: TaskID
    private let keysMax: Int
    /// State names, the first being cleared.
    private(set) var names: [String]
    /// Where the next slice begins; nil: with the first key of the first name.
    private var from: [UInt8]?
    private var slice: Slice?

    private struct Slice {
        var keys = ByteRuns()
        var namesLeft: [String]
        var from: [UInt8]?
    }

    init(_ task: TaskID, names: [String], keysMax: Int) {
        self.task = task
        self.keysMax = keysMax
        self.names = names
    }

    var isDone: Bool { names.isEmpty }

    /// Adds the deletes of the open epoch, and tells what is left when it has been committed.
    mutating func collect(into changes: inout StateChanges, from store: any StateStore) throws -> [String] {
        guard !names.isEmpty else { return [] }
        let slice = try self.slice ?? nextSlice(store)
        self.slice = slice
        for index in 0..<slice.keys.count { changes.delete(key: slice.keys[index]) }
        return slice.namesLeft
    }

    mutating func didCommit() {
        guard let slice else { return }
        names = slice.namesLeft
        from = slice.from
        self.slice = nil
    }

    private func nextSlice(_ store: any StateStore) throws -> Slice {
        var slice = Slice(namesLeft: names, from: from)
        while let name = slice.namesLeft.first, slice.keys.count < keysMax {
            let prefix = StateScope(task: task, operatorName: name).prefix
            var isAtEnd = true
            try prefix.withUnsafeBytes { prefix in
                try (slice.from ?? Array(prefix)).withUnsafeBytes { from in
                    try store.scan(prefix: prefix, from: from) { key, _ in
                        guard slice.keys.count < keysMax, slice.keys.arena.count < Limits.clearedBytesMax else {
                            isAtEnd = false
                            return false
                        }
                        slice.keys.append(key)
                        return true
                    }
                }
            }
            guard isAtEnd else {
                slice.from = slice.keys.isEmpty ? slice.from : Array(slice.keys[slice.keys.count - 1]) + [0]
                return slice
            }
            slice.namesLeft.removeFirst()
            slice.from = nil
        }
        return slice
    }
}
