import Base
import Stores

extension LogCase {
    static let topicCases: [LogCase] = [
        LogCase("a topic that was made is listed, and making it again changes nothing") { test in
            try test.makeTopics()
            try test.makeTopics()
            try checkEqual(try test.log.topics().map(\.name.text), ["_pioneer.t.journal", "events"])
            try checkEqual(try test.log.topic(topic("events"))?.partitionCount, 2)
            try checkEqual(try test.log.topic(topic("nowhere")), nil)
        },
        LogCase("a topic of the engine's own takes over a new retention", needs: .changesRetention) { test in
            try test.makeTopics()
            let journal = TopicName.journal(of: "t")
            let bounded = Retention(age: .hours(1), bytesMax: 1_000, isCompacted: true)
            for retention in [bounded, .forever, Retention(age: .hours(2)), Retention(isCompacted: true)] {
                try test.log.createTopic(TopicDescription(name: journal, partitionCount: 2, retention: retention))
                try checkEqual(try test.log.topic(journal)?.retention, retention)
                try checkEqual(try test.log.topics().first { $0.name == journal }?.retention, retention)
            }
        },
        LogCase("another partition count is refused, and so is none") { test in
            try test.makeTopics()
            try checkThrows("log.partition_count") {
                try test.log.createTopic(TopicDescription(name: eventsTopic, partitionCount: 3, retention: .forever))
            }
            try checkThrows("log.partition_count") {
                try test.log.createTopic(TopicDescription(name: topic("none"), partitionCount: 0, retention: .forever))
            }
            try checkEqual(try test.log.topic(eventsTopic)?.partitionCount, 2)
        },
        LogCase("an unknown topic or partition is named in an error") { test in
            try test.makeTopics()
            try checkThrows("log.unknown_topic") { _ = try test.log.range(of: TopicPartition(topic("evnts"), PartitionNumber(0))) }
            try checkThrows("log.unknown_partition") { _ = try test.log.range(of: TopicPartition(events.topic, PartitionNumber(2))) }
            try checkThrows("log.unknown_partition") {
                _ = try append(test.log, TopicPartition(events.topic, PartitionNumber(7)), buffer("a"))
            }
            try checkThrows("log.unknown_topic") {
                _ = try append(test.log, TopicPartition(topic("nowhere"), PartitionNumber(0)), buffer("a"))
            }
        },
    ]

