import Base
import SimulatedCluster
import Stores
import StoresConformance
import Testing

@Suite struct SimulatedDiskTests {
    @Test(arguments: LocalStateCase.all)
    func `keeps the contract of a local state`(_ contract: LocalStateCase) throws {
        let cluster = SimulatedCluster(seed: 1), disk = SimulatedDisk(seed: 1)
        var test = LocalStateUnderTest(disk.open(by: cluster.makeProcess("first"))) { disk.open(by: cluster.makeProcess("next")) }
        try contract.run(&test)
    }

    @Test func `a power cut leaves a prefix of the calls, each as a whole`() throws {
        let key = StateScope.taskPrefix(task) + [1], other = StateScope.taskPrefix(task) + [2]
        var lengths: Set<Int> = []
        for seed in 0..<50 as Range<UInt64> {
            let cluster = SimulatedCluster(seed: seed), disk = SimulatedDisk(seed: seed)
            let local = disk.open(by: cluster.makeProcess("process"))
            for epoch in 1...5 as ClosedRange<UInt64> {
                var changes = StateChanges()
                for key in [key, other] {
                    key.withUnsafeBytes { key in [UInt8(epoch)].withUnsafeBytes { changes.put(key: key, value: $0) } }
                }
                let position = LocalPosition(changelog: Offset(Int64(epoch)), appliedAt: .earliest, epoch: record(epoch))
                try local.apply(changes, of: task, position: position)
            }
            disk.cutPower()
            let left = try disk.open(by: cluster.makeProcess("next")).lastEpoch(of: task)?.epoch.number ?? 0
            let expected = left == 0 ? [] : [[UInt8(left)], [UInt8(left)]]
            #expect(disk.entries(of: task).map(\.value) == expected)
            lengths.insert(Int(left))
        }
        #expect(lengths.count > 3, "different seeds leave different prefixes")
    }
}
