import Base
import CRdKafka
import Dispatch
import Stores
import Synchronization

/// Keeps the fetching of a consumer going.
///
/// librdkafka before 2.2 stops fetching a partition whose queue is full, and looks at it again only when something else wakes
/// the thread of its broker, or after a second. A question about the partition's end, which is asked of that broker, wakes it.
/// The question's answer comes after the fetches under way, so it is waited for by a thread of its own: a task that waited
/// itself stood still for a third of its time. From 2.2 on `fetch.queue.backoff.ms` does without.
final class FetchNudge: Sendable {
    /// How long one nudge waits for its answer before the next may follow.
    private static let timeoutMs: Int32 = 100

    private let handle: KafkaHandle
    private let state = Mutex(State())
    private let thread = DispatchQueue(label: "pioneer.kafka.nudge")

    private struct State {
        var waiting: [TopicPartition] = []
        var isAsking = false
    }

    init(_ handle: KafkaHandle) { self.handle = handle }

    /// Returns at once. One that still waits for its turn serves for both; one under way may have been too early.
    func give(_ partition: TopicPartition) {
        let isIdle = state.withLock { state in
            if !state.waiting.contains(partition) { state.waiting.append(partition) }
            defer { state.isAsking = true }
            return !state.isAsking
        }
        if isIdle { thread.async { [self] in askAll() } }
    }

    private func askAll() {
        while let partition = next() {
            var low = Int64(0), high = Int64(0)
            // Asking is what matters, whatever comes back.
            _ = rd_kafka_query_watermark_offsets(
                handle.pointer, partition.topic.text, partition.partition.number, &low, &high, Self.timeoutMs)
        }
    }

    private func next() -> TopicPartition? {
        state.withLock { state in
            state.isAsking = !state.waiting.isEmpty
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
        }
    }
}
