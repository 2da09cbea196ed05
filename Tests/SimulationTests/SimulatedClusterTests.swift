import Base
import SimulatedCluster
import Stores
import StoresConformance
import Testing

@Suite struct SimulatedClusterTests {
    @Test(arguments: ClusterCase.all, [UInt64(0), 1, 2])
    func `keeps the contract of a cluster, with late markers and late records too`(_ contract: ClusterCase, seed: UInt64) throws {
        let abilities: ClusterUnderTest.Abilities = seed == 0 ? .all : .all.subtracting(.promptRecords)
        guard abilities.isSuperset(of: contract.needs) else { return }
        let cluster = SimulatedCluster(seed: seed)
        if seed > 0 {
            cluster.chances.lateMarker = 0.5
            cluster.chances.lateRecords = 0.5
        }
        if seed > 1 { cluster.chances.markersFollowFence = true }
        try contract.run(
            ClusterUnderTest(
                topology: "t", abilities: abilities,
                makeProcess: { instance in
                    let process = cluster.makeProcess("process", instance: instance)
                    return .init(cluster: process, log: process, appender: process)
                },
                pass: { cluster.advance(by: $0) }))
    }

    @Test(arguments: LogCase.all(for: [.promptDeletes, .changesRetention]))
    func `keeps the contract of a log`(_ contract: LogCase) throws {
        let cluster = SimulatedCluster(seed: 1)
        try contract.run(LogUnderTest(cluster.makeProcess("process"), [.promptDeletes, .changesRetention]))
    }
}
