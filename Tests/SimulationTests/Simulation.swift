import Base
import Planner
@testable import Runtime
import SimulatedCluster
import Stores

/// Several processes with real tasks on a simulated cluster, and everything that can befall them, in the order that a seed
/// gives. First chaos, then peace: faults stop, everything drains, and what is there is compared with an uninterrupted run.
///
/// While a process waits for an answer, or stands still in the midst of a call, the others go on: their steps are taken
/// further up the same stack, so that one thread and one seed are enough for any interleaving of calls.
final class Simulation {
    struct Options {
        var seed: UInt64
        var bug: PlantedBug?
        var isTraced = false
        /// The changelog loses committed records halfway: the log breaks its promise, and tasks have to notice.
        var losesChangelog = false
        /// Processes follow the changelogs of tasks that are others'.
        var hasStandbys = false
        /// Now and then all processes are stopped, and the topology is started over.
        var startsOver = false
        var actionCount = 220
    }

    let plan: Plan
    let bug: PlantedBug?
    let cluster: SimulatedCluster
    var random: SeededRandom
    private(set) var machines: [SimulatedMachine] = []
    private(set) var source: SimulatedSource
    let options: Options
    /// Where the topology's life began that counts: ends of all partitions when it was started over last.
    var lifeStart: [TopicPartition: Offset] = [:]
    /// The one call of starting over that is to meet a mishap.
    var orderedWhenStartingOver: (call: SeamCall, mishap: Mishap, callsBefore: Int)?
    private let chances: Chances
    private var depth = 0
    /// The order to lose part of the changelog found something to lose.
    private(set) var hasLostChangelog = false
    var startOverCount = 0
    /// What no fault of the cluster excuses.
    private(set) var errors: [String] = []

    /// Deeper nested waiting is waiting without others.
    private static let depthMax = 3
    /// Steps of others while one waits for an answer; and while one stands still, long enough for its tasks to move.
    private static let waitActions = 6
    private static let freezeActions = 60

    init(_ plan: Plan, _ options: Options) throws {
        self.plan = plan
        self.options = options
        bug = options.bug
        source = SimulatedSource(plan)
        random = SeededRandom(seed: options.seed)
        var settings = SimulatedCluster.Settings()
        settings.tombstonesKept = .minutes(10)
        chances = random.below(5) == 0 ? .zombies : Chances.drawn(&random)
        // Not every log of Kafka's protocol checks it: fencing has to do alone, too.
        settings.checksGeneration = random.below(3) > 0 || options.startsOver
        cluster = SimulatedCluster(seed: random.next(), settings: settings, start: SimulatedTopology.start)
        cluster.chances = chances
        if options.isTraced { cluster.trace = ["seed \(options.seed): \(chances)"] }
        for topic in SimulatedTopology.topics(of: plan) { try cluster.createTopic(topic) }
        for number in 0..<(2 + random.below(2)) {
            machines.append(SimulatedMachine("m\(number)", seed: random.next(), isStatic: random.below(3) > 0))
        }
        cluster.runOthers = { [unowned self] process, until in runOthers(process, until) }
        cluster.commitCheck = { [unowned self] in checkCommit($0) }
    }

    /// Nil: all is as it should be. Otherwise what is not.
    func run() throws -> String? {
        for action in 0..<options.actionCount {
            cluster.advance(by: .milliseconds(Int64(random.below(200))))
            try act()
            if options.losesChangelog, action == options.actionCount / 2 { try loseChangelog() }
            if options.startsOver, action == options.actionCount / 2 { try startOver() }
        }
        calm()
        if let stuck = try drain() { return problem ?? stuck }
        if let fault = try problem ?? difference() { return fault }
        try source.appendClosing(to: cluster)
        if let stuck = try drain() { return problem ?? stuck }
        return try problem ?? difference()
    }

    private var problem: String? { (cluster.violations + errors).first }

