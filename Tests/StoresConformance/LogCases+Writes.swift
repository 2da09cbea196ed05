import Base
import Stores

extension LogCase {
    static let retentionCases: [LogCase] = [
        LogCase("records that retention has passed are expired, and the end stays where it was", needs: [.expiring, .denseOffsets]) { test in
            try test.makeTopics()
            for time in 0..<4 { _ = try test.appended(buffer("a", "b", timestamp: Int64(time) * 100)) }
            try test.expire(EventTime(microseconds: 150), events)
            let batch = RecordBatch()
            try checkEqual(try test.log.range(of: events), OffsetRange(first: Offset(4), end: Offset(8)))
            try checkEqual(
                try test.log.read(events, from: Offset(3), recordsMax: 9, bytesMax: 9_999, into: batch), .expired(first: Offset(4)))
            try checkEqual(batch.count, 0)
            try checkEqual(try readAll(test.log, events, from: 4).count, 4)
            try test.expire(.latest, events)
            try checkEqual(try test.log.range(of: events), OffsetRange(first: Offset(8), end: Offset(8)))
            try checkEqual(
                try test.log.read(events, from: Offset(8), recordsMax: 9, bytesMax: 9, into: batch), .atEnd(reached: Offset(8)))
            try checkEqual(try test.appended(buffer("c")), Offset(8))
            try checkEqual(try readAll(test.log, events, from: 8), ["8:c"])
        },
        LogCase("records given up by offset may go, those behind it stay") { test in
            try test.makeTopics()
            for step in 0..<4 { _ = try test.appended(buffer("a\(step)", "b\(step)")) }
            let all = try test.records(), third = Offset(offset(all[4]))
            let end = try test.log.range(of: events).end
            try test.log.deleteRecords(before: third, in: events)
            let range = try test.log.range(of: events)
            try check(range.first <= third, "nothing at or behind the offset is gone")
            try checkEqual(range.end, end)
            try checkEqual(try test.records(from: third.number), Array(all[4...]))
            if range.first > .zero {
                try checkEqual(
                    try test.log.read(events, from: .zero, recordsMax: 9, bytesMax: 99, into: RecordBatch()), .expired(first: range.first))
            }
            try checkThrows("log.unknown_partition") {
                try test.log.deleteRecords(before: .zero, in: TopicPartition(events.topic, PartitionNumber(99)))
            }
        },
        LogCase("records given up are gone at once, the other partition's stay, and appends go on behind", needs: .promptDeletes) { test in
            try test.makeTopics()
            for step in 0..<3 { _ = try test.appended(buffer("a\(step)", "b\(step)")) }
            _ = try test.appended(buffer("other"), to: otherEvents)
            let all = try test.records(), last = Offset(offset(all[5]))
            let following = try test.log.reader(), batch = RecordBatch()
            try test.log.deleteRecords(before: last, in: events)
            try checkEqual(try test.log.range(of: events).first, last)
            // Given up before already: nothing happens.
            try test.log.deleteRecords(before: .zero, in: events)
            try checkEqual(try test.log.range(of: events).first, last)
            var outcome = try following.read(events, from: .zero, recordsMax: 9, bytesMax: 99, into: batch)
            for _ in 0..<500 where outcome == .atEnd(reached: .zero) {
                following.waitForAppend(since: following.appendCount, timeout: .milliseconds(10))
                outcome = try following.read(events, from: .zero, recordsMax: 9, bytesMax: 99, into: batch)
            }
            try checkEqual(outcome, .expired(first: last))
            let end = try test.log.range(of: events).end
            try test.log.deleteRecords(before: end, in: events)
            try checkEqual(try test.log.range(of: events), OffsetRange(first: end, end: end))
            try check(try test.appended(buffer("next")) >= end, "offsets go on")
            try checkEqual(try test.records(from: end.number).map(value), ["next"])
            try checkEqual(try test.records(otherEvents).map(value), ["other"])
        },
    ]

    static let appendCases: [LogCase] = [
        LogCase("an append to several partitions is there as a whole, or not at all") { test in
            try test.makeTopics()
            let both = AppendRequest(
                topic: events.topic, producer: nil,
                records: [(PartitionNumber(0), buffer("a")), (PartitionNumber(1), buffer("b", "c")), (PartitionNumber(0), buffer("d"))])
            try checkEqual(try test.log.append(both), .appended([PartitionNumber(0): .zero, PartitionNumber(1): .zero]))
            try checkEqual(try test.records(), ["0:a", "1:d"])
            try checkEqual(try test.records(otherEvents), ["0:b", "1:c"])
            let half = AppendRequest(
                topic: events.topic, producer: nil, records: [(PartitionNumber(0), buffer("e")), (PartitionNumber(9), buffer("f"))])
            try checkThrows("log.unknown_partition") { _ = try test.log.append(half) }
            try checkEqual(try test.records().count, 2)
        },
        LogCase("empty buffers are passed over") { test in
            try test.makeTopics()
            try checkEqual(try append(test.log, events, buffer([])), .appended([:]))
            try checkEqual(try test.log.range(of: events).end, .zero)
        },
        LogCase("a producer's repeated append appends nothing, a skipped one neither") { test in
            try test.makeTopics()
            func send(_ sequence: Int64, _ value: String) throws -> AppendOutcome {
                try append(test.log, events, buffer(value), producer: .init(id: "p", sequence: sequence))
            }
            try checkEqual(try test.log.lastSequence(of: "p", topic: events.topic), nil)
            try checkEqual(try send(40, "a"), .appended([PartitionNumber(0): .zero]))
            try checkEqual(try send(40, "a"), .duplicate(lastSequence: 40))
            guard case .appended(let bases) = try send(41, "b"), let second = bases[PartitionNumber(0)] else {
                throw ConformanceFailure(description: "41 follows 40")
            }
            try checkEqual(try send(40, "a"), .duplicate(lastSequence: 41))
            try checkEqual(try send(43, "d"), .outOfSequence(expected: 42))
            try checkEqual(try test.log.lastSequence(of: "p", topic: events.topic), 41)
            try checkEqual(try test.log.lastSequence(of: "q", topic: events.topic), nil)
            try checkEqual(try test.records(), ["0:a", "\(second):b"])
        },
        LogCase("a large append is cut into pieces and reads back whole") { test in
            try test.makeTopics()
            let count = 20_000
            let digits = String(repeating: "0123456789", count: 10)
            _ = try test.appended(buffer("before"))
            let base = try test.appended(buffer((0..<count).map { (key: "k\($0)", value: "\($0) \(digits)") }))
            let all = try readAll(test.log, events, from: base.number, recordsMax: 777)
            try checkEqual(all.count, count)
            for index in 0..<count { try checkEqual(all[index], "\(base + index):\(index) \(digits)") }
        },
    ]
}
