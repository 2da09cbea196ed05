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
    private let isAsking = Atomic<Bool>(false)
    private let thread = DispatchQueue(label: "pioneer.kafka.nudge")

    init(_ handle: KafkaHandle) { self.handle = handle }

    /// False when an earlier nudge is still on its way: it may be for another broker, so the caller comes again.
    func give(_ partition: TopicPartition) -> Bool {
        guard !isAsking.exchange(true, ordering: .acquiringAndReleasing) else { return false }
        thread.async { [self] in
            var low = Int64(0), high = Int64(0)
            // Asking is what matters, whatever comes back.
            _ = rd_kafka_query_watermark_offsets(
                handle.pointer, partition.topic.text, partition.partition.number, &low, &high, Self.timeoutMs)
            isAsking.store(false, ordering: .releasing)
        }
        return true
    }
}