    func report(_ fault: String) {
        cluster.note("FAULT: \(fault)")
        errors.append(fault)
    }

    /// Where the partitions of tables that are everywhere end now for readers of committed records.
    func tableEnds() throws -> [TopicPartition: Offset] {
        var ends: [TopicPartition: Offset] = [:]
        for table in plan.tables {
            for number in 0..<SimulatedTopology.partitionCount {
                let partition = TopicPartition(table.topic, PartitionNumber(number))
                ends[partition] = try cluster.offsets(of: partition).lastStable
            }
        }
        return ends
    }

    func note(_ error: any Error, _ where: String) {
        if (error as? EngineError)?.isTransient == true { return }
        // A member that was replaced is what a static member's return makes of its predecessor.
        if (error as? EngineError)?.code.text == "membership.fenced" { return }
        cluster.note("ERROR at \(`where`): \(error)")
        errors.append("\(`where`): \(error)")
    }

    // MARK: Schedule

    private func act() throws {
        for machine in machines where machine.host == nil || machine.host?.process.isDead == true { try restart(machine) }
        if options.hasStandbys, random.below(4) == 0 {
            freeHost()?.follow(PartitionNumber(random.below(SimulatedTopology.partitionCount)))
            return
        }
        if !plan.hops.isEmpty, random.below(12) == 0 {
            freeHost()?.trimHops()
            return
        }
        switch random.below(100) {
        case 0..<25: try source.append(to: cluster, &random)
        case 25..<40: freeHost()?.serve()
        case 40..<95:
            guard let host = freeHost() else { return }
            let numbers = host.numbers
            guard !numbers.isEmpty else { return host.serve() }
            host.step(numbers[random.below(numbers.count)], commits: random.below(4) == 0)
        default: try disturb()
        }
    }

    private func freeHost() -> SimulatedHost? {
        let free = machines.compactMap(\.host).filter { !$0.isBusy && !$0.process.isDead }
        return free.isEmpty ? nil : free[random.below(free.count)]
    }

    private func runOthers(_ process: SimulatedProcess, _ until: EventTime) {
        guard depth < Self.depthMax else { return }
        depth += 1
        defer { depth -= 1 }
        let actions = process.isStandingStill && depth == 1 ? Self.freezeActions : Self.waitActions
        let pace = 2 * (until - cluster.now).microseconds / Int64(actions)
        for _ in 0..<actions where cluster.now < until && !process.isDead {
            cluster.advance(by: TimeSpan(microseconds: Int64(random.below(Int(pace) + 1))))
            for machine in machines { machine.host?.noteUpcoming() }
            do { try act() } catch { errors.append("\(error)") }
        }
    }

    private func restart(_ machine: SimulatedMachine) throws {
        if machine.host != nil {
            // It has just been found dead.
            machine.host = nil
            let isLong = random.below(3) == 0
            machine.upAt = cluster.now + .milliseconds(Int64(random.below(isLong ? 20_000 : 1_000)))
            switch random.below(10) {
            case 0..<3:
                cluster.note("\(machine.name) loses power")
                machine.disk.cutPower()
            case 3:
                cluster.note("\(machine.name) gets an empty disk")
                machine.disk.replace()
            default: break
            }
        }
        guard cluster.now >= machine.upAt, !machine.isStarting else { return }
        machine.isStarting = true
        defer { machine.isStarting = false }
        machine.processCount += 1
        let process = cluster.makeProcess(
            "\(machine.name).\(machine.processCount)", instance: machine.isStatic ? machine.name : nil)
        do { machine.host = try SimulatedHost(machine, process, self) } catch {
            process.crash()
            machine.upAt = cluster.now + .milliseconds(500)
        }
    }

