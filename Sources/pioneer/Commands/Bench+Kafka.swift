import Base
import Foundation
import KafkaLog
import Planner

extension Bench {
    /// Event time from one round over all keys to the next under the steady load: windows of minutes close often.
    private static let steadyEvery = TimeSpan.seconds(30)

    func measure(_ plan: Plan, _ file: String, on servers: String, schemas: String?) throws -> KafkaBenchReport {
        guard let source = plan.sources.first else { throw ExitStatus.findings }
        let progress = ProgressLine()
        var made = EventGenerator.Settings()
        made.keys = keys
        made.every = every
        made.bytes = bytes
        let directory = data ?? NSTemporaryDirectory() + "/pioneer-bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { if data == nil { try? FileManager.default.removeItem(atPath: directory) } }
        var settings = KafkaBench.Settings()
        settings.events = count
        settings.rate = rate
        settings.partitions = partitions
        settings.seconds = seconds
        settings.withStandby = standby
        settings.cgroup = cgroup
        settings.arguments = [file, "--kafka", servers, "--workers", "\(workers)"]
        if let schemas { settings.arguments += ["--schemas", schemas] }
        if let memoryMax { settings.arguments += ["--memory-max", memoryMax] }
        let bench = KafkaBench(
            plan: plan, properties: try KafkaProperties(servers: servers),
            generator: EventGenerator(source, settings: made, partitionCount: partitions),
            steady: { start in
                var steady = made
                steady.start = start
                steady.every = Self.steadyEvery
                steady.jitter = .zero
                return EventGenerator(source, settings: steady, partitionCount: partitions)
            }, settings: settings, directory: directory)
        defer { progress.clear() }
        return try bench.run { progress.show($0) }
    }
}
