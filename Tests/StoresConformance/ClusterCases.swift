import Base
import Stores

extension ClusterCase {
    /// A process that has all tasks, and a transaction of task 0.
    private static func owner(
        _ test: ClusterUnderTest
    ) throws -> (process: ClusterUnderTest.Process, member: ClusterMember, transactions: any TaskTransactions) {
        let process = try test.process()
        let member = try test.soleMember(process)
        return (process, member, try test.transactions(process, member))
    }

    static let transactionCases: [ClusterCase] = [
        ClusterCase("what a transaction sent is read once it commits, in order, in all its partitions") { test in
            let (process, member, transactions) = try owner(test)
            try transactions.begin()
            try settled { () throws(TransactionFault) in
                try transactions.send(buffer([("a", "1"), ("b", nil)]), to: test.output())
            }
            try settled { () throws(TransactionFault) in try transactions.send(buffer([("c", "3")]), to: test.output(1)) }
            try settled { () throws(TransactionFault) in try transactions.send(buffer([(nil, "4")]), to: test.output()) }
            try settled { () throws(TransactionFault) in try transactions.commit() }
            try test.expect(process, test.output(), ["a=1", "b=-", "-=4"])
            try test.expect(process, test.output(1), ["c=3"])
            transactions.close()
            member.close()
        },
        ClusterCase("nothing of an open transaction is read") { test in
            let (process, member, transactions) = try owner(test)
            _ = try append(process.appender, test.output(), buffer([("x", "before")]))
            try transactions.begin()
            try settled { () throws(TransactionFault) in try transactions.send(buffer([("a", "1")]), to: test.output()) }
            _ = try append(process.appender, test.output(), buffer([("x", "after")]))
            try check(!(try test.committed(process, test.output()).contains("a=1")), "the record is not read before the commit")
            try settled { () throws(TransactionFault) in try transactions.commit() }
            try test.eventually("all three records are read") { try test.committed(process, test.output()).count == 3 }
            transactions.close()
            member.close()
        },
        ClusterCase("an open transaction's records lie before the uncommitted end and hold readers back", needs: .promptRecords) { test in
            let (process, member, transactions) = try owner(test)
            try transactions.begin()
            try settled { () throws(TransactionFault) in try transactions.send(buffer([("a", "1")]), to: test.output()) }
            try test.eventually("the record is in the log") { try process.cluster.uncommittedEnd(of: test.output()) == Offset(1) }
            _ = try append(process.appender, test.output(), buffer([("x", "after")]))
            let reader = try process.log.reader(), batch = RecordBatch()
            try checkEqual(try reader.range(of: test.output()).end, .zero)
            let outcome = try reader.read(test.output(), from: .zero, recordsMax: 9, bytesMax: 9_999, into: batch)
            try checkEqual(outcome, .atEnd(reached: .zero))
            try settled { () throws(TransactionFault) in try transactions.commit() }
            try test.expect(process, test.output(), ["a=1", "x=after"])
            transactions.close()
            member.close()
        },
        ClusterCase("nothing of an aborted transaction is ever read, and the next one commits") { test in
            let (process, member, transactions) = try owner(test)
            for (value, commits) in [("1", false), ("2", true), ("3", false), ("4", true)] {
                try transactions.begin()
                try settled { () throws(TransactionFault) in try transactions.send(buffer([("a", value)]), to: test.output()) }
                try settled { () throws(TransactionFault) in
                    if commits { try transactions.commit() } else { try transactions.abort() }
                }
            }
            try test.expect(process, test.output(), ["a=2", "a=4"])
            transactions.close()
            member.close()
        },
        ClusterCase("who reads on behind an aborted transaction gets what is committed next", needs: [.readsOn, .promptRecords]) { test in
            let (process, member, transactions) = try owner(test)
            let reader = try process.log.reader(), batch = RecordBatch()
            var next = Offset.zero, found: [String] = []
            for round in 0..<3 {
                for commits in [false, true] {
                    try transactions.begin()
                    try settled { () throws(TransactionFault) in
                        try transactions.send(buffer([("a", "\(round) \(commits)")]), to: test.output())
                    }
                    try test.eventually("the record is in the log") { try process.cluster.uncommittedEnd(of: test.output()) > next }
                    try settled { () throws(TransactionFault) in
                        if commits { try transactions.commit() } else { try transactions.abort() }
                    }
                    try test.eventually("the reader stands behind the marker of \(round) \(commits)") {
                        switch try reader.read(test.output(), from: next, recordsMax: 9, bytesMax: 999, into: batch) {
                        case .records(let after):
                            found += values(batch)
                            next = after
                        case .atEnd(let reached): next = reached
                        case let other: throw ConformanceFailure(description: "the reader met \(other)")
                        }
                        return next.number >= Int64(round * 4 + (commits ? 4 : 2))
                    }
                }
            }
            try checkEqual(found, (0..<3).map { "\($0) true" })
            transactions.close()
            member.close()
        },
        ClusterCase("transactions of several tasks go on beside each other, in one partition too") { test in
            let (process, member, first) = try owner(test)
            let second = try test.transactions(process, member, task: 1)
            try first.begin()
            try second.begin()
            try settled { () throws(TransactionFault) in try first.send(buffer([("a", "first")]), to: test.output()) }
            try settled { () throws(TransactionFault) in try second.send(buffer([("a", "second")]), to: test.output()) }
            try settled { () throws(TransactionFault) in try second.commit() }
            try settled { () throws(TransactionFault) in try first.abort() }
            try test.expect(process, test.output(), ["a=second"])
            first.close()
            second.close()
            member.close()
        },
        ClusterCase("fencing ends what earlier owners have open, and they never commit again") { test in
            let (process, member, zombie) = try owner(test)
            try zombie.begin()
            try settled { () throws(TransactionFault) in try zombie.send(buffer([("a", "zombie")]), to: test.output()) }
            try settled { () throws(TransactionFault) in try zombie.send(offsets: [test.input(): Offset(9)]) }
            let other = try test.process()
            let owner = try other.cluster.transactions(of: test.task(0), member.membership)
            try settled { () throws(TransactionFault) in try owner.fence() }
            try owner.begin()
            try settled { () throws(TransactionFault) in try owner.send(buffer([("a", "owner")]), to: test.output()) }
            try settled { () throws(TransactionFault) in try owner.commit() }
            let kind = faultKind { () throws(TransactionFault) in try zombie.commit() }
            try check(kind == .fenced || kind == .fatal, "the zombie's commit is refused, and not \(kind as Any)")
            try test.expect(process, test.output(), ["a=owner"])
            try test.eventually("the zombie's offsets are dropped") {
                try stableOffsets(test, process).isEmpty
            }
            zombie.close()
            owner.close()
            member.close()
        },
        ClusterCase("a fenced owner cannot begin anew") { test in
            let (process, member, zombie) = try owner(test)
            let successor = try test.transactions(process, member)
            let kind = faultKind { () throws(TransactionFault) in
                try zombie.begin()
                try zombie.send(buffer([("a", "zombie")]), to: test.output())
                try zombie.commit()
            }
            try check(kind == .fenced || kind == .fatal || kind == .mustAbort, "the zombie is refused, and not \(kind as Any)")
            try successor.begin()
            try settled { () throws(TransactionFault) in try successor.send(buffer([("a", "owner")]), to: test.output()) }
            try settled { () throws(TransactionFault) in try successor.commit() }
            try test.expect(process, test.output(), ["a=owner"])
            zombie.close()
            successor.close()
            member.close()
        },
        ClusterCase("a record that the log never takes is named, and the next transaction commits without it") { test in
            let (process, member, transactions) = try owner(test)
            guard process.log.recordBytesMax < 16 << 20 else { return }
            let large = String(repeating: "x", count: process.log.recordBytesMax + 1_000)
            try transactions.begin()
            let kind = faultKind { () throws(TransactionFault) in
                try transactions.send(buffer([("a", "1")]), to: test.output())
                try transactions.send(buffer([("b", "2"), ("c", large)]), to: test.output())
                try transactions.commit()
            }
            guard case .refused(let records)? = kind else {
                throw ConformanceFailure(description: "the record was to be refused, but: \(kind as Any)")
            }
            try checkEqual(records.map(\.partition), [test.output()])
            try checkEqual(records.map(\.index), [2])
            try settled { () throws(TransactionFault) in try transactions.abort() }
            try transactions.begin()
            try settled { () throws(TransactionFault) in try transactions.send(buffer([("a", "1"), ("b", "2")]), to: test.output()) }
            try settled { () throws(TransactionFault) in try transactions.commit() }
            try test.expect(process, test.output(), ["a=1", "b=2"])
            transactions.close()
            member.close()
        },
        ClusterCase("the last offset of a commit, where the log tells it, is that of the last record") { test in
            let (process, member, transactions) = try owner(test)
            for round in 0..<3 {
                try transactions.begin()
                try settled { () throws(TransactionFault) in
                    try transactions.send(buffer([("a", "1"), ("b", "last of \(round)")]), to: test.changelog())
                }
                try settled { () throws(TransactionFault) in try transactions.commit() }
                guard let last = transactions.lastOffset(in: test.changelog()) else { continue }
                let reader = try process.log.reader(), batch = RecordBatch()
                try test.eventually("the record at \(last) is read") {
                    guard case .records = try reader.read(test.changelog(), from: last, recordsMax: 1, bytesMax: 99, into: batch)
                    else { return false }
                    return true
                }
                try checkEqual(values(batch), ["last of \(round)"])
                try checkEqual(batch[0].offset, last.number)
            }
            transactions.close()
            member.close()
        },
    ]

