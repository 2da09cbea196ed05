import Base
import Columns
import OwnThreads
import Planner
import Stores
import Testing

@testable import Runtime

/// A topology made by chance, and what chance makes of it next.
private struct RandomTopology {
    struct Window {
        var name: String
        var renamedFrom: String?
        var size: String
        var by: String
        /// Names and calls.
        var aggregates: [(name: String, call: String)]
        var isFiltered: Bool
    }

    static let calls = [
        "count()", "count(count)", "sum(value)", "sum(count)", "avg(value)", "min(note)", "max(note)", "first(note)", "last(note)",
        "first(value)", "max(count)", "min(value)",
    ]

    /// Of those, what does not depend on the order in which tasks send their rows.
    static func calls(by: String) -> [String] {
        isBehindHop(by) ? calls.filter { !$0.hasPrefix("first") && !$0.hasPrefix("last") } : calls
    }

    static func isBehindHop(_ by: String) -> Bool { !by.contains("id") }

    var filter: String
    var windows: [Window]
    /// Names that windows have had.
    private var past: [String] = []
    private var dropped: [Window] = []

    init(_ random: inout SeededRandom) {
        filter = "kind != \"noise\""
        windows = []
        for _ in 0..<(1 + random.below(3)) { add(&random) }
    }

    private mutating func add(_ random: inout SeededRandom) {
        let by = ["id", "id, kind", "kind"][random.below(3)], all = Self.calls(by: by)
        let calls = (0..<(1 + random.below(4))).map { _ in all[random.below(all.count)] }
        windows.append(
            Window(
                name: name(&random), size: ["1m", "3m"][random.below(2)], by: by,
                aggregates: calls.enumerated().map { ("a\($0.offset)", $0.element) }, isFiltered: random.below(2) == 0))
    }

    /// One that no window has now: a new one, or that of a window which was dropped or renamed, be it just now.
    private mutating func name(_ random: inout SeededRandom) -> String {
        let free = past.filter { name in !windows.contains { $0.name == name } }
        if !free.isEmpty, random.below(2) == 0 { return free[random.below(free.count)] }
        past.append("w\(past.count + 1)")
        return past[past.count - 1]
    }

    /// A window that was dropped, as it was.
    private mutating func bringBack(_ random: inout SeededRandom) {
        let possible = dropped.filter { window in !windows.contains { $0.name == window.name } }
        guard !possible.isEmpty else { return }
        windows.append(possible[random.below(possible.count)])
        windows[windows.count - 1].renamedFrom = nil
    }

    /// Which window of this version one of the next goes on with, if with any.
    func former(of window: Window) -> String {
        let isDone = windows.contains { $0.name == window.name && $0.renamedFrom == window.renamedFrom }
        return isDone ? window.name : window.renamedFrom ?? window.name
    }

    /// No two take their rows from one internal topic, or go on with one window; nor do two aggregates have one name.
    private var isSound: Bool {
        let renamed = windows.compactMap(\.renamedFrom)
        let hops = windows.filter { Self.isBehindHop($0.by) }.map { $0.renamedFrom ?? $0.name }
        return Set(renamed).count == renamed.count && Set(hops).count == hops.count
            && windows.allSatisfy { Set($0.aggregates.map(\.name)).count == $0.aggregates.count }
    }

    /// The next version.
    func changed(_ random: inout SeededRandom) -> RandomTopology {
        while true {
            let next = changedSomehow(&random)
            if next.isSound { return next }
        }
    }

    /// Up to three changes.
    private func changedSomehow(_ random: inout SeededRandom) -> RandomTopology {
        var next = self
        for index in next.windows.indices where !Self.isBehindHop(windows[index].by) || random.below(8) == 0 {
            next.windows[index].renamedFrom = nil
        }
        for _ in 0..<(1 + random.below(3)) {
            let at = random.below(next.windows.count)
            switch random.below(12) {
            case 0 where next.windows[at].renamedFrom == nil && windows.contains { $0.name == next.windows[at].name }:
                let former = next.windows[at].name
                next.windows[at].name = next.name(&random)
                next.windows[at].renamedFrom = former
            case 1 where next.windows[at].aggregates.count > 1: next.windows[at].aggregates.removeFirst()
            case 2: next.windows[at].aggregates.reverse()
            case 3: next.windows[at].aggregates[0].name = "renamed"
            case 4 where next.windows.count > 1: next.dropped.append(next.windows.remove(at: at))
            case 9, 10, 11: next.bringBack(&random)
            case 5: next.add(&random)
            case 6 where random.below(3) == 0: next.windows[at].size = "2m"
            case 7 where random.below(3) == 0:
                let calls = Self.calls(by: next.windows[at].by)
                next.windows[at].aggregates.append(("more", calls[random.below(calls.count)]))
            case 8 where random.below(3) == 0: next.filter = "kind != \"cpu\""
            default: break
            }
        }
        return next
    }

