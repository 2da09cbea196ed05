import Base
import Stores

/// Has one thread at a time write for all that wait, so that they share one sync.
///
/// 1. A thread that wants to write puts its request in the queue.
/// 2. If nobody is writing, it becomes the writer: it takes the requests at the head of the queue, writes them as one
///    batch, marks them done, and wakes the others.
/// 3. Else it waits until its request is done, or until it can be the writer.
///
/// Only the writer gives out offsets and moves ends, and a group is one atomic write. So offsets become visible without
/// gaps, after they are durable; and a write that fails leaves none behind: all of its requests fail and the next
/// group starts from the same ends.
final class GroupWriter: Sendable {
    /// A group ends with the request that brings it to this many bytes: what one write holds in memory beside them.
    static let groupBytesMax = 4 << 20

    /// A request; the thread that submitted it and the writer use it in turn.
    final class Ticket: @unchecked Sendable {
        enum Request {
            case append(AppendTicket)
            case commit(CommitTicket)
        }

        let request: Request
        let byteCount: Int
        /// Set by the writer.
        var failure: EngineError?
        fileprivate var isDone = false

        init(_ request: Request, byteCount: Int) {
            self.request = request
            self.byteCount = byteCount
        }
    }

    private struct State {
        var queue: [Ticket] = []
        var isWriting = false
        var isClosed = false
    }

    private enum Role {
        case done
        case closed
        case writer([Ticket])
    }

    private let state = Monitor(State())

    /// Returns when the request was written by a group, with its outcome inside. False when the writer is closed.
    func submit(_ ticket: Ticket, write: ([Ticket]) -> Void) -> Bool {
        state.withLock { if !$0.isClosed { $0.queue.append(ticket) } }
        while true {
            let role = state.wait { state -> Role? in
                if ticket.isDone { return .done }
                if state.isWriting { return nil }
                if state.isClosed { return .closed }
                state.isWriting = true
                return .writer(Self.takeGroup(&state.queue))
            }
            switch role {
            case .done: return true
            case .closed, nil: return false
            case .writer(let group):
                write(group)
                state.withLock { state in
                    for ticket in group { ticket.isDone = true }
                    state.isWriting = false
                }
                state.wakeAll()
            }
        }
    }

    /// Runs `body` while nobody writes. Throws `store.closed`.
    func exclusively<R>(_ body: () throws(EngineError) -> R) throws(EngineError) -> R {
        let mayWrite = state.wait { state -> Bool? in
            if state.isWriting { return nil }
            if state.isClosed { return false }
            state.isWriting = true
            return true
        }
        guard mayWrite == true else { throw LogErrors.closed() }
        defer {
            state.withLock { $0.isWriting = false }
            state.wakeAll()
        }
        return try body()
    }

    /// Waits for the writer to finish; requests still queued fail.
    func close() {
        _ = state.wait { state -> Void? in
            if state.isWriting { return nil }
            state.isClosed = true
            state.queue.removeAll()
            return ()
        }
        state.wakeAll()
    }

    private static func takeGroup(_ queue: inout [Ticket]) -> [Ticket] {
        var bytes = 0
        var count = 0
        while count < queue.count, bytes < groupBytesMax {
            bytes += queue[count].byteCount
            count += 1
        }
        defer { queue.removeFirst(count) }
        return Array(queue[..<count])
    }
}
