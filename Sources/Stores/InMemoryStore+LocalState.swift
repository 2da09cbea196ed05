public import Base

/// The store as a process's copy of state whose truth is a changelog; a crash of the process takes nothing of it.
extension InMemoryStore: LocalState {
    public func logID() throws -> LogID? { contents.withLock { $0.followedLog } }

    public func adopt(_ id: LogID) throws -> [TaskID] {
        contents.withLock { contents in
            guard contents.followedLog != id else { return [] }
            let others = contents.positions.keys.sorted()
            for task in others { contents.drop(task) }
            contents.followedLog = id
            return others
        }
    }

    public func localTasks() throws -> [TaskID] { contents.withLock { $0.positions.keys.sorted() } }

    public func position(of task: TaskID) throws -> LocalPosition? { contents.withLock { $0.positions[task] } }

    public func apply(_ changes: StateChanges, of task: TaskID, position: LocalPosition) throws {
        try contents.withLock { contents in
            let fault = contents.takeFault()
            if let fault, fault != .errorAfterCommit { throw Contents.injectedError }
            contents.apply(changes)
            contents.positions[task] = position
            if fault == .errorAfterCommit { throw Contents.injectedError }
        }
    }

    public func drop(_ task: TaskID) throws { contents.withLock { $0.drop(task) } }
}

extension InMemoryStore.Contents {
    fileprivate mutating func drop(_ task: TaskID) {
        positions[task] = nil
        let prefix = StateScope.taskPrefix(task)
        for key in state.keys where key.starts(with: prefix) { state[key] = nil }
        sortedKeys = nil
    }
}