    var text: String {
        let streams = windows.map { window in
            """
              \(window.name):
                from: \(window.isFiltered ? "wanted" : "readings")
            \(window.renamedFrom.map { "    renamed_from: \($0)\n" } ?? "")    window: { tumbling: \(window.size), by: [\(window.by)] }
                aggregate:
            \(window.aggregates.map { "      \($0.name): \($0.call)" }.joined(separator: "\n"))
            """
        }
        return """
            topology: up
            sources:
              readings: { topic: readings, schema: reading, key: [id], event_time: { field: at, out_of_order: 5s } }
            streams:
              wanted: { from: readings, filter: '\(filter)' }
            \(streams.joined(separator: "\n"))
            """
    }
}

/// What a plan says is what happens.
@Suite(.ownThreadsInTurn) struct UpgradePropertyTests {
    private static let partitionCount = 2
    /// Deployments after the first.
    private static let rounds = 4

    private struct Row: Hashable {
        var values: [String: Value]
    }

    private func driver(_ text: String, store: InMemoryStore = InMemoryStore(), batch: Int = 4_096) throws -> TopologyDriver {
        try TopologyDriver(
            Sample.plan(text), clock: Sample.start + .hours(1), partitionCount: Self.partitionCount, batchRecords: batch, store: store,
            stateBytesMax: 1_000)
    }

    private func rows(_ driver: TopologyDriver, _ stream: String) -> [Row: Int] {
        driver.rows.filter { $0.stream == stream }.reduce(into: [:]) { $0[Row(values: $1.values), default: 0] += 1 }
    }

    private func fresh(_ text: String, _ events: some Sequence<Sample.Event>) throws -> TopologyDriver {
        let driver = try driver(text)
        try Sample.append(Array(events), to: driver)
        try driver.advance(to: Sample.start + .hours(4))
        return driver
    }

    /// The group and window of a row, which aggregates are no part of.
    private func place(_ row: Row) -> [Value?] { ["id", "kind", "window.start"].map { row.values[$0] } }

    private func upgrade(_ store: InMemoryStore, _ text: String) throws -> UpgradePlan {
        let tasks = try (0..<Self.partitionCount).map {
            try UpgradeFacts.Task(of: TaskID(topology: "up", partition: PartitionNumber($0)), from: store, sizes: true)
        }
        return UpgradePlan(topology: "up", from: UpgradeFacts(tasks: tasks, ranges: [:]), to: Deployment(try Sample.plan(text)))
    }

