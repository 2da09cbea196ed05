import Base
import Planner
import SimulatedCluster
import Testing

/// How many seeds each test run tries; `PIONEER_SIM_SEEDS=10000 swift test --filter SimulationTests.SimulationTests` tries more.
private let seedCount = environment("PIONEER_SIM_SEEDS").flatMap { UInt64($0) } ?? 120
/// `PIONEER_SIM_SEED=4711` tries that one alone, and prints what happened.
private let onlySeed = environment("PIONEER_SIM_SEED").flatMap { UInt64($0) }

@Suite struct SimulationTests {
    @Test func `whatever befalls processes, disks and log, the outcome is that of an uninterrupted run`() throws {
        let plan = try SimulatedTopology.plan()
        if let onlySeed { return try show(plan, onlySeed) }
        for seed in 0..<seedCount {
            guard let fault = try Simulation(plan, .init(seed: seed)).run() else { continue }
            let again = "PIONEER_SIM_SEED=\(seed) swift test --filter SimulationTests.SimulationTests"
            Issue.record("seed \(seed): \(fault)\nIts trace: \(again)")
            return
        }
    }

    /// Every call of the commit, of the restore and of the disk, and every place in it.
    private static let calls: [SeamCall] = [
        .join, .fence, .committedOffsets, .uncommittedEnd, .range, .read, .begin, .sendRecords, .sendOffsets, .commit, .abort,
        .adopt, .apply, .dropPosition, .dropRest, .readState,
    ]

    @Test(arguments: calls)
    func `a process that crashes or stands still in any call changes nothing of the outcome`(call: SeamCall) throws {
        let plan = try SimulatedTopology.plan()
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

    @Test func `the same seed gives the same run`() throws {
        let plan = try SimulatedTopology.plan()
        for seed in 1...3 as ClosedRange<UInt64> {
            let traces = try (0..<2).map { _ in
                let simulation = try Simulation(plan, .init(seed: seed, isTraced: true))
                _ = try simulation.run()
                return simulation.cluster.trace
            }
            #expect(traces[0] == traces[1])
        }
    }

    private func show(_ plan: Plan, _ seed: UInt64) throws {
        let simulation = try Simulation(plan, .init(seed: seed, isTraced: true))
        let fault = try simulation.run()
        for line in simulation.cluster.trace ?? [] { print(line) }
        if let fault { Issue.record("seed \(seed): \(fault)") }
    }
}
