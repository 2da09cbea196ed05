import Base
import Columns
import Planner
import Stores
import Testing

@testable import Runtime

/// A task goes from one version of its topology to the next, in memory.
@Suite struct UpgradeTests {
    static let old = """
        topology: up
        sources:
          readings: { topic: readings, schema: reading, key: [id], event_time: { field: at, out_of_order: 5s } }
        streams:
          wanted: { from: readings, filter: 'kind != "noise"' }
          minutely:
            from: wanted
            window: { tumbling: 1m, by: [id] }
            aggregate: { rows: count(), total: sum(value), last_note: last(note), least_note: min(note), first_value: first(value) }
          hourly:
            from: wanted
            window: { tumbling: 1h, by: [id] }
            aggregate: { rows: count(), most: max(value) }
        views:
          minutes: { from: minutely, key: [id, window.start] }
        """

    static let hourly =
        "  hourly:\n    from: wanted\n    window: { tumbling: 1h, by: [id] }\n    aggregate: { rows: count(), most: max(value) }\n"

    private let store = InMemoryStore()

    private func driver(_ text: String) throws -> TopologyDriver {
        try TopologyDriver(Sample.plan(text), clock: Sample.start + .hours(1), store: store)
    }

    private var task: TaskID { TaskID(topology: "up", partition: PartitionNumber(0)) }

    private func upgrade(to text: String) throws -> UpgradePlan {
        let facts = UpgradeFacts(tasks: [try UpgradeFacts.Task(of: task, from: store, sizes: true)], ranges: [:])
        return UpgradePlan(topology: "up", from: facts, to: Deployment(try Sample.plan(text)))
    }

    /// The rows of a stream by their group and window, without what was renamed.
    private func rows(_ driver: TopologyDriver, _ stream: String) -> [[String: Value]] {
        driver.rows.filter { $0.stream == stream }.map(\.values)
    }

    private func run(_ first: String, _ second: String, split: Int) throws -> (TopologyDriver, TopologyDriver) {
        let events = Sample.events(400, seed: 11, disorder: .seconds(3))
        let a = try driver(first)
        try Sample.append(Array(events[..<split]), to: a)
        try a.run()
        try a.commit()
        let b = try driver(second)
        try Sample.append(Array(events[split...]), to: b)
        try b.advance(to: Sample.start + .hours(3))
        try b.commit()
        return (a, b)
    }

    @Test func `a renamed stream goes on with its windows, and a new one of its former name begins empty`() throws {
        let new = Self.old.replacing("  minutely:\n    from: wanted", with: "  by_minute:\n    renamed_from: minutely\n    from: wanted")
            .replacing("from: minutely, key", with: "from: by_minute, key")
            .replacing(
                "views:",
                with: "  minutely:\n    from: wanted\n    window: { tumbling: 1m, by: [id] }\n    aggregate: { rows: count() }\nviews:")
        let (a, b) = try run(Self.old, new, split: 150)
        let straight = try TopologyDriver(Sample.plan(Self.old), clock: Sample.start + .hours(1))
        try Sample.append(Sample.events(400, seed: 11, disorder: .seconds(3)), to: straight)
        try straight.advance(to: Sample.start + .hours(3))
        #expect(rows(a, "minutely") + rows(b, "by_minute") == rows(straight, "minutely"))
        #expect(rows(b, "minutely").count < rows(straight, "minutely").count)
        // The next version finds it without being told again.
        let names = try DeploymentEntry.read(of: task, from: store)
        #expect(names?.streams.first { $0.name == "by_minute" }?.stateName == "minutely")
        #expect(names?.streams.first { $0.name == "minutely" }?.stateName == "minutely~2")
        let later = try upgrade(to: new.replacing("    renamed_from: minutely\n", with: ""))
        #expect(later.changes.first { $0.name == "by_minute" }?.verdict == .keep)
    }

    @Test func `a window with fewer aggregates, renamed and in another order goes on with theirs`() throws {
        let new = Self.old.replacing(
            "{ rows: count(), total: sum(value), last_note: last(note), least_note: min(note), first_value: first(value) }",
            with: "{ least: min(note), n: count(), first_value: first(value), again: count(), newest: last(note) }")
        let (a, b) = try run(Self.old, new, split: 150)
        let straight = try TopologyDriver(Sample.plan(new), clock: Sample.start + .hours(1))
        try Sample.append(Sample.events(400, seed: 11, disorder: .seconds(3)), to: straight)
        try straight.advance(to: Sample.start + .hours(3))
        let closed = rows(a, "minutely").count
        #expect(closed > 3)
        #expect(rows(b, "minutely") == Array(rows(straight, "minutely")[closed...]))
    }

