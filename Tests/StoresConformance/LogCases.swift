import Base
import Stores

extension ConformanceCase {
    static let logCases: [ConformanceCase] = [
        ConformanceCase("a topic that was made is listed, and making it again changes nothing") { test in
            try test.makeTopics()
            try test.makeTopics()
            try checkEqual(try test.store.topics().map(\.name.text), ["_pioneer.t.journal", "events"])
            try checkEqual(try test.store.topic(topic("events"))?.partitionCount, 2)
            try checkEqual(try test.store.topic(topic("nowhere")), nil)
        },
        ConformanceCase("a topic takes over a new retention and refuses another partition count") { test in
            try test.makeTopics()
            let retention = Retention(age: .hours(1), bytesMax: 1_000, isCompacted: true)
            try test.store.createTopic(TopicDescription(name: events.topic, partitionCount: 2, retention: retention))
            try checkEqual(try test.store.topic(events.topic)?.retention, retention)
            try checkThrows("log.partition_count") {
                try test.store.createTopic(TopicDescription(name: events.topic, partitionCount: 3, retention: .forever))
            }
            try checkThrows("log.partition_count") {
                try test.store.createTopic(TopicDescription(name: topic("none"), partitionCount: 0, retention: .forever))
            }
        },
        ConformanceCase("an unknown topic or partition is named in an error") { test in
            try test.makeTopics()
            try checkThrows("log.unknown_topic") { _ = try test.store.range(of: TopicPartition(topic("evnts"), PartitionNumber(0))) }
            try checkThrows("log.unknown_partition") { _ = try test.store.range(of: TopicPartition(events.topic, PartitionNumber(2))) }
            try checkThrows("log.unknown_partition") {
                _ = try append(test.store, TopicPartition(events.topic, PartitionNumber(7)), buffer("a"))
            }
            try checkThrows("log.unknown_topic") {
                _ = try append(test.store, TopicPartition(topic("nowhere"), PartitionNumber(0)), buffer("a"))
            }
        },
        ConformanceCase("an empty partition is at its end at 0, and beyond it further on") { test in
            try test.makeTopics()
            let batch = RecordBatch()
            try checkEqual(try test.store.range(of: events), OffsetRange(first: .zero, end: .zero))
            try checkEqual(try test.store.read(events, from: .zero, recordsMax: 9, bytesMax: 99, into: batch), .atEnd(reached: .zero))
            try checkEqual(
                try test.store.read(events, from: Offset(1), recordsMax: 9, bytesMax: 99, into: batch), .beyondEnd(end: .zero))
        },
        ConformanceCase("records come back in order with offset, timestamp, key, value and headers") { test in
            try test.makeTopics()
            let headers = ByteArena()
            RecordHeaders.append("why", "because", to: headers)
            let written = RecordBuffer()
            Array("k".utf8).withUnsafeBufferPointer { key in
                written.append(timestamp: 11, key: key, value: nil, headers: headers.bytes)
                written.append(timestamp: 12, key: nil, value: key)
            }
            _ = try append(test.store, events, buffer("a"))
            try checkEqual(try append(test.store, events, written), .appended([PartitionNumber(0): Offset(1)]))
            written.removeAll()
            let batch = RecordBatch(capacity: 1)
            try checkEqual(
                try test.store.read(events, from: Offset(1), recordsMax: 9, bytesMax: 9_999, into: batch), .records(next: Offset(3)))
            try checkEqual(batch.count, 2)
            try checkEqual([batch[0].offset, batch[0].timestamp, batch[1].offset, batch[1].timestamp], [1, 11, 2, 12])
            try checkEqual([text(batch[0].keyBytes), text(batch[0].valueBytes)], ["k", nil])
            try checkEqual([text(batch[1].keyBytes), text(batch[1].valueBytes)], [nil, "k"])
            try checkEqual(batch[0].headerBytes.flatMap(RecordHeaders.decode)?.first?.value, "because")
            try check(batch[1].headers == nil, "a record without headers has none")
        },
        ConformanceCase("a read starts anywhere and keeps to recordsMax, over the borders of appends") { test in
            try test.makeTopics()
            for step in 0..<10 { _ = try append(test.store, events, buffer((0...step).map { (nil, "\(step).\($0)") })) }
            let all = try readAll(test.store, events)
            try checkEqual(all.count, 55)
            try checkEqual(all.last, "54:9.9")
            for recordsMax in [1, 2, 3, 7, 54, 55] {
                try checkEqual(try readAll(test.store, events, recordsMax: recordsMax), all)
            }
            for start in 0...55 { try checkEqual(try readAll(test.store, events, from: Int64(start)), Array(all[start...])) }
        },
        ConformanceCase("a read takes no further chunk once bytesMax is reached, but always a record") { test in
            try test.makeTopics()
            for _ in 0..<5 { _ = try append(test.store, events, buffer(String(repeating: "x", count: 500))) }
            let batch = RecordBatch()
            _ = try test.store.read(events, from: .zero, recordsMax: 100, bytesMax: 1, into: batch)
            try checkEqual(batch.count, 1)
            _ = try test.store.read(events, from: .zero, recordsMax: 100, bytesMax: 1_000, into: batch)
            try checkEqual(batch.count, 2)
        },
        ConformanceCase("a batch keeps its records while another is read") { test in
            try test.makeTopics()
            _ = try append(test.store, events, buffer("first", "second"))
            let one = RecordBatch(), two = RecordBatch()
            _ = try test.store.read(events, from: .zero, recordsMax: 9, bytesMax: 9_999, into: one)
            try test.deleteRecords(.latest, events)
            for _ in 0..<50 { _ = try append(test.store, events, buffer(String(repeating: "y", count: 3_000))) }
            _ = try readAll(test.store, events, from: 2)
            _ = try test.store.read(events, from: Offset(2), recordsMax: 9, bytesMax: 9_999, into: two)
            try checkEqual(values(one), ["first", "second"])
        },
        ConformanceCase("records that retention has passed are expired, and the end stays where it was") { test in
            try test.makeTopics()
            for time in 0..<4 { _ = try append(test.store, events, buffer("a", "b", timestamp: Int64(time) * 100)) }
            try test.deleteRecords(EventTime(microseconds: 150), events)
            let batch = RecordBatch()
            try checkEqual(try test.store.range(of: events), OffsetRange(first: Offset(4), end: Offset(8)))
            try checkEqual(
                try test.store.read(events, from: Offset(3), recordsMax: 9, bytesMax: 9_999, into: batch), .expired(first: Offset(4)))
            try checkEqual(batch.count, 0)
            try checkEqual(try readAll(test.store, events, from: 4).count, 4)
            try test.deleteRecords(.latest, events)
            try checkEqual(try test.store.range(of: events), OffsetRange(first: Offset(8), end: Offset(8)))
            try checkEqual(
                try test.store.read(events, from: Offset(8), recordsMax: 9, bytesMax: 9, into: batch), .atEnd(reached: Offset(8)))
            try checkEqual(try append(test.store, events, buffer("c")), .appended([PartitionNumber(0): Offset(8)]))
            try checkEqual(try readAll(test.store, events, from: 8), ["8:c"])
        },
        ConformanceCase("records given up by offset may go, those behind it stay") { test in
            try test.makeTopics()
            for _ in 0..<4 { _ = try append(test.store, events, buffer("a", "b")) }
            try test.store.deleteRecords(before: Offset(4), in: events)
            try check(try test.store.range(of: events).first <= Offset(4), "nothing at or behind the offset is gone")
            try checkEqual(try readAll(test.store, events, from: 4), ["4:a", "5:b", "6:a", "7:b"])
            try checkThrows("log.unknown_partition") {
                try test.store.deleteRecords(before: .zero, in: TopicPartition(events.topic, PartitionNumber(99)))
            }
        },
        ConformanceCase("appending wakes those who wait, and waiting ends with its time") { test in
            try test.makeTopics()
            let seen = test.store.appendCount
            test.store.waitForAppend(since: seen, timeout: .milliseconds(5))
            try checkEqual(test.store.appendCount, seen)
            _ = try append(test.store, events, buffer("a"))
            try check(test.store.appendCount > seen, "appendCount grows")
            test.store.waitForAppend(since: seen, timeout: .hours(1))
        },
    ]
}
