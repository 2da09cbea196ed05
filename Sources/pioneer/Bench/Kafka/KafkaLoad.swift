import Base
import Dispatch
import KafkaLog
import Stores

/// Events on their way into the source's topic.
struct KafkaLoad {
    private static let appendEvents = 20_000

    let log: KafkaLog
    let topic: TopicName
    let partitions: Int

    /// Sends `count` events, some thousands in a transaction.
    func fill(_ generator: inout EventGenerator, count: Int, progress: (Int) -> Void) throws {
        var sent = 0
        while sent < count {
            try Task.checkCancellation()
            let next = min(Self.appendEvents, count - sent)
            try send(&generator, next)
            sent += next
            progress(sent)
        }
    }

    fileprivate func send(_ generator: inout EventGenerator, _ count: Int) throws {
        let buffers = (0..<partitions).map { _ in RecordBuffer(capacity: count * 200 / partitions) }
        generator.append(count, to: buffers, timestamp: SystemClock().now().microseconds)
        let records = buffers.enumerated().map { (partition: PartitionNumber($0), buffer: $1) }
        _ = try log.append(AppendRequest(topic: topic, producer: nil, records: records))
    }
}

/// Events sent at a rate by a thread of its own, and a note of how far event time had come by when.
final class SteadyLoad: @unchecked Sendable {
    private struct State {
        /// Ascending in both: event time, and the monotonic nanoseconds just before the first event from it on was sent.
        var steps: [(time: EventTime, nanoseconds: UInt64)] = []
        var isStopping = false
        var hasEnded = false
        var failure: (any Error)?
    }

    private static let appendsPerSecond = 20

    private let load: KafkaLoad
    private let rate: Int
    /// The sending thread's.
    private var generator: EventGenerator
    private let state = Monitor(State())

    init(_ load: KafkaLoad, _ generator: EventGenerator, rate: Int) {
        self.load = load
        self.generator = generator
        self.rate = rate
    }

    func start() {
        DispatchQueue.global().async { [self] in
            let result = Result { try send() }
            state.withLock { state in
                state.hasEnded = true
                if case .failure(let error) = result { state.failure = error }
            }
            state.wakeAll()
        }
    }

    /// Returns when nothing is under way; throws what ended the sending before.
    func stop() throws {
        state.withLock { $0.isStopping = true }
        state.wakeAll()
        let failure = state.wait { $0.hasEnded ? .some($0.failure) : nil } ?? nil
        if let failure { throw failure }
    }

    /// When the first event at or after a time was sent; nil: none yet.
    func sent(reaching time: EventTime) -> UInt64? {
        state.withLock { state in
            var low = 0, high = state.steps.count
            while low < high {
                let middle = (low + high) / 2
                if state.steps[middle].time < time { low = middle + 1 } else { high = middle }
            }
            return low < state.steps.count ? state.steps[low].nanoseconds : nil
        }
    }

    private func send() throws {
        let watch = Stopwatch()
        let each = max(1, rate / Self.appendsPerSecond)
        var sent = 0
        while true {
            let ahead = Double(sent) / Double(rate) - watch.elapsedSeconds
            let pause = TimeSpan(microseconds: Int64(max(0, ahead) * 1e6))
            if state.wait(timeout: pause, until: { $0.isStopping ? true : nil }) == true { return }
            let time = generator.time, now = Stopwatch.nanoseconds()
            state.withLock { if $0.steps.last?.time != time { $0.steps.append((time, now)) } }
            try load.send(&generator, each)
            sent += each
        }
    }
}
