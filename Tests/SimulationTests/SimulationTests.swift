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
        var mishaps: [String: Int] = [:]
        for seed in 0..<seedCount {
            let simulation = try Simulation(plan, .init(seed: seed))
            let fault = try simulation.run()
            mishaps.merge(simulation.cluster.mishaps, uniquingKeysWith: +)
            guard let fault else { continue }
            let again = "PIONEER_SIM_SEED=\(seed) swift test --filter SimulationTests.SimulationTests"
            Issue.record("seed \(seed): \(fault)\nIts trace: \(again)")
            return
        }
        // What chance never brings about is not tested, however many seeds pass.
        let calls = ["fence", "begin", "sendRecords", "sendOffsets", "commit", "abort", "apply", "read", "committedOffsets"]
        for call in calls where seedCount >= 100 {
            #expect(mishaps.contains { $0.key.hasPrefix("\(call) crash") }, "no process crashed in \(call)")
            #expect(mishaps.contains { $0.key.hasPrefix("\(call) freeze") }, "no process stood still in \(call)")
        }
        for mishap in ["requestLost", "answerLost", "delay", "mustAbort", "fatal", "crashMidway", "crashAfter"] where seedCount >= 100 {
            #expect(mishaps["commit \(mishap)"] != nil, "no commit met \(mishap)")
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
