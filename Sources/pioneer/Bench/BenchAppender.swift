import Base
import Dispatch
import Runtime
import Stores

/// Appends on threads of its own, two requests in flight: the next events are made, and the next request is packed,
/// while the disk syncs the last. What two clients do that wait for each answer.
final class BenchAppender: @unchecked Sendable {
    private struct State {
        /// Buffers by partition, ready to be filled.
        var free: [[RecordBuffer]]
        var failure: (any Error)?
    }

    private static let inFlight = 2

    private let engine: Engine
    private let topic: TopicName
    private let queue = DispatchQueue(label: "bench.append", attributes: .concurrent)
    private let state: Monitor<State>
    /// Handed over so far.
    private(set) var appendedCount = 0

    /// - Parameter bytes: what one append holds, about.
    init(_ engine: Engine, topic: TopicName, bytes: Int) {
        self.engine = engine
        self.topic = topic
        let partitionCount = engine.settings.partitionCount
        state = Monitor(
            State(
                free: (0..<Self.inFlight + 1).map { _ in
                    (0..<partitionCount).map { _ in RecordBuffer(capacity: bytes / partitionCount) }
                }))
    }

    /// Waits for free buffers, makes `count` events by `fill`, and starts their append. Throws what one before failed with.
    func append(_ count: Int, fill: (_ buffers: [RecordBuffer], _ timestamp: Int64) -> Void) throws {
        let taken = state.wait { state -> Result<[RecordBuffer], any Error>? in
            if let failure = state.failure { return .failure(failure) }
            return state.free.popLast().map { .success($0) }
        }
        guard let buffers = try taken?.get() else { return }
        for buffer in buffers { buffer.removeAll() }
        fill(buffers, engine.parts.clock.now().microseconds)
        appendedCount += count
        let handed = Handed(buffers: buffers)
        queue.async { [self] in
            let records = handed.buffers.enumerated().map { (partition: PartitionNumber($0), buffer: $1) }
            let result = Result { try engine.parts.log.append(AppendRequest(topic: topic, producer: nil, records: records)) }
            state.withLock { state in
                state.free.append(handed.buffers)
                if case .failure(let error) = result { state.failure = error }
            }
            state.wakeAll()
        }
    }

    /// Waits until nothing is under way.
    func finish() throws {
        let failure = state.wait { $0.free.count == Self.inFlight + 1 ? .some($0.failure) : nil } ?? nil
        if let failure { throw failure }
    }

    /// Buffers on their way to the thread that appends them; whoever made them lets go of them.
    private struct Handed: @unchecked Sendable { let buffers: [RecordBuffer] }
}