    static let offsetCases: [ClusterCase] = [
        ClusterCase("the group stands at what a transaction's offsets say once it commits, and nowhere before") { test in
            let (process, member, transactions) = try owner(test)
            try checkEqual(try stableOffsets(test, process), [:])
            for (offset, commits) in [(Int64(3), false), (5, true), (7, false), (8, true)] {
                try transactions.begin()
                try settled { () throws(TransactionFault) in try transactions.send(buffer([("a", "1")]), to: test.changelog()) }
                try settled { () throws(TransactionFault) in try transactions.send(offsets: [test.input(): Offset(offset)]) }
                try settled { () throws(TransactionFault) in
                    if commits { try transactions.commit() } else { try transactions.abort() }
                }
                let expected = [3: nil, 5: Offset(5), 7: Offset(5), 8: Offset(8)][offset] ?? nil
                try test.eventually("the group stands at \(expected as Any)") { try stableOffsets(test, process)[test.input()] == expected }
            }
            transactions.close()
            member.close()
        },
        ClusterCase("a transaction of offsets alone commits, and so does an empty one") { test in
            let (process, member, transactions) = try owner(test)
            try transactions.begin()
            try settled { () throws(TransactionFault) in try transactions.send(offsets: [test.input(): Offset(1)]) }
            try settled { () throws(TransactionFault) in try transactions.commit() }
            try transactions.begin()
            try settled { () throws(TransactionFault) in try transactions.commit() }
            try test.eventually("the group stands at 1") { try stableOffsets(test, process) == [test.input(): Offset(1)] }
            transactions.close()
            member.close()
        },
        ClusterCase("offsets that the owner sends and aborts change nothing, and who was fenced is told so") { test in
            let (process, member, owner) = try owner(test)
            for (offset, commits) in [(Int64(3), true), (9, false)] {
                try owner.begin()
                try settled { () throws(TransactionFault) in try owner.send(offsets: [test.input(): Offset(offset)]) }
                try settled { () throws(TransactionFault) in
                    if commits { try owner.commit() } else { try owner.abort() }
                }
            }
            try test.eventually("the group stands at 3") { try stableOffsets(test, process)[test.input()] == Offset(3) }
            let successor = try test.transactions(process, member)
            let kind = faultKind { () throws(TransactionFault) in
                try owner.begin()
                try owner.send(offsets: [test.input(): Offset(9)])
            }
            try check(kind == .fenced || kind == .fatal, "the former owner is told that it is none, and not \(kind as Any)")
            try successor.begin()
            try settled { () throws(TransactionFault) in try successor.send(offsets: [test.input(): Offset(4)]) }
            try settled { () throws(TransactionFault) in try successor.commit() }
            try test.eventually("the group stands at 4") { try stableOffsets(test, process)[test.input()] == Offset(4) }
            for transactions in [owner, successor] { transactions.close() }
            member.close()
        },
        ClusterCase("only the offsets that were asked for are told, each task's apart") { test in
            let (process, member, first) = try owner(test)
            let second = try test.transactions(process, member, task: 1)
            for (number, transactions) in [(0, first), (1, second)] {
                try transactions.begin()
                try settled { () throws(TransactionFault) in
                    try transactions.send(offsets: [test.input(number): Offset(Int64(number + 1))])
                }
                try settled { () throws(TransactionFault) in try transactions.commit() }
            }
            try test.eventually("task 1 stands at 2") {
                try stableOffsets(test, process, [test.input(1), test.input(2)]) == [test.input(1): Offset(2)]
            }
            first.close()
            second.close()
            member.close()
        },
        ClusterCase("offsets that an open transaction holds are unstable until it ends", needs: .unstableOffsets) { test in
            let (process, member, transactions) = try owner(test)
            try transactions.begin()
            try settled { () throws(TransactionFault) in try transactions.send(offsets: [test.input(): Offset(4)]) }
            try checkThrows("log.offsets_unstable") { _ = try process.cluster.committedOffsets(of: test.topology, [test.input()]) }
            try settled { () throws(TransactionFault) in try transactions.commit() }
            try test.eventually("the group stands at 4") { try stableOffsets(test, process) == [test.input(): Offset(4)] }
            transactions.close()
            member.close()
        },
        ClusterCase("who has left the group commits no offsets") { test in
            let (process, member, transactions) = try owner(test)
            let other = try test.join(try test.process())
            try test.serve(member, other) { member.tasks.count == 2 && other.tasks.count == 2 }
            let stale = try process.cluster.transactions(of: test.task(0), member.membership)
            try settled { () throws(TransactionFault) in try stale.fence() }
            member.close()
            try test.serve(other) { other.tasks.count == ClusterUnderTest.taskCount }
            try stale.begin()
            try checkEqual(faultKind { () throws(TransactionFault) in try stale.send(offsets: [test.input(): Offset(6)]) }, .fenced)
            try test.eventually("the group has no offsets") { try stableOffsets(test, process).isEmpty }
            stale.close()
            transactions.close()
            other.close()
        },
        ClusterCase("who stood still while the group moved on commits no offsets", needs: .checksGeneration) { test in
            let (process, member, transactions) = try owner(test)
            try transactions.begin()
            // The group waits for this one, gives it up, and moves on; it has not heard of that.
            let other = try test.join(try test.process())
            try test.serve(other) { other.tasks.count == ClusterUnderTest.taskCount }
            try checkEqual(member.tasks.count, ClusterUnderTest.taskCount)
            try checkEqual(
                faultKind { () throws(TransactionFault) in try transactions.send(offsets: [test.input(): Offset(6)]) }, .fenced)
            try test.eventually("the group has no offsets") { try stableOffsets(test, process).isEmpty }
            try test.serve(member) { member.tasks.isEmpty }
            transactions.close()
            member.close()
            other.close()
        },
    ]

    /// The stable offsets of inputs, of task 0's if none are named; an open transaction is waited for.
    private static func stableOffsets(
        _ test: ClusterUnderTest, _ process: ClusterUnderTest.Process, _ inputs: [TopicPartition]? = nil
    ) throws -> [TopicPartition: Offset] {
        var result: [TopicPartition: Offset] = [:]
        try test.eventually("offsets are stable") {
            do {
                result = try process.cluster.committedOffsets(of: test.topology, inputs ?? [test.input()])
                return true
            } catch let error as EngineError where error.isTransient { return false }
        }
        return result
    }
}
