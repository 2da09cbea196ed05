import Base
import Columns
import Operators
import Stores
import Testing

@testable import Planner

/// Verdicts about deployments that nobody has run: facts in, plan out.
@Suite struct UpgradePlanTests {
    static let text = head + """
        streams:
          wanted: { from: m, filter: 'value > 0.0' }
          short: { from: wanted, window: { tumbling: 1m, by: [id] }, aggregate: { n: count(), total: sum(value) } }
          long: { from: m, window: { tumbling: 1h, by: [id] }, aggregate: { most: max(value) } }
        views:
          shorts: { from: short, key: [id, window.start], keep: 30d }
          longs: { from: long, key: [id, window.start] }
        """

    private let task = TaskID(topology: "t", partition: PartitionNumber(0))

    /// A task that has run `text`, and has state of each window.
    private func facts(_ text: String = text, first: Int64 = 0) throws -> UpgradeFacts {
        let deployment = Deployment(try plan(text)).resolved(after: nil)
        var windows: [String: StoredWindows] = [:], bytes: [String: Int] = [:]
        for stream in deployment.streams {
            guard let layout = stream.layout else { continue }
            windows[stream.stateName] = StoredWindows(layouts: .numbered(StoredLayouts(layout)), first: 0, last: 60_000_000)
            bytes[stream.stateName] = 2_048
        }
        let input = TopicPartition(try #require(TopicName("in")), PartitionNumber(0))
        let position = EpochRecord.InputPosition(
            input: input, next: Offset(70), maxEventTime: .earliest, watermark: .earliest, isIdle: false)
        return UpgradeFacts(
            tasks: [.init(task: task, deployment: deployment, positions: [position], windows: windows, bytes: bytes)],
            ranges: [input: OffsetRange(first: Offset(first), end: Offset(100))], viewRows: ["shorts": 7])
    }

    private func upgrade(_ text: String, from facts: UpgradeFacts) throws -> UpgradePlan {
        UpgradePlan(topology: "t", from: facts, to: Deployment(try plan(text)))
    }

    private func verdicts(_ upgrade: UpgradePlan) -> [String] {
        upgrade.changes.map { "\($0.verdict.rawValue) \($0.name)\($0.loses ? "!" : "")" }
    }

    @Test func `the same topology, laid out otherwise, goes on as it is`() throws {
        let upgrade = try upgrade(Self.text.replacing("value > 0.0", with: "value   >  0.0"), from: facts())
        #expect(verdicts(upgrade) == ["keep wanted", "keep long", "keep short", "keep shorts", "keep longs"])
        #expect(!upgrade.needsApproval && upgrade.changes.allSatisfy { $0.why.isEmpty })
        #expect(try self.upgrade(Self.text, from: UpgradeFacts(tasks: [], ranges: [:])).isFirst)
    }

    @Test(arguments: [
        ("tumbling: 1h", "tumbling: 2h", "rebuild", "its windows were 'tumbling 1h by id string' and are now 'tumbling 2h by id string'"),
        ("max(value)", "max(value), less: min(value)", "rebuild", "'min(double: value)' is new, and the rows that it would need are not in the state"),
        ("max(value)", "max(value * 2.0)", "rebuild", "'max(double: value * 2.0)' is new, and the rows that it would need are not in the state"),
        ("field: at", "field: at, out_of_order: 1m", "keep", "what feeds it changed: open windows will have rows from before and after"),
        ("topic: in", "topic: other", "rebuild", "its rows came from in by id at at, and now come from other by id at at"),
    ])
    func `a changed stream is kept or rebuilt, and the plan says why`(
        _ old: String, _ new: String, _ verdict: String, _ why: String
    ) throws {
        let upgrade = try upgrade(Self.text.replacing(old, with: new), from: facts())
        let change = try #require(upgrade.changes.first { $0.name == "long" })
        #expect(change.verdict.rawValue == verdict && change.why == [why])
        #expect(upgrade.startsOver == (verdict == "rebuild") && upgrade.needsApproval == upgrade.startsOver)
        guard upgrade.startsOver else { return }
        #expect(upgrade.changes.filter { $0.name != "wanted" }.allSatisfy { $0.verdict == .rebuild && $0.loses })
    }

    @Test func `views lose rows by another key or a shorter keep, and not by another column`() throws {
        let shorter = try upgrade(Self.text.replacing("keep: 30d", with: "keep: 7d"), from: facts())
        #expect(verdicts(shorter).contains("keep shorts!") && shorter.changes.first { $0.name == "shorts" }?.rows == 7)
        let longer = try upgrade(Self.text.replacing("keep: 30d", with: "keep: 60d"), from: facts())
        #expect(!longer.needsApproval)
        let fewer = try upgrade(Self.text.replacing(", total: sum(value)", with: ""), from: facts())
        #expect(!fewer.needsApproval && verdicts(fewer).contains("migrate shorts") && verdicts(fewer).contains("migrate short"))
        #expect(fewer.changes.first { $0.name == "short" }?.why == ["it gives up sum(double: value)"])
        let keyed = try upgrade(Self.text.replacing("longs: { from: long, key: [id, window.start]", with: "longs: { from: long, key: [window.start, id]"), from: facts())
        #expect(keyed.startsOver)
        let gone = try upgrade(Self.text.replacing("  longs: { from: long, key: [id, window.start] }", with: ""), from: facts())
        #expect(gone.droppedViews == ["longs"] && gone.needsApproval && !gone.startsOver)
    }

    @Test func `what is new begins behind what was read of its own source, or with the first record`() throws {
        let window = "window: { tumbling: 1m, by: [id] }, aggregate: { n: count() }"
        let more = Self.text.replacing(
            "streams:",
            with: """
                  n: { topic: aaa, schema: metric, key: [id], event_time: { field: at } }
                streams:
                  other: { from: n, \(window) }
                  another: { from: m, \(window) }
                """
        ) + "\n" + """
              others: { from: other, key: [id, window.start] }
              raw: { from: n, key: [id] }
              anothers: { from: another, key: [id, window.start] }
            """
        var facts = try facts()
        func why(_ name: String) throws -> [String] { try upgrade(more, from: facts).changes.first { $0.name == name }?.why ?? [] }
        let (first, goesOn) = ("it begins at the first record of aaa", "it has the rows from now on")
        #expect(try why("other") == [first] && why("others") == [first] && why("raw") == [first])
        #expect(try why("another") == ["it begins at offset 70 of in[0]: earlier rows are not in it"] && why("anothers") == [goesOn])
        var position = facts.tasks[0].positions[0]
        position.input = TopicPartition(try #require(TopicName("aaa")), PartitionNumber(0))
        position.next = Offset(5)
        facts.tasks[0].positions.append(position)
        #expect(try why("other") == ["it begins at offset 5 of aaa[0]: earlier rows are not in it"])
        #expect(try why("another") == ["it begins at offset 70 of in[0]: earlier rows are not in it"])
        #expect(try why("others") == [goesOn] && why("raw") == [goesOn] && why("anothers") == [goesOn])
    }

    @Test func `a stream that gets the name of one that goes is told of beside it`() throws {
        let a = "  a: { from: m, window: { tumbling: 1m, by: [id] }, aggregate: { n: count() } }\n"
        let b = "  b: { from: m, window: { tumbling: 1h, by: [id] }, aggregate: { most: max(value) } }\n"
        let facts = try facts(head + "streams:\n" + a + b)
        let upgrade = try upgrade(head + "streams:\n" + b.replacing("b: { from", with: "a: { renamed_from: b, from"), from: facts)
        #expect(verdicts(upgrade) == ["migrate a", "drop a!"] && upgrade.changes.map(\.stateBytes) == [2_048, 2_048])
        #expect(upgrade.changes.map(\.why) == [["it was 'b'"], ["its state is cleared"]])
    }

    @Test func `a window behind an internal topic is renamed once, and the plan says what to keep`() throws {
        let first = Self.text.replacing("tumbling: 1m, by: [id]", with: "tumbling: 1m, by: [metric]")
            .replacing("shorts: { from: short, key: [id,", with: "shorts: { from: short, key: [metric,")
        func named(_ name: String, from former: String?) -> String {
            first.replacing("from: short,", with: "from: \(name),")
                .replacing("  short: {", with: "  \(name): {" + (former.map { " renamed_from: \($0)," } ?? ""))
        }
        let second = named("second", from: "short")
        #expect(try verdicts(upgrade(second, from: facts(first))).contains("migrate second"))
        #expect(try upgrade(second, from: facts(second)).isUnchanged)
        func why(_ name: String, from former: String?) throws -> String {
            let plan = try upgrade(named(name, from: former), from: facts(second))
            #expect(plan.startsOver)
            return plan.changes.first { $0.name == name }?.why.joined(separator: ", ") ?? ""
        }
        #expect(try why("second", from: nil).hasSuffix("; to keep its state, keep 'renamed_from: short' in the file"))
        #expect(
            try why("third", from: "second").hasSuffix(
                "; to keep its state, keep the name 'second' and 'renamed_from: short' in the file: what takes its rows through an "
                    + "internal topic can be renamed only once"))
    }

    @Test func `rows that are lost on their way need approval, though all state is kept`() throws {
        let hopping = Self.text.replacing("tumbling: 1m, by: [id]", with: "tumbling: 1m, by: [metric]")
            .replacing("shorts: { from: short, key: [id,", with: "shorts: { from: short, key: [metric,")
        let same = try upgrade(hopping, from: facts(hopping))
        #expect(!same.needsApproval && same.isUnchanged)
        let fewer = try upgrade(hopping.replacing(", total: sum(value)", with: ""), from: facts(hopping))
        let change = try #require(fewer.changes.first { $0.name == "short" })
        #expect(change.verdict == .migrate && change.loses && fewer.needsApproval && !fewer.startsOver)
        #expect(change.why.contains { $0.contains("become dead letters (hop.layout)") })
        #expect(verdicts(fewer).filter { $0.hasSuffix("!") } == ["migrate short!"])
    }

    @Test func `a hash is of what runs, of what is to run, and of what the log still holds`() throws {
        let wider = Self.text.replacing("tumbling: 1h", with: "tumbling: 2h")
        let one = try upgrade(wider, from: facts())
        #expect(try upgrade(wider, from: facts()).hash == one.hash)
        #expect(try upgrade(wider, from: facts(first: 1)).hash != one.hash)
        #expect(try upgrade(wider.replacing("2h", with: "3h"), from: facts()).hash != one.hash)
        #expect(try upgrade(wider, from: facts(Self.text.replacing("tumbling: 1m", with: "tumbling: 2m"))).hash != one.hash)
        let less = Self.text.replacing("  longs: { from: long, key: [id, window.start] }", with: "")
        #expect(try upgrade(less, from: facts()).hash == upgrade(less, from: facts(first: 1)).hash)
    }

    @Test func `tasks that a deployment has not reached yet are brought there without another approval`() throws {
        let less = Self.text.replacing("  longs: { from: long, key: [id, window.start] }", with: "")
        var facts = try facts()
        var ahead = facts.tasks[0]
        ahead.task = TaskID(topology: "t", partition: PartitionNumber(1))
        ahead.deployment = Deployment(try plan(less)).resolved(after: ahead.deployment)
        #expect(ahead.deployment?.number == 2)
        #expect(try upgrade(less, from: facts).needsApproval)
        facts.tasks.append(ahead)
        #expect(try !upgrade(less, from: facts).needsApproval)
        // And back again it is another change.
        var others = facts
        others.tasks[0].deployment?.number = 3
        #expect(try upgrade(less, from: others).needsApproval)
    }

    @Test func `a deployment and a plan are read as they were written`() throws {
        let former = Deployment(try plan(Self.text)).resolved(after: nil)
        var next = Deployment(try plan(Self.text.replacing("  long:", with: "  longer:").replacing("from: long,", with: "from: longer,"))).resolved(after: former)
        #expect(next.clearing == ["long"] && next.number == 2)
        #expect(next.encoded.withUnsafeBytes(Deployment.init(decoding:)) == next)
        for count in 0..<next.encoded.count {
            #expect(next.encoded.prefix(count).withUnsafeBytes(Deployment.init(decoding:)) == nil)
        }
        next.clearing = []
        let back = Deployment(try plan(Self.text)).resolved(after: next)
        // What was cleared may be had again; what is being cleared may not.
        #expect(back.streams.first { $0.name == "long" }?.stateName == "long")
        var clearing = next
        clearing.clearing = ["long", "long~2"]
        #expect(Deployment(try plan(Self.text)).resolved(after: clearing).streams.first { $0.name == "long" }?.stateName == "long~3")
        let upgrade = try upgrade(Self.text.replacing("tumbling: 1h", with: "tumbling: 2h"), from: facts())
        #expect(UpgradePlan(json: upgrade.json) == upgrade)
    }

    @Test(arguments: [[""], [" "], ["id"], ["id "], [" string"], ["id string", ""]])
    func `a deployment whose view has a column without name or type is refused`(_ columns: [String]) throws {
        var next = Deployment(try plan(Self.text))
        next.views[0].columns = columns
        #expect(next.encoded.withUnsafeBytes(Deployment.init(decoding:)) == nil)
    }

    @Test(arguments: 0..<4) func `no bytes that pass for a deployment crash the comparison`(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed)), read = 0
        let facts = try facts(), whole = Deployment(try plan(Self.text)).resolved(after: nil).encoded
        let others: [UInt8] = [0, 1, 2, 32, 63, 127, 128, 255]
        for _ in 0..<1_500 {
            var bytes = whole
            for _ in 0..<(1 + random.below(3)) {
                let at = random.below(bytes.count)
                switch random.below(6) {
                case 0: bytes.remove(at: at)
                case 1: bytes.insert(others[random.below(others.count)], at: at)
                case 2: bytes.replaceSubrange(at..<min(bytes.count, at + 1 + random.below(8)), with: whole.suffix(random.below(9)))
                default: bytes[at] = others[random.below(others.count)]
                }
            }
            guard let next = bytes.withUnsafeBytes(Deployment.init(decoding:)) else { continue }
            read += 1
            let upgrade = UpgradePlan(topology: "t", from: facts, to: next)
            #expect(UpgradePlan(json: upgrade.json) == upgrade)
        }
        #expect(read > 200, "only \(read) were read")
    }

    @Test func `layouts are given up when their windows have closed, and eight of them are too many`() throws {
        func layout(_ slots: [String]) -> WindowLayout {
            WindowLayout(grouping: "g", slots: slots.map { .init(identity: $0, byteCount: 16, holdsBytes: false) })
        }
        let all = (0..<12).map { "a\($0)" }
        var stored = StoredWindows(layouts: .numbered(StoredLayouts(layout(all))), first: 0, last: 10)
        var changes = 0
        while case .converted(let layouts, let givenUp) = WindowCarry.decide(stored, to: layout(Array(all.dropLast(changes + 1))), legacyText: "") {
            changes += 1
            #expect(givenUp == [all[12 - changes]] && layouts.entries.count == changes + 1)
            #expect(Set(layouts.entries.map(\.number)).count == layouts.entries.count)
            stored.layouts = .numbered(layouts)
        }
        #expect(changes == StoredLayouts.entriesMax - 1)
        // Windows that were open then have closed.
        stored.first = 11
        stored.last = 20
        guard case .converted(let layouts, _) = WindowCarry.decide(stored, to: layout(["a0"]), legacyText: "") else {
            Issue.record("there is room again")
            return
        }
        #expect(layouts.entries.count == 2)
    }
}
