public import Base
public import Stores

/// A machine's disk with the tasks' state, which processes come and go on.
///
/// Fault model. A process that crashes leaves every call that it made; one that crashes within `drop` may leave the rest
/// of the task without its position. A machine that loses power keeps a prefix of the calls since the last sync, in their
/// order: which one, chance says. A sync comes at any time and nobody waits for it.
///
/// What never breaks: a call is on the disk as a whole or not at all. A real store writes each as one checksummed record of
/// its write-ahead log, and a torn one counts as not written when it is opened again.
public final class SimulatedDisk: @unchecked Sendable {
    struct Contents {
        var logID: LogID?
        var state: [[UInt8]: [UInt8]] = [:]
        var positions: [TaskID: LocalPosition] = [:]
    }

    enum Write {
        case logID(LogID)
        case apply(TaskID, [(key: [UInt8], value: [UInt8]?)], LocalPosition)
        case dropPosition(TaskID)
        case dropRest(TaskID)
    }

    private var random: SeededRandom
    private var synced = Contents()
    private var unsynced: [Write] = []
    private(set) var contents = Contents()
    /// The keys of the contents, ascending; nil when they have to be sorted again.
    private var sortedKeys: [[UInt8]]?

    public init(seed: UInt64) { random = SeededRandom(seed: seed) }

    func write(_ write: Write) {
        Self.carryOut(write, on: &contents)
        sortedKeys = nil
        unsynced.append(write)
        if random.below(8) == 0 { sync() }
    }

    private func sync() {
        synced = contents
        unsynced.removeAll()
    }

    /// The power goes: what is left is as of some call since the last sync.
    public func cutPower() {
        for write in unsynced.prefix(random.below(unsynced.count + 1)) { Self.carryOut(write, on: &synced) }
        contents = synced
        unsynced.removeAll()
        sortedKeys = nil
    }

    /// Somebody takes the disk away: another, empty one is there instead.
    public func replace() {
        contents = Contents()
        sortedKeys = nil
        sync()
    }

    private static func carryOut(_ write: Write, on contents: inout Contents) {
        switch write {
        case .logID(let id): contents.logID = id
        case .apply(let task, let changes, let position):
            for (key, value) in changes { contents.state[key] = value }
            contents.positions[task] = position
        case .dropPosition(let task): contents.positions[task] = nil
        case .dropRest(let task):
            let prefix = StateScope.taskPrefix(task)
            for key in contents.state.keys.filter({ $0.starts(with: prefix) }) { contents.state[key] = nil }
        }
    }

    /// All entries of a task, by key.
    public func entries(of task: TaskID) -> [(key: [UInt8], value: [UInt8])] {
        let prefix = StateScope.taskPrefix(task)
        return keys(from: prefix).prefix { $0.starts(with: prefix) }.compactMap { key in contents.state[key].map { (key, $0) } }
    }

    func keys(from start: [UInt8]) -> ArraySlice<[UInt8]> {
        let sorted = sortedKeys ?? contents.state.keys.sorted { $0.lexicographicallyPrecedes($1) }
        sortedKeys = sorted
        let low = sorted.firstIndex { !$0.lexicographicallyPrecedes(start) } ?? sorted.count
        return sorted[low...]
    }

    /// The disk as a process has it open.
    public func open(by process: SimulatedProcess) -> any LocalState { SimulatedLocalState(self, process) }
}

/// A process's copy of its tasks' state, on a simulated disk.
final class SimulatedLocalState: LocalState, @unchecked Sendable {
    private let disk: SimulatedDisk
    private let process: SimulatedProcess

    init(_ disk: SimulatedDisk, _ process: SimulatedProcess) {
        self.disk = disk
        self.process = process
    }

    func logID() throws -> LogID? { try process.call(.position) { disk.contents.logID } }

    func adopt(_ id: LogID) throws -> [TaskID] {
        guard try logID() != id else { return [] }
        let others = try localTasks()
        for task in others { try drop(task) }
        try process.call(.adopt) { disk.write(.logID(id)) }
        return others
    }

    func localTasks() throws -> [TaskID] {
        try process.call(.position) {
            let owners = disk.contents.positions.keys
            return owners.sorted()
        }
    }

    func position(of task: TaskID) throws -> LocalPosition? { try process.call(.position) { disk.contents.positions[task] } }

    func apply(_ changes: StateChanges, of task: TaskID, position: LocalPosition) throws {
        try process.call(.apply, "\(task) to \(position.changelog)") {
            let copy = (0..<changes.count).map { index in
                (key: Array(changes.keys[index]), value: changes.isDelete[index] ? nil : Array(changes.values[index]))
            }
            disk.write(.apply(task, copy, position))
            let epoch = position.epoch.map { "\($0.epoch)" } ?? "-"
            process.cluster.note("\(process.name) has \(task) to \(position.changelog), epoch \(epoch)")
        }
    }

    func drop(_ task: TaskID) throws {
        try process.call(.dropPosition, "\(task)") {
            disk.write(.dropPosition(task))
            process.cluster.note("\(process.name) drops \(task)")
        }
        try process.call(.dropRest, "\(task)") { disk.write(.dropRest(task)) }
    }

    func lastEpoch(of task: TaskID) throws -> EpochRecord? { try position(of: task)?.epoch }

    func multiGet(_ keys: ByteRuns, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) -> Void) throws {
        let values = try process.call(.readState) { (0..<keys.count).map { disk.contents.state[Array(keys[$0])] } }
        for (index, value) in values.enumerated() {
            guard let value else {
                body(index, nil)
                continue
            }
            value.withUnsafeBytes { body(index, $0) }
        }
    }

    func scan(
        prefix: UnsafeRawBufferPointer, from start: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let prefix = Array(prefix), start = Array(start)
        let entries = try process.call(.readState) {
            let first = start.lexicographicallyPrecedes(prefix) ? prefix : start
            return disk.keys(from: first).prefix { $0.starts(with: prefix) }.map { ($0, disk.contents.state[$0] ?? []) }
        }
        for (key, value) in entries {
            let goesOn = try key.withUnsafeBytes { key in try value.withUnsafeBytes { try body(key, $0) } }
            if !goesOn { return }
        }
    }
}
