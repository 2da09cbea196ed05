public import Base
import Logging
import Metrics
import Synchronization

/// Where internal events go: a line through swift-log, numbers through swift-metrics.
///
/// Before `start` nothing is written, so libraries and tests stay quiet; the composition root starts it once. Metrics go
/// to the factory of `MetricsSystem`, which the composition root chooses; without one they cost a lookup and go nowhere.
public enum Telemetry {
    private static let logger = Mutex<Logger?>(nil)

    /// From now on events of `level` and above are written to `output`, standard error unless a test says otherwise.
    public static func start(
        level: EventLevel, format: LineFormat, clock: any WallClock, output: LineOutput = .standardError
    ) {
        var handler = LineLogHandler(format: format, clock: clock, output: output)
        handler.logLevel = level.logLevel
        let started = Logger(label: "pioneer", factory: { _ in handler })
        logger.withLock { $0 = started }
    }

    /// Sends what libraries log through swift-log to the same place, warnings and above. Once a process, before any
    /// library makes a logger.
    public static func takeOverLibraryLogs(format: LineFormat, clock: any WallClock) {
        LoggingSystem.bootstrap { label in
            var handler = LineLogHandler(format: format, clock: clock, output: .standardError)
            handler.logLevel = .warning
            handler.metadata = ["logger": .string(label)]
            return handler
        }
    }

    /// Writes the event's line, if its level is wanted, and changes its metrics, always. Thread-safe.
    public static func emit<Event: InternalEvent>(_ event: Event) {
        if let logger = logger.withLock({ $0 }) { write(event, to: logger) }
        for effect in event.effects { apply(effect) }
    }

    static func write<Event: InternalEvent>(_ event: Event, to logger: Logger) {
        let level = Event.level.logLevel
        guard level >= logger.logLevel else { return }
        var metadata: Logger.Metadata = ["event": .string(Event.name)]
        metadata[LineLogHandler.fieldsKey] = .stringConvertible(EventFields(fields: event.fields))
        logger.log(level: level, "\(event.message)", metadata: metadata)
    }

    private static func apply(_ effect: MetricEffect) {
        switch effect {
        case .add(let count, let metric, let labels):
            Counter(label: metric.name, dimensions: dimensions(labels)).increment(by: count)
        case .set(let value, let metric, let labels): Gauge(label: metric.name, dimensions: dimensions(labels)).record(value)
        case .time(let metric, let nanoseconds, let labels):
            Timer(label: metric.name, dimensions: dimensions(labels)).recordNanoseconds(Int64(clamping: nanoseconds))
        }
    }

    /// Sorted, so that the same labels are the same series.
    private static func dimensions(_ labels: [String: String]) -> [(String, String)] {
        labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension EventLevel {
    var logLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
