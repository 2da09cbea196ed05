import Base
public import Stores

/// A local state and what the cases need beside its seam.
public struct LocalStateUnderTest {
    public var local: any LocalState
    /// The process crashes, and another opens what it left.
    public var reopen: () throws -> any LocalState

    public init(_ local: any LocalState, reopen: @escaping () throws -> any LocalState) {
        self.local = local
        self.reopen = reopen
    }
}

/// One sentence of the contract of `LocalState` and the code that checks it on an empty one.
public struct LocalStateCase: Sendable, CustomStringConvertible {
    public let sentence: String
    public let run: @Sendable (inout LocalStateUnderTest) throws -> Void
    public var description: String { sentence }

    init(_ sentence: String, _ run: @escaping @Sendable (inout LocalStateUnderTest) throws -> Void) {
        self.sentence = sentence
        self.run = run
    }

    public static let all: [LocalStateCase] = [
        LocalStateCase("nothing is there at first") { test in
            try checkEqual(try test.local.logID(), nil)
            try checkEqual(try test.local.localTasks(), [])
            try checkEqual(try test.local.position(of: task), nil)
            try checkEqual(try test.local.lastEpoch(of: task), nil)
        },
        LocalStateCase("changes and position are there together, and the last epoch is the position's") { test in
            try test.local.apply(changes(task, [("a", "1"), ("b", "2"), ("a", "3"), ("b", nil)]), of: task, position: position(7, 1))
            try checkEqual(try entries(test.local, task), ["a=3"])
            try checkEqual(try test.local.position(of: task), position(7, 1))
            try checkEqual(try test.local.lastEpoch(of: task), record(1))
            try test.local.apply(changes(task, [("c", "")]), of: task, position: position(9, nil))
            try checkEqual(try entries(test.local, task), ["a=3", "c="])
            try checkEqual(try test.local.position(of: task), position(9, nil))
            try checkEqual(try test.local.lastEpoch(of: task), nil)
        },
        LocalStateCase("the same changes may be applied again") { test in
            for _ in 0..<2 { try test.local.apply(changes(task, [("a", "1"), ("b", nil)]), of: task, position: position(7, 1)) }
            try checkEqual(try entries(test.local, task), ["a=1"])
        },
        LocalStateCase("what was applied outlives a crash of the process") { test in
            _ = try test.local.adopt(LogID("one"))
            try test.local.apply(changes(task, [("a", "1")]), of: task, position: position(7, 1))
            test.local = try test.reopen()
            try checkEqual(try test.local.logID(), LogID("one"))
            try checkEqual(try entries(test.local, task), ["a=1"])
            try checkEqual(try test.local.position(of: task), position(7, 1))
        },
        LocalStateCase("a dropped task is gone whole, and its neighbours stay") { test in
            for task in neighbours { try test.local.apply(changes(task, [("a", "\(task)")]), of: task, position: position(1, 1)) }
            for (index, dropped) in neighbours.enumerated() {
                try test.local.drop(dropped)
                try checkEqual(try test.local.localTasks(), neighbours[(index + 1)...].sorted())
                try checkEqual(try test.local.position(of: dropped), nil)
                for task in neighbours {
                    try checkEqual(try entries(test.local, task), neighbours.firstIndex(of: task)! <= index ? [] : ["a=\(task)"])
                }
            }
            try test.local.drop(task)
        },
        LocalStateCase("adopting another log drops every task, adopting the same nothing") { test in
            try checkEqual(try test.local.adopt(LogID("one")), [])
            for task in neighbours { try test.local.apply(changes(task, [("a", "1")]), of: task, position: position(1, 1)) }
            try checkEqual(try test.local.adopt(LogID("one")), [])
            try checkEqual(try test.local.localTasks(), neighbours.sorted())
            try checkEqual(try test.local.adopt(LogID("two")).sorted(), neighbours.sorted())
            try checkEqual(try test.local.logID(), LogID("two"))
            for task in neighbours { try checkEqual(try entries(test.local, task), []) }
            try checkEqual(try test.local.localTasks(), [])
        },
        LocalStateCase("random operations and crashes leave what they leave of a plain dictionary") { test in
            for seed in 1...6 as ClosedRange<UInt64> { try compareWithDictionary(&test, seed: seed) }
        },
    ]
}

