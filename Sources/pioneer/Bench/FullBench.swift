import Base
import Foundation
import Planner
import RocksStore
import Runtime
import Stores

extension ErrorCode {
    static let benchEnded = ErrorCode("bench.engine_ended")
}

/// The whole engine under load: events are made and appended by one thread, and read, processed, committed every second
/// and projected by the engine's own, on the real store with its retention.
struct FullBench {
    let plan: Plan
    let generator: EventGenerator
    let engineSettings: EngineSettings
    let directory: String
    let warmupSeconds: Double
    let seconds: Double

    struct Result {
        var eventsPerSecond: Double
        var processorsBusy: Double
        var seconds: Double
        var commitNanoseconds: [UInt64]
        var residentBytesPeak: Int
        var diskBytes: Int
        var counters: TaskCounters
    }

    /// Events of one append, spread over the partitions: what a client sends in one request of a few megabytes.
    private static let appendEvents = 10_000
    /// The engine may lag this many events, as of its last commit, before the appending waits: retention must not pass the
    /// reader. Several seconds of load, so that it bounds the lag and not the rate.
    private static let leadMax = 5_000_000

    func run(progress: (String) -> Void) throws -> Result {
        let clock = SystemClock()
        let data = try DataDirectory.open(directory, memory: engineSettings.memory, clock: clock)
        defer { data.close() }
        let engine = try Engine(plans: [plan], settings: engineSettings, parts: data.parts(clock: clock))
        try engine.start()
        do {
            let result = try measure(engine, data, progress: progress)
            engine.stop()
            try engine.join()
            return result
        } catch {
            engine.stop()
            try? engine.join()
            throw error
        }
    }

    private func measure(_ engine: Engine, _ data: DataDirectory, progress: (String) -> Void) throws -> Result {
        let eventBytes = Int(generator.eventBytes) + RecordBuffer.recordHeaderBytes + 32
        let appender = BenchAppender(engine, topic: plan.sources[0].topic, bytes: Self.appendEvents * eventBytes)
        var generator = generator
        let watch = Stopwatch()
        var start: (at: Double, records: Int, cpu: UInt64)?
        var lastShown = 0.0
        while start == nil || watch.elapsedSeconds < start!.at + seconds {
            try Task.checkCancellation()
            guard !engine.isStopping else { break }
            let processed = total(engine).records
            if appender.appendedCount - processed < Self.leadMax {
                try appender.append(Self.appendEvents) { generator.append(Self.appendEvents, to: $0, timestamp: $1) }
            } else {
                // A commit is an append too: its journal record.
                engine.parts.log.waitForAppend(since: engine.parts.log.appendCount, timeout: .milliseconds(10))
            }
            let now = watch.elapsedSeconds
            if start == nil, now >= warmupSeconds { start = (now, processed, Stopwatch.processCPUNanoseconds()) }
            if now - lastShown >= 1 {
                progress("\(Int(now)) s of \(Int(warmupSeconds + seconds)) s, \(processed) events")
                lastShown = now
            }
        }
        try appender.finish()
        guard let start else { throw EngineError(.benchEnded, .environment, "the engine ended before the measurement began") }
        let elapsed = watch.elapsedSeconds - start.at
        let counters = total(engine)
        let cpu = Double(Stopwatch.processCPUNanoseconds() - start.cpu) / 1e9
        return Result(
            eventsPerSecond: Double(counters.records - start.records) / elapsed, processorsBusy: cpu / elapsed,
            seconds: elapsed, commitNanoseconds: engine.statuses.flatMap(\.commitNanoseconds),
            residentBytesPeak: Self.residentBytesPeak(), diskBytes: try data.store.statistics().diskBytes, counters: counters)
    }

    /// As of the last commits.
    private func total(_ engine: Engine) -> TaskCounters {
        engine.statuses.reduce(into: TaskCounters()) { $0.add($1.counters) }
    }

    /// The kernel's own account: `VmHWM` of /proc/…/status.
    static func residentBytesPeak(of process: String = "self") -> Int {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(separator: " ").compactMap({ Int($0) }).first
        else { return 0 }
        return kilobytes * 1_024
    }
}
