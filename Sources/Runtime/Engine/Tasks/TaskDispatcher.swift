import Base
import Stores
import Synchronization

/// Gives tasks to workers, and has workers let go of them: the way from the groups' threads to the workers'.
final class TaskDispatcher: Sendable {
    private let workers: [Worker]
    /// Which worker has a task, by its number.
    private let places = Mutex<[TaskID: Int]>([:])

    init(_ workers: [Worker]) { self.workers = workers }

    /// Gives each task to the worker that has the fewest, unless one has it.
    func assign(_ tasks: [TaskID], footing: @escaping @Sendable (TaskID) throws -> any TaskFooting) {
        for task in tasks {
            let worker = places.withLock { places -> Int? in
                guard places[task] == nil else { return nil }
                let loads = workers.indices.map { number in places.values.count { $0 == number } }
                let least = loads.indices.min { loads[$0] < loads[$1] } ?? 0
                places[task] = least
                return least
            }
            if let worker { workers[worker].mailbox.post(.assign(task, footing: { try footing(task) })) }
        }
    }

    /// Takes tasks back: `.revoked` commits what is open, `.lost` drops it. Returns when the workers are done with them, or
    /// after `Limits.withdrawalMax`; false then: a commit hangs, and will be fenced if it comes to it.
    func withdraw(_ tasks: [TaskID], because happening: TaskLife.Happening) -> Bool {
        let receipt = Receipt()
        for task in tasks {
            guard let worker = places.withLock({ $0.removeValue(forKey: task) }) else { continue }
            receipt.expectOne()
            workers[worker].mailbox.post(.withdraw(task, because: happening, receipt))
        }
        return receipt.wait(timeout: Limits.withdrawalMax)
    }
}

/// Tells who asked that all that was asked for is done.
final class Receipt: Sendable {
    private let open = Monitor(0)

    func expectOne() { open.withLock { $0 += 1 } }

    func give() {
        open.withLock { $0 -= 1 }
        open.wakeAll()
    }

    /// False: the time was over first.
    func wait(timeout: TimeSpan) -> Bool { open.wait(timeout: timeout) { $0 == 0 ? true : nil } ?? false }
}

/// What a worker is asked to do between steps.
enum TaskCommand: Sendable {
    case assign(TaskID, footing: @Sendable () throws -> any TaskFooting)
    /// `.revoked` or `.lost`.
    case withdraw(TaskID, because: TaskLife.Happening, Receipt)
}

/// Commands for a worker, in order.
final class Mailbox: Sendable {
    private struct State {
        var commands: [TaskCommand] = []
        var isClosed = false
    }

    private let state = Monitor(State())

    func post(_ command: TaskCommand) {
        let isTaken = state.withLock { state in
            if !state.isClosed { state.commands.append(command) }
            return !state.isClosed
        }
        if !isTaken { Self.decline(command) }
    }

    func take() -> [TaskCommand] {
        state.withLock { state in
            guard !state.commands.isEmpty else { return [] }
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// The worker has let go of all its tasks and takes no more: what is asked for of them is done already.
    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
        for command in left { Self.decline(command) }
    }

    private static func decline(_ command: TaskCommand) {
        if case .withdraw(_, _, let receipt) = command { receipt.give() }
    }
}