/// Names and numbers whose keys begin alike.
private let neighbours = [
    TaskID(topology: "t", partition: PartitionNumber(0)), TaskID(topology: "t", partition: PartitionNumber(1)),
    TaskID(topology: "t", partition: PartitionNumber(255)), TaskID(topology: "t", partition: PartitionNumber(256)),
    TaskID(topology: "tt", partition: PartitionNumber(0)), TaskID(topology: "s", partition: PartitionNumber(0)),
]

private func position(_ offset: Int64, _ epoch: UInt64?) -> LocalPosition {
    LocalPosition(changelog: Offset(offset), appliedAt: EventTime(microseconds: offset * 3), epoch: epoch.map { record($0) })
}

private func changes(_ task: TaskID, _ entries: [(key: String, value: String?)]) -> StateChanges {
    var changes = StateChanges()
    for (key, value) in entries {
        let key = StateScope.taskPrefix(task) + Array(key.utf8)
        key.withUnsafeBytes { key in
            if let value { bytes(value) { changes.put(key: key, value: $0) } } else { changes.delete(key: key) }
        }
    }
    return changes
}

/// A task's entries as `key=value`, by key, without the prefix; looked up one by one too.
private func entries(_ local: any LocalState, _ task: TaskID) throws -> [String] {
    let prefix = StateScope.taskPrefix(task)
    var result: [String] = []
    var keys = ByteRuns()
    try prefix.withUnsafeBytes { prefix in
        try local.scan(prefix: prefix, from: prefix) { key, value in
            keys.append(key)
            result.append("\(String(decoding: key.dropFirst(prefix.count), as: UTF8.self))=\(String(decoding: value, as: UTF8.self))")
            return true
        }
    }
    var values: [String] = []
    try local.multiGet(keys) { values.append($1.map { String(decoding: $0, as: UTF8.self) } ?? "-") }
    try checkEqual(values, result.map { String($0.drop { $0 != "=" }.dropFirst()) })
    return result
}

private func compareWithDictionary(_ test: inout LocalStateUnderTest, seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var expected: [TaskID: [String: String]] = [:]
    var positions: [TaskID: LocalPosition] = [:]
    _ = try test.local.adopt(LogID("log \(seed)"))
    for step in 0..<150 as Range<Int64> {
        let task = neighbours[random.below(neighbours.count)]
        switch random.below(20) {
        case 0:
            try test.local.drop(task)
            expected[task] = nil
            positions[task] = nil
        case 1: test.local = try test.reopen()
        default:
            let drawn = (0..<random.below(8)).map { _ in
                (key: "k\(random.below(30))", value: random.below(4) == 0 ? nil : "v\(random.below(1_000))")
            }
            positions[task] = position(step, random.below(3) == 0 ? nil : UInt64(step))
            try test.local.apply(changes(task, drawn), of: task, position: position(step, positions[task]?.epoch?.epoch.number))
            for (key, value) in drawn { expected[task, default: [:]][key] = value }
        }
    }
    try checkEqual(try test.local.localTasks(), positions.keys.sorted())
    for task in neighbours {
        let sorted = (expected[task] ?? [:]).map { "\($0.key)=\($0.value)" }.sorted { $0.prefix { $0 != "=" } < $1.prefix { $0 != "=" } }
        try checkEqual(try entries(test.local, task), sorted)
        try checkEqual(try test.local.position(of: task), positions[task])
        try checkEqual(try test.local.lastEpoch(of: task), positions[task]?.epoch)
    }
}
