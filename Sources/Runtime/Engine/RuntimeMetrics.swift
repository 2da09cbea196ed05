public import Telemetry

/// The metrics that the runtime's events change; those asked for at a scrape are in `EngineMetrics`.
extension MetricDeclaration {
    static let commitSeconds = MetricDeclaration(
        "pioneer_commit_seconds", .histogram, unit: .seconds, labels: ["topology"], "Time that the commit of an epoch took.")
    static let restoreSeconds = MetricDeclaration(
        "pioneer_restore_seconds", .histogram, unit: .seconds, labels: ["topology"],
        "Time that a task took to restore itself from its last epoch.")
    static let taskFailures = MetricDeclaration(
        "pioneer_task_failures_total", .counter, "Steps of tasks that failed, each tried again or fatal to the engine.")
    static let projectionSeconds = MetricDeclaration(
        "pioneer_projection_seconds", .histogram, unit: .seconds, labels: ["view"],
        "Time that one transaction of rows took to get from a view's topic into its table.")
    static let projectedRecords = MetricDeclaration(
        "pioneer_view_records_total", .counter, labels: ["view"], "Records of a view's topic that were projected into its table.")
    static let projectionFailures = MetricDeclaration(
        "pioneer_projection_failures_total", .counter, "Tries to project rows that failed; each is made again.")
    static let projectionConflicts = MetricDeclaration(
        "pioneer_projection_conflicts_total", .counter, labels: ["view"],
        "Projections rolled back because the table had moved on meanwhile.")
    static let upkeepSeconds = MetricDeclaration(
        "pioneer_log_upkeep_seconds", .histogram, unit: .seconds, "Time that a round of retention and compaction took.")
    static let upkeepFailures = MetricDeclaration(
        "pioneer_log_upkeep_failures_total", .counter, "Rounds of retention and compaction that failed; each is tried again.")
    static let expiredBytes = MetricDeclaration(
        "pioneer_log_expired_bytes_total", .counter, unit: .bytes, "Bytes of the log that retention removed, as stored.")
    static let supersededRecords = MetricDeclaration(
        "pioneer_log_superseded_records_total", .counter, "Records of compacted topics that were removed for a later one of their key.")
    static let rewrittenChunks = MetricDeclaration(
        "pioneer_log_rewritten_chunks_total", .counter, "Chunks of the log that compaction wrote anew.")
    static let memoryPressure = MetricDeclaration(
        "pioneer_memory_pressure_total", .counter, labels: ["topology", "share"],
        "Times that a task reached its share of memory: state was let go of, or an epoch ended early.")
}

/// Every metric of the runtime, for the registry.
public enum RuntimeMetrics {
    public static let all: [MetricDeclaration] = [
        .commitSeconds, .restoreSeconds, .taskFailures, .projectionSeconds, .projectedRecords, .projectionFailures,
        .projectionConflicts, .upkeepSeconds, .upkeepFailures, .expiredBytes, .supersededRecords, .rewrittenChunks, .memoryPressure,
        .commitsUnknown, .transactionsAborted, .recordsRefused, .tasksGivenUp, .changelogRestoreSeconds, .changelogRecords, .rebuilds,
    ]
}