    @Test(arguments: Array(UInt64(1)...80))
    func `what a plan says of each stream is what becomes of it`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let events = Sample.events(900, seed: seed, disorder: .seconds(4))
        let store = InMemoryStore()
        var version = RandomTopology(&random)
        var done = 0
        /// By stream: what it was called before, and the places that have closed under all of its names.
        var closed: [String: Set<[Value?]>] = [:]
        /// Streams that are as if the present version had run from an event on.
        var since: [String: Int] = Dictionary(uniqueKeysWithValues: version.windows.map { ($0.name, 0) })
        for round in 0...Self.rounds {
            let running = try driver(version.text, store: store, batch: 1 + random.below(200))
            let next = round == Self.rounds ? events.count : min(events.count, done + 50 + random.below(250))
            try Sample.append(Array(events[done..<next]), to: running)
            try running.run()
            try running.commit()
            if round == Self.rounds {
                try running.advance(to: Sample.start + .hours(4))
                try running.commit()
            }
            done = next
            for window in version.windows {
                let given = rows(running, window.name)
                if let from = since[window.name], round == Self.rounds {
                    let wanted = rows(try fresh(version.text, events[from...]), window.name)
                    let before = closed[window.name] ?? []
                    #expect(given == wanted.filter { !before.contains(place($0.key)) }, "seed \(seed), \(window.name):\n\(version.text)")
                }
                closed[window.name, default: []].formUnion(given.keys.map(place))
            }
            guard round < Self.rounds else { break }
            let changed = version.changed(&random)
            let plan = try upgrade(store, changed.text)
            #expect(try upgrade(store, changed.text).hash == plan.hash)
            if plan.startsOver {
                #expect(plan.needsApproval)
                #expect(try refusal(store, changed.text, UpgradeApproval(hashes: [plan.hash])) == .changeNotApproved)
                continue
            }
            if plan.needsApproval {
                #expect(try refusal(store, changed.text, UpgradeApproval(hashes: ["0123456789abcdef"])) == .changeNotApproved)
            }
            #expect(try refusal(store, changed.text, UpgradeApproval(hashes: [plan.hash])) == nil)
            (since, closed) = follow(plan, from: version, to: changed, since, closed, done)
            version = changed
        }
        // Of what was dropped nothing is left, and of what runs nothing is missing.
        for number in 0..<Self.partitionCount {
            let task = TaskID(topology: "up", partition: PartitionNumber(number))
            let deployment = try #require(try DeploymentEntry.read(of: task, from: store))
            let used = Set(deployment.streams.map(\.stateName).filter { !$0.isEmpty }).union([DeploymentEntry.stateName])
            let names = Set(try DeploymentEntry.stateNames(of: task, in: store))
            #expect(deployment.clearing.isEmpty && names.isSubset(of: used))
        }
    }

    /// What the plan promises about each stream of the next version.
    private func follow(
        _ plan: UpgradePlan, from former: RandomTopology, to next: RandomTopology, _ since: [String: Int],
        _ closed: [String: Set<[Value?]>], _ done: Int
    ) -> ([String: Int], [String: Set<[Value?]>]) {
        var after: [String: Int] = [:], closedAfter: [String: Set<[Value?]>] = [:]
        for window in next.windows {
            guard let change = plan.changes.first(where: { $0.part == .stream && $0.name == window.name }) else {
                Issue.record("the plan says nothing of \(window.name)")
                continue
            }
            switch change.verdict {
            case .keep, .migrate:
                let former = former.former(of: window)
                closedAfter[window.name] = closed[former]
                // Windows with rows of two definitions are told of, and nothing is promised about them.
                if !change.why.contains(where: { $0.hasPrefix("what feeds it changed") }) { after[window.name] = since[former] }
            case .new: after[window.name] = done
            case .reload, .drop, .rebuild: Issue.record("\(change.verdict) of \(window.name), which is in the next version")
            }
        }
        return (after, closedAfter)
    }

    private func refusal(_ store: InMemoryStore, _ text: String, _ approval: UpgradeApproval) throws -> ErrorCode? {
        var settings = TopologyTask.Settings()
        settings.approval = approval
        settings.partitionCount = Self.partitionCount
        for topic in try Sample.plan(text).topics {
            try store.createTopic(TopicDescription(name: topic, partitionCount: Self.partitionCount, retention: .forever))
        }
        for number in 0..<Self.partitionCount {
            let task = TopologyTask(
                try Sample.plan(text), partition: PartitionNumber(number), settings: settings, log: store, store: store, committer: store)
            do { try task.restore() } catch { return (error as? EngineError)?.code }
        }
        return nil
    }

    /// Each epoch deletes a few keys, and meets with a crash, an abort or an answer that got lost.
    @Test(arguments: Array(UInt64(1)...10))
    func `clearing that is cut short goes on, and touches nothing else`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let store = InMemoryStore()
        let a = try TopologyDriver(Sample.plan(UpgradeTests.old), clock: Sample.start + .hours(1), store: store)
        try Sample.append(Sample.events(400, seed: seed, ids: 60), to: a)
        try a.run()
        try a.commit()
        let new = UpgradeTests.old.replacing(UpgradeTests.hourly, with: "")
            .replacing("  minutely:\n", with: "  other:\n    renamed_from: minutely\n").replacing("from: minutely, key", with: "from: other, key")
        let id = TaskID(topology: "up", partition: PartitionNumber(0))
        func entries(_ name: String) throws -> Int {
            var count = 0
            try StateScope(task: id, operatorName: name).prefix.withUnsafeBytes { prefix in
                try store.scan(prefix: prefix, from: prefix) { _, _ in
                    count += 1
                    return true
                }
            }
            return count
        }
        let (dropped, kept) = (try entries("hourly"), try entries("minutely"))
        #expect(dropped > 40 && kept > 5)
        var settings = TopologyTask.Settings()
        settings.clearedKeysMax = 7
        var rounds = 0
        var left = dropped
        while left > 0, rounds < 500 {
            rounds += 1
            let task = TopologyTask(
                try Sample.plan(new), partition: PartitionNumber(0), settings: settings, log: store, store: store, committer: store)
            try task.restore()
            for _ in 0..<(1 + random.below(3)) {
                switch random.below(4) {
                case 0: store.failNext(.abort)
                case 1: store.failNext(.errorAfterCommit)
                case 2: store.failNext(.error)
                default: break
                }
                do { try task.commit() } catch { if random.below(2) == 0 { try task.commit() } }
            }
            let now = try entries("hourly")
            #expect(now <= left && left - now <= 7 * 6)
            left = now
        }
        #expect(left == 0 && rounds > 3)
        #expect(try entries("minutely") == kept)
    }
}