    static let readCases: [LogCase] = [
        LogCase("an empty partition is at its end at 0, and beyond it further on") { test in
            try test.makeTopics()
            let batch = RecordBatch()
            try checkEqual(try test.log.range(of: events), OffsetRange(first: .zero, end: .zero))
            try checkEqual(try test.log.read(events, from: .zero, recordsMax: 9, bytesMax: 99, into: batch), .atEnd(reached: .zero))
            try checkEqual(
                try test.log.read(events, from: Offset(1), recordsMax: 9, bytesMax: 99, into: batch), .beyondEnd(end: .zero))
        },
        LogCase("records come back in order with offset, timestamp, key, value and headers") { test in
            try test.makeTopics()
            let headers = ByteArena()
            RecordHeaders.append("why", "because", to: headers)
            RecordHeaders.append("why", "", to: headers)
            let written = RecordBuffer()
            Array("k".utf8).withUnsafeBufferPointer { key in
                written.append(timestamp: 11_000, key: key, value: nil, headers: headers.bytes)
                written.append(timestamp: 12_000, key: nil, value: key)
                let empty = UnsafeBufferPointer(rebasing: key[0..<0])
                written.append(timestamp: 13_000, key: empty, value: empty)
            }
            _ = try test.appended(buffer("a"))
            let base = try test.appended(written)
            let batch = RecordBatch(capacity: 1)
            try checkEqual(try test.log.read(events, from: base, recordsMax: 9, bytesMax: 9_999, into: batch), .records(next: base + 3))
            try checkEqual((0..<batch.count).map { batch[$0].offset }, [base.number, base.number + 1, base.number + 2])
            try checkEqual((0..<batch.count).map { batch[$0].timestamp }, [11_000, 12_000, 13_000])
            try checkEqual((0..<batch.count).map { text(batch[$0].keyBytes) }, ["k", nil, ""])
            try checkEqual((0..<batch.count).map { text(batch[$0].valueBytes) }, [nil, "k", ""])
            try checkEqual(batch[0].headerBytes.flatMap(RecordHeaders.decode)?.map(\.value), ["because", ""])
            try check(batch[1].headers == nil, "a record without headers has none")
        },
        LogCase("timestamps are kept to the microsecond", needs: .microseconds) { test in
            try test.makeTopics()
            _ = try test.appended(buffer("a", "b", timestamp: 1_999))
            let batch = RecordBatch()
            _ = try test.log.read(events, from: .zero, recordsMax: 9, bytesMax: 99, into: batch)
            try checkEqual((0..<batch.count).map { batch[$0].timestamp }, [1_999, 2_000])
        },
        LogCase("offsets number the records", needs: .denseOffsets) { test in
            try test.makeTopics()
            for step in 0..<4 { try checkEqual(try test.appended(buffer("a", "b", "c")), Offset(Int64(step) * 3)) }
            try checkEqual(try test.records().map(offset), Array(0..<12))
            try checkEqual(try test.log.range(of: events).end, Offset(12))
        },
        LogCase("a read starts anywhere and keeps to recordsMax, over the borders of appends") { test in
            try test.makeTopics()
            for step in 0..<6 { _ = try test.appended(buffer((0...step).map { (nil, "\(step).\($0)") })) }
            let all = try test.records()
            try checkEqual(all.map(value), (0..<6).flatMap { step in (0...step).map { "\(step).\($0)" } })
            for recordsMax in [1, 2, 7, 20, 21] { try checkEqual(try test.records(recordsMax: recordsMax), all) }
            let end = try test.log.range(of: events).end
            for start in 0...end.number {
                try checkEqual(try readAll(test.log, events, from: start), all.filter { offset($0) >= start })
            }
            for start in [1, 5, 11, end.number - 1] {
                try checkEqual(try test.records(from: start), all.filter { offset($0) >= start })
            }
        },
        LogCase("a read takes no further chunk once bytesMax is reached, but always a record") { test in
            try test.makeTopics()
            for _ in 0..<5 { _ = try test.appended(buffer(String(repeating: "x", count: 500))) }
            let batch = RecordBatch()
            _ = try test.log.read(events, from: .zero, recordsMax: 100, bytesMax: 1, into: batch)
            try checkEqual(batch.count, 1)
            _ = try test.log.read(events, from: .zero, recordsMax: 100, bytesMax: 1_000, into: batch)
            try checkEqual(batch.count, 2)
        },
        LogCase("a batch keeps its records while another is read, and when they are gone from the log") { test in
            try test.makeTopics()
            _ = try test.appended(buffer("first", "second"))
            let one = RecordBatch(), two = RecordBatch()
            _ = try test.log.read(events, from: .zero, recordsMax: 9, bytesMax: 9_999, into: one)
            let end = try test.log.range(of: events).end
            try test.expire(.latest, events)
            try test.log.deleteRecords(before: end, in: events)
            for _ in 0..<20 { _ = try test.appended(buffer(String(repeating: "y", count: 3_000))) }
            _ = try test.records(from: end.number)
            _ = try test.log.read(events, from: end, recordsMax: 9, bytesMax: 9_999, into: two)
            try checkEqual(values(one), ["first", "second"])
        },
        LogCase("appending wakes those who wait, and waiting ends with its time") { test in
            try test.makeTopics()
            let seen = test.log.appendCount
            test.log.waitForAppend(since: seen, timeout: .milliseconds(5))
            try checkEqual(test.log.appendCount, seen)
            _ = try test.appended(buffer("a"))
            try check(test.log.appendCount > seen, "appendCount grows")
            test.log.waitForAppend(since: seen, timeout: .hours(1))
        },
    ]
}
