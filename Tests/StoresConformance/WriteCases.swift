import Base
import Stores

extension ConformanceCase {
    static let appendCases: [ConformanceCase] = [
        ConformanceCase("an append to several partitions is there as a whole, or not at all") { test in
            try test.makeTopics()
            let both = AppendRequest(
                topic: events.topic, producer: nil,
                records: [(PartitionNumber(0), buffer("a")), (PartitionNumber(1), buffer("b", "c")), (PartitionNumber(0), buffer("d"))])
            try checkEqual(
                try test.store.append(both), .appended([PartitionNumber(0): .zero, PartitionNumber(1): .zero]))
            try checkEqual(try readAll(test.store, events), ["0:a", "1:d"])
            try checkEqual(try readAll(test.store, otherEvents), ["0:b", "1:c"])
            let half = AppendRequest(
                topic: events.topic, producer: nil, records: [(PartitionNumber(0), buffer("e")), (PartitionNumber(9), buffer("f"))])
            try checkThrows("log.unknown_partition") { _ = try test.store.append(half) }
            try checkEqual(try readAll(test.store, events).count, 2)
        },
        ConformanceCase("empty buffers are passed over") { test in
            try test.makeTopics()
            try checkEqual(try append(test.store, events, buffer([])), .appended([:]))
            try checkEqual(try test.store.range(of: events).end, .zero)
        },
        ConformanceCase("a producer's repeated append appends nothing, a skipped one neither") { test in
            try test.makeTopics()
            func send(_ sequence: Int64, _ value: String) throws -> AppendOutcome {
                try append(test.store, events, buffer(value), producer: .init(id: "p", sequence: sequence))
            }
            try checkEqual(try test.store.lastSequence(of: "p", topic: events.topic), nil)
            try checkEqual(try send(40, "a"), .appended([PartitionNumber(0): .zero]))
            try checkEqual(try send(40, "a"), .duplicate(lastSequence: 40))
            try checkEqual(try send(41, "b"), .appended([PartitionNumber(0): Offset(1)]))
            try checkEqual(try send(40, "a"), .duplicate(lastSequence: 41))
            try checkEqual(try send(43, "d"), .outOfSequence(expected: 42))
            try checkEqual(try test.store.lastSequence(of: "p", topic: events.topic), 41)
            try checkEqual(try test.store.lastSequence(of: "q", topic: events.topic), nil)
            try checkEqual(try readAll(test.store, events), ["0:a", "1:b"])
        },
        ConformanceCase("a large append is cut into pieces and reads back whole") { test in
            try test.makeTopics()
            let count = 20_000
            let value = String(repeating: "0123456789", count: 10)
            _ = try append(test.store, events, buffer("before"))
            _ = try append(test.store, events, buffer((0..<count).map { (key: "k\($0)", value: "\($0) \(value)") }))
            let all = try readAll(test.store, events, from: 1, recordsMax: 777)
            try checkEqual(all.count, count)
            for index in 0..<count { try checkEqual(all[index], "\(index + 1):\(index) \(value)") }
        },
    ]

    static let commitCases: [ConformanceCase] = [
        ConformanceCase("a commit makes outputs, state, record and journal visible together") { test in
            try test.makeTopics()
            try checkEqual(try test.store.lastEpoch(of: task), nil)
            let write = epochWrite(
                1, outputs: [(events, buffer("a")), (otherEvents, buffer("b")), (events, buffer("c"))],
                state: [("x", "1"), ("y", "2"), ("x", "3"), ("y", nil)])
            try checkEqual(try test.store.commit(write), .committed)
            try checkEqual(try readAll(test.store, events), ["0:a", "1:c"])
            try checkEqual(try readAll(test.store, otherEvents), ["0:b"])
            try checkEqual(try stateValues(test.store, ["x", "y"]), ["3", nil])
            try checkEqual(try test.store.lastEpoch(of: task), record(1))
            let batch = RecordBatch()
            let journal = TopicPartition(.journal(of: "t"), PartitionNumber(0))
            _ = try test.store.read(journal, from: .zero, recordsMax: 9, bytesMax: 9_999, into: batch)
            try checkEqual(batch.count, 1)
            try checkEqual(batch[0].valueBytes.flatMap { EpochRecord(decoding: UnsafeRawBufferPointer($0)) }, record(1))
        },
        ConformanceCase("a repeated commit commits once") { test in
            try test.makeTopics()
            for _ in 0..<3 {
                try checkEqual(try test.store.commit(epochWrite(1, outputs: [(events, buffer("a"))], state: [("x", "1")])), .committed)
            }
            try checkEqual(try readAll(test.store, events), ["0:a"])
            try checkEqual(try test.store.range(of: TopicPartition(.journal(of: "t"), PartitionNumber(0))).end, Offset(1))
        },
        ConformanceCase("an epoch that does not follow the last one is fenced and leaves nothing") { test in
            try test.makeTopics()
            try checkEqual(try test.store.commit(epochWrite(2, outputs: [(events, buffer("a"))])), .fenced)
            try checkEqual(try test.store.commit(epochWrite(1, state: [("x", "1")])), .committed)
            try checkEqual(try test.store.commit(epochWrite(2, state: [("x", "2")])), .committed)
            for number in [UInt64(0), 1, 4, 9] {
                let write = epochWrite(number, outputs: [(events, buffer("z"))], state: [("x", "9")])
                try checkEqual(try test.store.commit(write), .fenced)
            }
            // The same number with another content is somebody else's epoch.
            try checkEqual(try test.store.commit(epochWrite(2, version: "v2", state: [("x", "9")])), .fenced)
            try checkEqual(try stateValues(test.store, ["x"]), ["2"])
            try checkEqual(try test.store.range(of: events).end, .zero)
            try checkEqual(try test.store.lastEpoch(of: task), record(2))
        },
        ConformanceCase("tasks count their epochs apart") { test in
            try test.makeTopics()
            let other = TaskID(topology: "t", partition: PartitionNumber(1))
            try checkEqual(try test.store.commit(epochWrite(1)), .committed)
            try checkEqual(try test.store.commit(epochWrite(2)), .committed)
            try checkEqual(try test.store.commit(epochWrite(1, task: other)), .committed)
            try checkEqual(try test.store.lastEpoch(of: other)?.epoch, Epoch(1))
            try checkEqual(try test.store.lastEpoch(of: task)?.epoch, Epoch(2))
        },
        ConformanceCase("a commit to an unknown topic throws and leaves nothing") { test in
            try test.makeTopics()
            let nowhere = TopicPartition(topic("nowhere"), PartitionNumber(0))
            try checkThrows("log.unknown_topic") {
                _ = try test.store.commit(epochWrite(1, outputs: [(events, buffer("a")), (nowhere, buffer("b"))], state: [("x", "1")]))
            }
            try checkEqual(try readAll(test.store, events), [])
            try checkEqual(try stateValues(test.store, ["x"]), [nil])
            try checkEqual(try test.store.lastEpoch(of: task), nil)
        },
    ]
}