    /// What comes from outside.
    private func disturb() throws {
        switch random.below(10) {
        // Compaction leaves one epoch record, so that no earlier one could be lost.
        case 0, 1: if !options.losesChangelog { cluster.compact() }
        case 2:
            // What retention has taken could not be read again.
            guard !options.startsOver else { return try startOver() }
            let number = random.below(SimulatedTopology.partitionCount), input = SimulatedTopology.input(number)
            if let offset = cluster.groupOffset(of: plan.topology, input) { try cluster.deleteRecords(before: offset, in: input) }
        case 3, 4: if cluster.chances.crash > 0 { machines[random.below(machines.count)].host?.process.crash() }
        case 5:
            guard let host = freeHost() else { return }
            cluster.note("\(host.process.name) leaves")
            host.leave()
        case 6 where depth == 0:
            cluster.note("a quarter of an hour passes")
            cluster.advance(by: .minutes(15))
        case 7 where machines.allSatisfy { $0.host?.process.isDead ?? true }: cluster.expireOffsets(of: plan.topology)
        default: break
        }
    }

    /// All processes are stopped, and one is started that starts the topology over; sometimes others come too early.
    private func startOver() throws {
        guard depth == 0 else { return }
        cluster.note("everybody is stopped, to start over")
        for machine in machines {
            machine.host?.process.crash()
            machine.host = nil
            machine.upAt = cluster.now + .milliseconds(Int64(random.below(60_000)))
        }
        // The group has forgotten them, more often than not.
        cluster.advance(by: .seconds(Int64(random.below(20))))
        let machine = machines[random.below(machines.count)]
        machine.startsOver = true
        machine.upAt = cluster.now
    }

    /// All processes end, and one partition of the changelog loses its last epochs.
    private func loseChangelog() throws {
        for machine in machines { machine.host?.process.crash() }
        cluster.chances = .none
        cluster.settle()
        for number in 0..<SimulatedTopology.partitionCount {
            let partition = TopicPartition(.changelog(of: plan.topology), PartitionNumber(number))
            let records = try cluster.committedRecords(of: partition)
            let epochs = (0..<records.count).filter { records[$0].keyLength == 1 }.map { records[$0].offset }
            guard epochs.count > 1 else { continue }
            hasLostChangelog = true
            return try cluster.loseTail(of: partition, from: Offset(epochs[epochs.count - 2] + 1))
        }
    }

    // MARK: Peace

    private func calm() {
        cluster.note("peace")
        cluster.chances = .none
        cluster.settle()
        for machine in machines { machine.upAt = .earliest }
    }

    /// Until nothing is left to do. Returns what does not come to its end.
    private func drain() throws -> String? {
        for round in 0..<2_000 {
            cluster.advance(by: .milliseconds(100))
            for machine in machines where machine.host == nil || machine.host?.process.isDead == true {
                machine.host = nil
                try restart(machine)
            }
            for host in machines.compactMap(\.host) {
                host.serve()
                for number in host.numbers { host.step(number, commits: round % 4 == 3) }
                if !plan.hops.isEmpty, round % 4 == 0 { host.trimHops() }
            }
            if problem != nil { return problem }
            if try isDone() { return nil }
        }
        return "it does not come to rest: " + machines.map { machine in
            "\(machine.name) has \(machine.host?.numbers.map(\.number) ?? [])"
        }.joined(separator: ", ")
    }

    func owner(of number: Int) -> SimulatedHost? {
        let owners = machines.compactMap(\.host).filter { $0.numbers.contains(PartitionNumber(number)) }
        return owners.count == 1 ? owners[0] : nil
    }

    private func isDone() throws -> Bool {
        for number in 0..<SimulatedTopology.partitionCount {
            guard let owner = owner(of: number), try owner.isDone(PartitionNumber(number)) else { return false }
        }
        guard options.hasStandbys else { return true }
        // None is left out because another has not come to its end yet.
        let hasFollowed = machines.compactMap(\.host).flatMap { host in
            (0..<SimulatedTopology.partitionCount).map { host.hasFollowed(PartitionNumber($0)) }
        }
        return hasFollowed.allSatisfy { $0 }
    }
}
