import ArgumentParser
import Base
import HTTPAPI
import PostgresViews
import Runtime
import Telemetry

/// All metrics of `pioneer run`: what events change, and what is asked for when Prometheus looks.
enum Metrics {
    static let all = RuntimeMetrics.all + EngineMetrics.all + HTTPMetrics.all + StoreMetrics.all + ProcessMetrics.all
        + PostgresMetrics.all

    /// A registry that swift-metrics does not send to yet: that is `install`, once a process.
    static func registry() -> MetricsRegistry {
        let registry = MetricsRegistry(all)
        let startedAt = ProcessMetrics.startSeconds, version = Pioneer.configuration.version
        registry.collect { ProcessMetrics.note(startedAt: startedAt, version: version, into: &$0) }
        return registry
    }

    /// Has the registry ask the engine and its store. A store that cannot answer leaves its metrics out of that scrape.
    static func collect(_ engine: Engine, _ data: DataDirectory, with registry: MetricsRegistry) {
        let store = data.store
        registry.collect { samples in
            do {
                try engine.noteMetrics(into: &samples)
                try StoreMetrics.note(store, into: &samples)
            } catch {
                Telemetry.emit(MetricsIncomplete(error: error as? EngineError))
            }
        }
    }
}

struct MetricsIncomplete: InternalEvent {
    static let name = "metrics_incomplete"
    static let level = EventLevel.warning
    var error: EngineError?
    var message: String { "Some metrics could not be read for a scrape." }
    var fields: [EventField] {
        error.map { [EventField("code", $0.code.text), EventField("error", $0.message)] } ?? []
    }
}
