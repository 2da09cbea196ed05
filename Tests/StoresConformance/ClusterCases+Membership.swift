import Base
import Stores

extension ClusterCase {
    static let membershipCases: [ClusterCase] = [
        ClusterCase("a member alone has all tasks, told once") { test in
            let member = try test.soleMember(try test.process())
            for _ in 0..<3 { try member.serve() }
            try checkEqual(member.changes.count, 1)
            try checkEqual(member.tasks, Set((0..<ClusterUnderTest.taskCount).map { PartitionNumber($0) }))
            member.close()
        },
        ClusterCase("two members share the tasks in ranges, and whoever had one gave it up before") { test in
            let first = try test.soleMember(try test.process())
            let second = try test.join(try test.process())
            try test.serve(first, second) {
                // No task is ever two members' at once.
                first.tasks.isDisjoint(with: second.tasks) && first.tasks.count == 2 && second.tasks.count == 2
            }
            for member in [first, second] {
                let numbers = member.tasks.map(\.number).sorted()
                try check(numbers == [0, 1] || numbers == [2, 3], "\(numbers) is a range")
            }
            try check(
                first.changes.contains { if case .revoked = $0 { true } else { false } }, "the first was told of what it had to give up")
            try check(
                !(first.changes + second.changes).contains { if case .lost = $0 { true } else { false } }, "nothing was lost on the way")
            first.close()
            second.close()
        },
        ClusterCase("who leaves is told what it gives up, and the others get it", needs: .leaving) { test in
            let first = try test.soleMember(try test.process())
            let second = try test.join(try test.process())
            try test.serve(first, second) { first.tasks.count == 2 && second.tasks.count == 2 }
            first.close()
            try checkEqual(first.tasks, [])
            try test.serve(second) { second.tasks.count == ClusterUnderTest.taskCount }
            second.close()
        },
        ClusterCase("a static member that comes back has its tasks again, and the others notice nothing", needs: .staticReturn) { test in
            let first = try test.join(try test.process("a"))
            let second = try test.join(try test.process("b"))
            try test.serve(first, second) { first.tasks.count == 2 && second.tasks.count == 2 }
            let before = (first.tasks, second.changes.count)
            first.close()
            let returned = try test.join(try test.process("a"))
            try test.serve(returned, second) { returned.tasks.count == 2 }
            try checkEqual(returned.tasks, before.0)
            try checkEqual(second.changes.count, before.1)
            returned.close()
            second.close()
        },
        ClusterCase("more members than tasks leave some without any") { test in
            let members = try (0...ClusterUnderTest.taskCount).map { _ in try test.join(try test.process()) }
            try test.eventually("four have a task and one has none") {
                for member in members { try member.serve() }
                return members.map(\.tasks.count).sorted() == [0, 1, 1, 1, 1]
            }
            for member in members { member.close() }
        },
    ]
}
