import Base
import OwnThreads
import Planner
import SimulatedCluster
import Testing

/// `PIONEER_SIM_SEEDS=10000 swift test --filter SimulationTests.SimulationTests` tries more seeds than each test run.
private let seedCount = environment("PIONEER_SIM_SEEDS").flatMap { UInt64($0) }
/// `PIONEER_SIM_SEED=4711` tries that one alone, and prints what happened.
private let onlySeed = environment("PIONEER_SIM_SEED").flatMap { UInt64($0) }

@Suite(.ownThreadsInTurn) struct SimulationTests {
    /// One kind of run, and how many seeds of it each test run tries.
    struct Kind: CustomTestStringConvertible, Sendable {
        var shape: SimulatedTopology.Shape
        var hasStandbys: Bool
        var seeds: UInt64
        var testDescription: String { shape.rawValue + (hasStandbys ? " with standbys" : "") }
    }

    private static let kinds = [
        Kind(shape: .local, hasStandbys: false, seeds: 80), Kind(shape: .local, hasStandbys: true, seeds: 40),
        Kind(shape: .hops, hasStandbys: false, seeds: 30), Kind(shape: .hops, hasStandbys: true, seeds: 20),
    ]

    @Test(arguments: kinds)
    func `whatever befalls processes, disks and log, the outcome is that of an uninterrupted run`(kind: Kind) throws {
        let plan = try SimulatedTopology.plan(kind.shape)
        if let onlySeed { return try show(plan, kind, onlySeed) }
        for seed in 0..<(seedCount ?? kind.seeds) {
            guard let fault = try Simulation(plan, .init(seed: seed, hasStandbys: kind.hasStandbys)).run() else { continue }
            let again = "PIONEER_SIM_SEED=\(seed) swift test --filter SimulationTests.SimulationTests"
            Issue.record("\(kind.testDescription), seed \(seed): \(fault)\nIts trace: \(again)")
            return
        }
    }

    /// Every call of the commit, of the restore and of the disk, and every place in it.
    private static let calls: [SeamCall] = [
        .join, .fence, .committedOffsets, .uncommittedEnd, .range, .read, .begin, .sendRecords, .sendOffsets, .commit, .abort,
        .adopt, .apply, .dropPosition, .dropRest, .readState, .deleteRecords,
    ]

    @Test(arguments: calls)
    func `a process that crashes or stands still in any call changes nothing of the outcome`(call: SeamCall) throws {
        let plan = try SimulatedTopology.plan(call == .deleteRecords ? .hops : .local)
        var seed = UInt64(0)
        for mishap in [Mishap.crashBefore, .crashMidway, .crashAfter, .freezeBefore, .freezeAfter] {
            var hasHappened = false
            // Not every run has as many calls of the kind, aborts above all.
            for _ in 0..<20 where !hasHappened {
                let simulation = try Simulation(plan, .init(seed: seed))
                simulation.cluster.ordered = (call, mishap, Int(seed % 5))
                let fault = try simulation.run()
                #expect(fault == nil, "seed \(seed) with \(call) \(mishap)")
                hasHappened = simulation.cluster.ordered == nil
                seed += 1
            }
            #expect(hasHappened, "no \(call) met \(mishap)")
        }
    }

    @Test(arguments: kinds)
    func `a topology that is started over, whatever befalls it then, ends as if it had just begun`(kind: Kind) throws {
        let plan = try SimulatedTopology.plan(kind.shape), seeds = seedCount ?? kind.seeds / 3
        var startOverCount = 0
        for seed in 0..<seeds {
            let simulation = try Simulation(plan, .init(seed: seed, hasStandbys: kind.hasStandbys, startsOver: true))
            let fault = try simulation.run()
            #expect(fault == nil, "seed \(seed)")
            startOverCount += simulation.startOverCount
        }
        #expect(startOverCount > 0)
    }

    /// In the order in which they are made.
    private static let callsOfStartingOver: [(call: SeamCall, count: Int)] = [
        (.fence, 3), (.uncommittedEnd, 12), (.range, 3), (.begin, 1), (.sendRecords, 9), (.sendOffsets, 1), (.commit, 1),
        (.deleteRecords, 12),
    ]

    @Test func `starting over may crash or stand still in any of its calls`() throws {
        let plan = try SimulatedTopology.plan()
        var seed = UInt64(0)
        for (call, count) in Self.callsOfStartingOver {
            for mishap in [Mishap.crashBefore, .crashMidway, .crashAfter, .freezeBefore, .freezeAfter] {
                var hasHappened = false
                for _ in 0..<20 where !hasHappened {
                    let simulation = try Simulation(plan, .init(seed: seed, startsOver: true, actionCount: 100))
                    simulation.orderedWhenStartingOver = (call, mishap, Int(seed) % count)
                    let fault = try simulation.run()
                    #expect(fault == nil, "seed \(seed) with \(call) \(mishap)")
                    hasHappened = simulation.orderedWhenStartingOver == nil && simulation.cluster.ordered == nil
                    seed += 1
                }
                #expect(hasHappened, "no \(call) met \(mishap)")
            }
        }
    }

    @Test func `the same seed gives the same run`() throws {
        let plan = try SimulatedTopology.plan(.hops)
        for seed in 1...3 as ClosedRange<UInt64> {
            let traces = try (0..<2).map { _ in
                let simulation = try Simulation(plan, .init(seed: seed, isTraced: true, hasStandbys: true))
                _ = try simulation.run()
                return simulation.cluster.trace
            }
            #expect(traces[0] == traces[1])
        }
    }

    private func show(_ plan: Plan, _ kind: Kind, _ seed: UInt64) throws {
        let simulation = try Simulation(plan, .init(seed: seed, isTraced: true, hasStandbys: kind.hasStandbys))
        let fault = try simulation.run()
        for line in simulation.cluster.trace ?? [] { print("\(kind.testDescription): \(line)") }
        if let fault { Issue.record("\(kind.testDescription), seed \(seed): \(fault)") }
    }
}