    @Test func `what is dropped is cleared, slice by slice, and nothing else`() throws {
        let new = Self.old.replacing(Self.hourly, with: "")
        let plan = try { try driver(Self.old) }()
        try Sample.append(Sample.events(300, seed: 2), to: plan)
        try plan.run()
        try plan.commit()
        let upgrade = try upgrade(to: new)
        #expect(upgrade.needsApproval && !upgrade.startsOver)
        #expect(upgrade.changes.first { $0.name == "hourly" }?.verdict == .drop)
        #expect(try DeploymentEntry.stateNames(of: task, in: store) == ["hourly", "minutely", ":deployment"])
        let after = try driver(new)
        try after.commit()
        try after.commit()
        #expect(try DeploymentEntry.stateNames(of: task, in: store) == ["minutely", ":deployment"])
        #expect(try DeploymentEntry.read(of: task, from: store)?.clearing == [])
    }

    @Test(arguments: [1, 3]) func `a stream that comes back behind an internal topic has only the rows from then on`(
        partitions: Int
    ) throws {
        let without = Self.old.replacing(Self.hourly, with: "")
        let with = without.replacing(
            "views:", with: "  by_kind: { from: wanted, window: { tumbling: 1m, by: [kind] }, aggregate: { rows: count() } }\nviews:")
        let events = Sample.events(400, seed: 21)
        var rows: [Int64] = []
        for (text, share) in [(with, events[..<150]), (without, events[150..<250]), (with, events[250...])] {
            let driver = try TopologyDriver(Sample.plan(text), clock: Sample.start + .hours(1), partitionCount: partitions, store: store)
            try Sample.append(Array(share), to: driver)
            try driver.run()
            try driver.commit()
            if share.endIndex == events.endIndex { try driver.advance(to: Sample.start + .hours(3)) }
            try driver.commit()
            rows = driver.rows.compactMap { row -> Int64? in
                guard row.stream == "by_kind", case .int(let count)? = row.values["rows"] else { return nil }
                return count
            }
        }
        #expect(rows.reduce(0, +) == Int64(events[250...].count { $0.kind != "noise" }))
    }

    @Test func `a task that begins with a deployment counts it as the tasks that it is still to reach`() throws {
        func driver(_ text: String) throws -> TopologyDriver {
            try TopologyDriver(Sample.plan(text), clock: Sample.start + .hours(1), partitionCount: 2, store: store)
        }
        func run(_ task: Int, of driver: TopologyDriver, _ events: ArraySlice<Sample.Event>) throws {
            for event in events { try driver.append(source: "readings", value: event.json, partition: PartitionNumber(task)) }
            while try driver.tasks[task].step(now: driver.clock) {}
            try driver.tasks[task].commit()
        }
        let events = Sample.events(100, seed: 4), fewer = Self.old.replacing(Self.hourly, with: "")
        try run(0, of: driver(Self.old), events[..<50])
        try run(1, of: driver(fewer), events[50...])
        let tasks = try (0..<2).map {
            try UpgradeFacts.Task(of: TaskID(topology: "up", partition: PartitionNumber($0)), from: store, sizes: false)
        }
        #expect(tasks.map(\.deployment?.number) == [1, 2])
        let plan = UpgradePlan(topology: "up", from: UpgradeFacts(tasks: tasks, ranges: [:]), to: Deployment(try Sample.plan(fewer)))
        #expect(plan.changes.contains { $0.verdict == .drop } && !plan.needsApproval)
    }

    @Test func `a task refuses what would lose state, unless it was approved`() throws {
        let a = try driver(Self.old)
        try Sample.append(Sample.events(300, seed: 2), to: a)
        try a.run()
        try a.commit()
        let wider = Self.old.replacing("tumbling: 1h", with: "tumbling: 2h")
        let plan = try upgrade(to: wider)
        #expect(plan.startsOver)
        #expect(plan.changes.first { $0.name == "hourly" }?.verdict == .rebuild)
        #expect(plan.changes.filter { $0.part == .view }.allSatisfy { $0.verdict == .rebuild })
        func task(_ text: String, _ approval: UpgradeApproval) throws -> TopologyTask {
            var settings = TopologyTask.Settings()
            settings.approval = approval
            return TopologyTask(
                try Sample.plan(text), partition: PartitionNumber(0), settings: settings, log: store, store: store, committer: store)
        }
        func refuses(_ text: String, _ approval: UpgradeApproval) -> Bool {
            do { try task(text, approval).restore() } catch { return (error as? EngineError)?.code == .changeNotApproved }
            return false
        }
        // Starting over is not a task's to do, whatever was approved.
        #expect(refuses(wider, UpgradeApproval()) && refuses(wider, UpgradeApproval(hashes: [plan.hash])))
        let less = Self.old.replacing(
            "views:\n  minutes: { from: minutely, key: [id, window.start] }", with: "outputs:\n  o: { from: minutely, topic: o }")
        let dropping = try upgrade(to: less)
        #expect(dropping.droppedViews == ["minutes"])
        #expect(refuses(less, UpgradeApproval()) && refuses(less, UpgradeApproval(hashes: [plan.hash])))
        #expect(!refuses(less, UpgradeApproval(hashes: [dropping.hash])) && !refuses(less, UpgradeApproval(topologies: ["up"])))
        #expect(!refuses(Self.old, UpgradeApproval()))
    }
}
