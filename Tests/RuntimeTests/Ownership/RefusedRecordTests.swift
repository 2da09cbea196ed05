import Base
@testable import Runtime
import Stores
import Testing

@Suite struct RefusedRecordTests {
    private let letters = TopicPartition(.deadLetters(of: "t"), PartitionNumber(0))

    @Test func `rows that the log refuses become dead letters, and the rest of the epoch commits once`() throws {
        let bench = try LedgerBench()
        bench.cluster.valueBytesMax = [ledgerRows.topic: 10]
        let ledger = try bench.restored()
        let large = String(repeating: "x", count: 11), larger = String(repeating: "y", count: 2_000_000)
        var write = bench.write(1, rows: ["a", large, "b", larger])
        write.outputs.append(bench.write(1, rows: ["c", large, "d"]).outputs[0])
        #expect(try ledger.commit(write) == .committed)
        #expect(try bench.texts(ledgerRows) == ["a", "b", "c", "d"])
        let dead = try bench.records(letters)
        #expect(dead.map { $0.value?.count } == [11, Limits.deadLetterBytesMax, 11])
        #expect(dead.map { $0.headers["full_length"] } == [nil, "2000000", nil])
        for letter in dead {
            #expect(letter.headers["code"] == "output.refused" && letter.headers["message"] == "it is too large")
            #expect(letter.headers["topic"] == "rows" && letter.headers["partition"] == "0")
        }
        #expect(bench.cluster.calls.count { $0 == .abort } == 1)
        #expect(try bench.local.lastEpoch(of: ledgerTask) == epochRecord(1))
        #expect(try bench.state() == LedgerBench.state(1))
    }

    @Test func `records larger than the log takes are left out before anything is sent`() throws {
        let bench = try LedgerBench()
        var write = bench.write(1, rows: ["abc", "abcdefgh", "d"])
        write.outputs.append(bench.write(1, rows: ["abcdefghi"]).outputs[0])
        let outputs = RefusedOutputs(write, recordBytesMax: 7)
        let sends = outputs.sends()
        #expect(sends.map(\.partition) == [ledgerRows, letters])
        #expect(sends.map(\.buffer.count) == [2, 2])
        #expect(RefusedOutputs(write, recordBytesMax: 9).sends().map(\.buffer.count) == [3, 1])
    }

    @Test func `a dead letter that is refused is made smaller`() throws {
        let bench = try LedgerBench()
        bench.cluster.valueBytesMax = [ledgerRows.topic: 10, letters.topic: 5_000]
        let ledger = try bench.restored()
        #expect(try ledger.commit(bench.write(1, rows: ["a", String(repeating: "x", count: 8_000), "b"])) == .committed)
        #expect(try bench.texts(ledgerRows) == ["a", "b"])
        #expect(try bench.records(letters).map { $0.value?.count } == [Limits.deadLetterBytesMin])
    }

    @Test func `a task's own dead letter that is refused keeps what it says`() throws {
        let bench = try LedgerBench()
        bench.cluster.valueBytesMax = [letters.topic: 5_000]
        let ledger = try bench.restored()
        let writer = DeadLetterWriter()
        writer.begin(ErrorCode("decode.syntax"), "no JSON", operatorName: "readings")
        let value = ledgerBytes(String(repeating: "z", count: 9_000))
        writer.append(timestamp: 1, key: value, value: value)
        value.deallocate()
        var write = bench.write(1)
        write.outputs.append((letters, writer.buffer))
        #expect(try ledger.commit(write) == .committed)
        let dead = try bench.records(letters)
        #expect(dead.map { $0.value?.count } == [Limits.deadLetterBytesMin])
        #expect(dead[0].headers["code"] == "decode.syntax" && dead[0].headers["operator"] == "readings")
        #expect(dead[0].headers["full_length"] == "9000")
    }

    @Test(arguments: [TopicName.changelog(of: "t"), .journal(of: "t")])
    func `what an epoch cannot do without makes the commit throw, and is never sent again by itself`(_ topic: TopicName) throws {
        let bench = try LedgerBench()
        bench.cluster.valueBytesMax = [topic: 3]
        let ledger = try bench.restored()
        #expect(thrownCode { _ = try ledger.commit(bench.write(1)) } == "task.record_refused")
        #expect(bench.cluster.calls.suffix(2) == [.commit, .abort])
        try bench.expect(epochs: 0)
        // Once somebody has raised the limit.
        bench.cluster.valueBytesMax = [:]
        #expect(try ledger.commit(bench.write(1)) == .committed)
        try bench.expect(epochs: 1)
    }
}
