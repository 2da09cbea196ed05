import Foundation
import Synchronization

/// Work that blocks, on a thread of its own from the moment it is made: those that tests share are as few as cores.
final class BlockingTask: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<Void, any Error>>(.success(()))

    init(_ body: @escaping @Sendable () throws -> Void) {
        Thread.detachNewThread { [self] in
            let result = Result { try body() }
            self.result.withLock { $0 = result }
            done.signal()
        }
    }

    /// Blocks until it has ended; throws what it threw. To be called once.
    func wait() throws {
        done.wait()
        try result.withLock { $0 }.get()
    }

    static func atOnce(_ count: Int, _ body: @escaping @Sendable () throws -> Void) throws {
        let tasks = (0..<count).map { _ in BlockingTask(body) }
        for task in tasks { try task.wait() }
    }
}
