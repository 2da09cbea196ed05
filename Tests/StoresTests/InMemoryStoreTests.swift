import Base
import Stores
import StoresConformance
import Testing

@Suite struct InMemoryStoreTests {
    private func make() -> (InMemoryStore, StoreUnderTest) {
        let store = InMemoryStore()
        return (store, StoreUnderTest(store))
    }

    @Test(arguments: LogCase.all(for: LogUnderTest.storeAbilities))
    func `keeps the contract of a log`(_ contract: LogCase) throws {
        let store = InMemoryStore()
        try contract.run(LogUnderTest(store, LogUnderTest.storeAbilities) { try store.deleteRecords(before: $0, in: $1) })
    }

    @Test(arguments: ConformanceCase.all)
    func `keeps the stores' contract`(_ contract: ConformanceCase) throws {
        try contract.run(make().1)
    }

    @Test(arguments: LocalStateCase.all)
    func `keeps the contract of a local state`(_ contract: LocalStateCase) throws {
        let store = InMemoryStore()
        var test = LocalStateUnderTest(store) { store }
        try contract.run(&test)
    }

    @Test func `a commit that fails leaves nothing, and its repeat commits`() throws {
        let (store, test) = make()
        try test.makeTopics()
        store.failNext(.error)
        let write = epochWrite(1, outputs: [(events, buffer("a"))], state: [("x", "1")])
        #expect(throws: EngineError.self) { try store.commit(write) }
        #expect(try store.range(of: events).end == .zero)
        #expect(try store.lastEpoch(of: task) == nil)
        #expect(try store.commit(write) == .committed)
        #expect(try readAll(store, events) == ["0:a"])
    }

    @Test func `a commit whose answer is lost is there once after its repeat`() throws {
        let (store, test) = make()
        try test.makeTopics()
        store.failNext(.errorAfterCommit)
        let write = epochWrite(1, outputs: [(events, buffer("a"))])
        #expect(throws: EngineError.self) { try store.commit(write) }
        #expect(try store.commit(write) == .committed)
        #expect(try readAll(store, events) == ["0:a"])
    }

    @Test func `an aborted epoch leaves nothing and its number is free again`() throws {
        let (store, test) = make()
        try test.makeTopics()
        store.failNext(.abort)
        #expect(try store.commit(epochWrite(1, outputs: [(events, buffer("a"))])) == .aborted)
        #expect(try store.range(of: events).end == .zero)
        #expect(try store.commit(epochWrite(1, outputs: [(events, buffer("b"))])) == .committed)
    }

    @Test func `a fenced task stays fenced`() throws {
        let (store, test) = make()
        try test.makeTopics()
        store.failNext(.fence)
        #expect(try store.commit(epochWrite(1)) == .fenced)
        #expect(try store.commit(epochWrite(1)) == .fenced)
    }

    @Test func `an append whose answer is lost is a duplicate when repeated`() throws {
        let (store, test) = make()
        try test.makeTopics()
        store.failNext(.errorAfterCommit)
        #expect(throws: EngineError.self) { try append(store, events, buffer("a"), producer: .init(id: "p", sequence: 1)) }
        #expect(try append(store, events, buffer("a"), producer: .init(id: "p", sequence: 1)) == .duplicate(lastSequence: 1))
        #expect(try readAll(store, events) == ["0:a"])
    }
}
