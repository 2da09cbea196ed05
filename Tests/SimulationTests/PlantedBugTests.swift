import Base
import OwnThreads
import Planner
import SimulatedCluster
import Testing

/// Mistakes planted around the seams: a simulation that finds none of them would prove nothing.
///
/// How many seeds each takes from 0 on is printed by `PIONEER_SIM_SEEDS=1000 swift test --filter PlantedBugTests`.
@Suite(.ownThreadsInTurn) struct PlantedBugTests {
    @Test(arguments: PlantedBug.allCases.filter { $0 != .offsetsNotCompared })
    func `a bug planted in the protocol is found`(bug: PlantedBug) throws {
        let plan = try SimulatedTopology.plan(bug.shape)
        let first = environment("PIONEER_SIM_SEEDS") == nil ? bug.firstSeed : 0
        for seed in first..<first + PlantedBug.seedsMax {
            let options = Simulation.Options(
                seed: seed, bug: bug, hasStandbys: bug.isOfStandbys, startsOver: bug == .restartMarkSkipped)
            guard let fault = try Simulation(plan, options).run() else { continue }
            print("\(bug) was found by seed \(seed), the \(seed - first + 1)th tried, as: \(fault.prefix(120))")
            return
        }
        Issue.record("\(bug) was not found within \(PlantedBug.seedsMax) seeds")
    }

    @Test func `a changelog that has lost committed epochs is refused, and a task that does not compare is found`() throws {
        let plan = try SimulatedTopology.plan()
        var lossCount = 0, foundAt: UInt64?
        for seed in 0..<20 as Range<UInt64> where lossCount < 1 || foundAt == nil {
            let simulation = try Simulation(plan, .init(seed: seed, losesChangelog: true))
            let fault = try simulation.run()
            guard simulation.hasLostChangelog else { continue }
            lossCount += 1
            #expect(fault?.contains("task.offsets_differ") == true, "seed \(seed): \(fault ?? "nothing")")
            let planted = try Simulation(plan, .init(seed: seed, bug: .offsetsNotCompared, losesChangelog: true)).run()
            guard let planted, foundAt == nil else { continue }
            foundAt = seed
            print("\(PlantedBug.offsetsNotCompared) was found by seed \(seed), the \(lossCount)th tried, as: \(planted.prefix(120))")
        }
        #expect(lossCount > 0)
        #expect(foundAt != nil)
    }
}

extension PlantedBug {
    fileprivate static let seedsMax: UInt64 = 1_000

    fileprivate var shape: SimulatedTopology.Shape {
        [.hopTrimmedBeforeCommit, .markBeforeRows, .tableNotAwaited].contains(self) ? .hops : .local
    }
    fileprivate var isOfStandbys: Bool { [.standbyReadsUncommitted, .standbyStepsOn].contains(self) }

    /// Where the tests begin to look: a little before the seed that finds the bug, because the long way there is the same work
    /// each time. When the tasks' calls change, another seed finds it.
    fileprivate var firstSeed: UInt64 {
        switch self {
        case .fencedAfterRestore: 210
        case .placeAtChangelogEnd: 1_798
        case .restartMarkSkipped: 85
        default: 0
        }
    }
}
