import Base
import Planner
import Stores
import Testing

@testable import Runtime

/// How many tasks and partitions follow from the topics that are there.
@Suite struct TopicLayoutTests {
    private func topology(_ name: String, sources: [String], output: String) throws -> Plan {
        let list = sources.enumerated().map { index, topic in
            "  s\(index): { topic: \(topic), schema: reading, key: [id], event_time: { field: at, out_of_order: 5s } }"
        }
        return try Sample.plan(
            (["topology: \(name)", "sources:"] + list + [
                "streams:", "  all: { from: s0, filter: 'true' }", "outputs:", "  o: { from: all, topic: \(output) }", "views:",
                "  v_\(name): { from: all, key: [id], keep: 2h }",
            ]).joined(separator: "\n") + "\n")
    }

    private func layout(
        _ plans: [Plan], wanted: Int = 1, _ existing: [String: Int] = [:]
    ) throws -> (TopicLayout, make: [TopicDescription]) {
        var settings = EngineSettings()
        settings.partitionCount = wanted
        let topics = existing.map { (TopicName($0)!, TopicDescription(name: TopicName($0)!, partitionCount: $1, retention: .forever)) }
        return try TopicLayout.shared(plans, settings, existing: Dictionary(uniqueKeysWithValues: topics))
    }

    @Test func `a topology has as many tasks as its sources have partitions, and its own topics as many`() throws {
        let plan = try topology("t", sources: ["a"], output: "o")
        let (layout, topics) = try layout([plan], wanted: 2, ["a": 4, "o": 3])
        #expect(layout.taskCount(of: "t") == 4)
        #expect(layout.partitionCount(of: TopicName("o")!) == 3)
        let made = Dictionary(uniqueKeysWithValues: topics.map { ($0.name, $0) })
        // Topics of others are not made nor changed.
        #expect(made[TopicName("a")!] == nil && made[TopicName("o")!] == nil)
        for name in [TopicName.tasks(of: "t"), .changelog(of: "t"), .journal(of: "t"), .deadLetters(of: "t"), .view("v_t", of: "t")] {
            #expect(made[name]?.partitionCount == 4, "\(name)")
        }
        #expect(made[.changelog(of: "t")]?.retention == Retention(isCompacted: true))
        #expect(made[.view("v_t", of: "t")]?.retention == Retention(isCompacted: true))
    }

    @Test func `what is not there is made with the number that its topology has, else its writer's, else the settings'`() throws {
        let first = try topology("first", sources: ["a", "b"], output: "mid")
        let second = try topology("second", sources: ["mid"], output: "end")
        let (known, _) = try layout([second, first], wanted: 2, ["a": 4])
        #expect(known.taskCount(of: "first") == 4 && known.partitionCount(of: TopicName("b")!) == 4)
        #expect(known.taskCount(of: "second") == 4)
        let (new, made) = try layout([first], wanted: 3)
        #expect(new.taskCount(of: "first") == 3)
        #expect(Set(made.map(\.partitionCount)) == [3])
    }

    @Test func `sources with different numbers of partitions are refused with their names and numbers`() throws {
        let plan = try topology("t", sources: ["a", "b"], output: "o")
        let error = #expect(throws: EngineError.self) { try layout([plan], ["a": 4, "b": 3]) }
        #expect(error?.code == .engineNotCopartitioned && error?.message.contains("a 4, b 3") == true)
    }

    private func rekeyed(_ plan: Plan, _ names: String...) -> Plan {
        var plan = plan
        for index in plan.sources.indices where names.contains(plan.sources[index].name) { plan.sources[index].isRekeyed = true }
        return plan
    }

    @Test func `a rekeyed source may have any number of partitions, and says how many tasks there are where no other does`() throws {
        let plan = rekeyed(try topology("t", sources: ["a", "b"], output: "o"), "s1")
        let (mixed, _) = try layout([plan], ["a": 4, "b": 7])
        #expect(mixed.taskCount(of: "t") == 4 && mixed.partitionCount(of: TopicName("b")!) == 7)
        func inputs(_ number: Int) -> [String] { plan.ownInputs(PartitionNumber(number), mixed).map { "\($0)" } }
        #expect(inputs(1).filter { $0.hasPrefix("b") }.count == 2 && inputs(3).filter { $0.hasPrefix("b") }.count == 1)
        let (made, topics) = try layout([plan], ["a": 4])
        #expect(made.taskCount(of: "t") == 4 && topics.first { $0.name.text == "b" }?.partitionCount == 4)
        #expect(try layout([plan], wanted: 2, ["b": 7]).0.taskCount(of: "t") == 7)

        let all = rekeyed(plan, "s0", "s1")
        #expect(try layout([all], wanted: 2, ["a": 4, "b": 7]).0.taskCount(of: "t") == 7)
        // From then on the tasks stay as many, whatever becomes of the sources.
        let (kept, _) = try layout([all], wanted: 2, ["a": 9, "b": 3, "_pioneer.t.tasks": 7])
        #expect(kept.taskCount(of: "t") == 7 && kept.partitionCount(of: TopicName("a")!) == 9)
    }

    @Test func `a source whose number of partitions has changed is refused`() throws {
        let plan = try topology("t", sources: ["a"], output: "o")
        let error = #expect(throws: EngineError.self) { try layout([plan], ["a": 6, "_pioneer.t.tasks": 4]) }
        #expect(error?.code == .enginePartitionsChanged && error?.message.contains("has 4 tasks") == true)
    }
}
