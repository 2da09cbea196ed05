import Base
import Stores
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

extension ConformanceCase {
    static let stateCases: [ConformanceCase] = [
        ConformanceCase("multiGet answers every key in order, missing and empty ones apart") { test in
            try test.makeTopics()
            _ = try test.store.commit(epochWrite(1, state: [("a", "1"), ("b", ""), ("d", "4")]))
            try checkEqual(try stateValues(test.store, ["d", "c", "b", "a", "d", ""]), ["4", nil, "", "1", "4", nil])
            try checkEqual(try stateValues(test.store, []), [])
            let many = (0..<5_000).map { "key\($0)" }
            _ = try test.store.commit(epochWrite(2, state: many.map { ($0, "of \($0)") }))
            try checkEqual(try stateValues(test.store, many), many.map { "of \($0)" })
        },
        ConformanceCase("a scan goes through a prefix in the order of the keys' bytes and stops when told") { test in
            try test.makeTopics()
            let keys = ["p", "pa", "pb", "p\u{7F}", "o", "q", "pab"]
            _ = try test.store.commit(epochWrite(1, state: keys.map { ($0, "1") }))
            _ = try test.store.commit(epochWrite(2, state: [("pc", "2"), ("pa", nil), ("pb", "2")]))
            try checkEqual(try scanned(test.store, prefix: "p", from: "p"), ["p=1", "pab=1", "pb=2", "pc=2", "p\u{7F}=1"])
            try checkEqual(try scanned(test.store, prefix: "p", from: ""), ["p=1", "pab=1", "pb=2", "pc=2", "p\u{7F}=1"])
            try checkEqual(try scanned(test.store, prefix: "p", from: "pb"), ["pb=2", "pc=2", "p\u{7F}=1"])
            try checkEqual(try scanned(test.store, prefix: "p", from: "pb", max: 1), ["pb=2"])
            try checkEqual(try scanned(test.store, prefix: "p", from: "q"), [])
            try checkEqual(try scanned(test.store, prefix: "x", from: "x"), [])
        },
        ConformanceCase("an error out of a scan's body comes through") { test in
            try test.makeTopics()
            _ = try test.store.commit(epochWrite(1, state: [("a", "1")]))
            var wasThrown = false
            do {
                try bytes("a") { a in try test.store.scan(prefix: a, from: a) { _, _ in throw ConformanceFailure(description: "mine") } }
            } catch is ConformanceFailure { wasThrown = true }
            try check(wasThrown, "the body's error is rethrown")
        },
    ]

    static let concurrencyCases: [ConformanceCase] = [
        ConformanceCase("while threads append and commit, readers see no gap and nothing twice") { test in
            try test.makeTopics()
            let writers = 3, rounds = 60
            let failures = Mutex<[String]>([])
            let done = Atomic<Int>(0)
            onThreads(count: writers + 3) { thread in
                do {
                    if thread < writers {
                        defer { done.wrappingAdd(1, ordering: .releasing) }
                        for round in 0..<rounds {
                            let records = buffer((0..<(round % 7 + 1)).map { (key: "\(thread)", value: "\(round).\($0)") })
                            _ = try append(test.store, events, records, producer: .init(id: "p\(thread)", sequence: Int64(round)))
                        }
                    } else if thread == writers {
                        defer { done.wrappingAdd(1, ordering: .releasing) }
                        for epoch in 1...UInt64(rounds) {
                            let records = buffer([(key: "task", value: "\(epoch).0")])
                            let outcome = try test.store.commit(epochWrite(epoch, outputs: [(events, records)]))
                            try checkEqual(outcome, .committed)
                        }
                    } else {
                        try follow(test.store, recordsMax: thread == writers + 1 ? 3 : 1_000) {
                            done.load(ordering: .acquiring) == writers + 1
                        }
                    }
                } catch { failures.withLock { $0.append("\(error)") } }
            }
            try checkEqual(failures.withLock { $0 }, [])
            let perWriter = (0..<rounds).reduce(0) { $0 + $1 % 7 + 1 }
            try checkEqual(try test.store.range(of: events).end, Offset(Int64(writers * perWriter + rounds)))
        }
    ]
}

/// Reads on until the writers are done and the end is reached. Offsets are without gaps; of each key, rounds and the
/// records in them come in order, so nothing is there in part, twice, or before its turn.
private func follow(_ log: any EventLog, recordsMax: Int, _ areWritersDone: () -> Bool) throws {
    let batch = RecordBatch()
    var offset = Offset.zero
    var last: [String: (Int, Int)] = [:]
    while true {
        let wereDone = areWritersDone()
        let seen = log.appendCount
        switch try log.read(events, from: offset, recordsMax: recordsMax, bytesMax: 1 << 16, into: batch) {
        case .records(let next):
            for index in 0..<batch.count {
                try checkEqual(batch[index].offset, offset.number + Int64(index))
                let key = text(batch[index].keyBytes) ?? ""
                let numbers = (text(batch[index].valueBytes) ?? "").split(separator: ".").compactMap { Int($0) }
                let before = last[key] ?? (-1, 0)
                try check((numbers[0], numbers[1]) > before, "\(key): \(numbers) comes after \(before)")
                last[key] = (numbers[0], numbers[1])
            }
            try checkEqual(next, offset + batch.count)
            offset = next
        case .atEnd:
            if wereDone { return }
            log.waitForAppend(since: seen, timeout: .milliseconds(20))
        case let other: throw ConformanceFailure(description: "a follower met \(other)")
        }
    }
}

/// Runs `body` on threads of its own, for calls that block, and waits for all.
public func onThreads(count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Work {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }
    var threads: [pthread_t] = []
    for index in 0..<count {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work { body(index) })
        let status = pthread_create(&thread, nil, { argument in
            if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
            return nil
        }, work.toOpaque())
        precondition(status == 0, "a thread starts")
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}
