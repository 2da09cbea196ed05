import Base
import RocksStore
import Stores
import StoresConformance
import Testing

@Suite struct LocalStateTests {
    @Test(arguments: LocalStateCase.all)
    func `keeps the contract of a local state`(_ contract: LocalStateCase) throws {
        let directory = try TemporaryDirectory(inMemory: true)
        var store = try directory.open("store0")
        var copies = 0
        var test = LocalStateUnderTest(store) {
            // The files as a crash leaves them: closing the store would write what is in memory.
            copies += 1
            try copy("\(directory.path)/store\(copies - 1)", to: "\(directory.path)/store\(copies)")
            store.close()
            store = try directory.open("store\(copies)")
            return store
        }
        try contract.run(&test)
        store.close()
    }

    /// RocksDB's threads may add and remove files meanwhile, which a crash does not wait for either; a copy takes longer than
    /// a crash, so it is of one moment only where they did nothing.
    private func copy(_ from: String, to: String) throws {
        while true {
            let before = TemporaryDirectory.entries(from)
            try TemporaryDirectory.copy(from, to: to)
            if TemporaryDirectory.entries(from) == before { return }
            TemporaryDirectory.remove(to)
        }
    }

    @Test func `an engine's own state is refused as a copy of a shared log, and stays`() throws {
        let directory = try TemporaryDirectory(inMemory: true)
        let store = try directory.open()
        try underTest(store).makeTopics()
        _ = try store.commit(epochWrite(1, state: [("x", "1")]))
        try checkThrows("store.embedded_state") { _ = try store.adopt(LogID("kafka")) }
        #expect(try store.logID() == nil)
        #expect(try stateValues(store, ["x"]) == ["1"])
        #expect(try store.lastEpoch(of: task) == record(1))
        store.close()
    }

    @Test func `forgetting a topology forgets where its copies stand`() throws {
        let directory = try TemporaryDirectory(inMemory: true)
        let store = try directory.open()
        try store.apply(
            StateChanges(), of: task, position: LocalPosition(changelog: Offset(3), appliedAt: EventTime(seconds: 1), epoch: record(1)))
        try store.forget(topology: "t", emptying: [])
        #expect(try store.position(of: task) == nil)
        #expect(try store.localTasks() == [])
        store.close()
    }
}
