import Base
import Columns
import Foundation
import Planner
import Runtime
import Stores

/// The measurements on one core, without a log. Time is the thread's CPU time, so that whatever else runs on the machine
/// counts little; events are made outside of it.
struct BenchPhases {
    let plan: Plan
    let generator: EventGenerator
    /// Chunks of one round: enough that making them does not leave them in the cache.
    private static let roundChunks = 48

    struct Result {
        var bytesPerSecondScan: Double
        var eventsPerSecondDecode: Double
        var eventsPerSecondOperators: Double
        /// JSON bytes of an event, on average.
        var eventBytes: Double
    }

    func run(seconds: Double) throws -> Result {
        let source = plan.sources[0]
        var generator = generator
        let feed = MemoryFeed(TopicPartition(source.topic, PartitionNumber(0)), chunkCount: Self.roundChunks)
        let store = ForgetfulStore()
        let meter = try OperatorMeter(plan, log: feed, store: store, committer: store, batchRecords: 4_096)
        let batch = RecordBatch()
        var scanned = 0.0, decoded = 0.0, processed = 0.0
        var bytes = 0, events = 0, checksum: UInt64 = 0
        let watch = Stopwatch(), clock = SystemClock()
        var isWarm = false
        while events == 0 || watch.elapsedSeconds < seconds {
            try Task.checkCancellation()
            feed.refill { generator.append(MemoryFeed.chunkEvents, to: [$0], timestamp: 0) }
            let chunks = feed.bytes
            let scan = cpuSeconds { for chunk in chunks { checksum ^= sum(chunk) } }
            let decode = try cpuSeconds { try decodeAll(feed, source, batch) }
            let operators = try cpuSeconds { try meter.drain(now: clock.now()) }
            // The first round touches all memory for the first time.
            if isWarm {
                scanned += scan
                decoded += decode
                processed += operators
                bytes += chunks.reduce(0) { $0 + $1.count }
                events += feed.count
            }
            isWarm = true
        }
        precondition(checksum != 1, "the scan's result is used, so that it is not optimised away")
        return Result(
            bytesPerSecondScan: Double(bytes) / scanned, eventsPerSecondDecode: Double(events) / decoded,
            eventsPerSecondOperators: Double(events) / processed, eventBytes: generator.eventBytes)
    }

    private func cpuSeconds(_ body: () throws -> Void) rethrows -> Double {
        let start = Stopwatch.threadCPUNanoseconds()
        try body()
        return Double(Stopwatch.threadCPUNanoseconds() - start) / 1e9
    }

    /// Adds up the bytes as 64-bit words.
    private func sum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var total: UInt64 = 0
        for index in 0..<bytes.count / 8 { total &+= bytes.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self) }
        return total
    }

    private func decodeAll(_ feed: MemoryFeed, _ source: PlannedSource, _ batch: RecordBatch) throws {
        let decoder = JSONRecordDecoder(schema: source.schema, projection: source.neededColumns)
        let partition = TopicPartition(source.topic, PartitionNumber(0))
        var next = feed.firstOffset
        while case .records(let after) = try feed.read(
            partition, from: next, recordsMax: MemoryFeed.chunkEvents, bytesMax: .max, into: batch)
        {
            decoder.begin(capacity: batch.count)
            for index in 0..<batch.count {
                let view = batch.views[index]
                if let fault = decoder.append(view.value!, count: Int(view.valueLength)) {
                    preconditionFailure("the bench's events decode: \(fault.message)")
                }
            }
            _ = decoder.finish()
            next = after
        }
    }
}
