import Base
import Stores

extension ConformanceCase {
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
