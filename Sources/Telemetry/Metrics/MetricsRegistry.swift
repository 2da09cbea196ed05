public import Metrics
import Synchronization

/// All metrics of a process: takes what events change through swift-metrics, and writes them out for Prometheus.
///
/// Our own, because no Prometheus backend of swift-metrics is among the packages that the project may depend on; it is
/// small because it knows every metric beforehand (`MetricDeclaration`). Names or labels that nobody declared are not
/// kept but noted in `refused`, which tests want empty: help and type are promised for each metric.
///
/// Thread-safe. Looking a series up takes one lock of its metric and a dictionary; changing it takes none or its own.
public final class MetricsRegistry: MetricsFactory, Sendable {
    /// A metric with all its series.
    final class Family: Sendable {
        let declaration: MetricDeclaration
        /// By the labels' values.
        let series = Mutex<[[String]: Instrument]>([:])

        init(_ declaration: MetricDeclaration) { self.declaration = declaration }
    }

    enum Instrument: Sendable {
        case counter(CounterInstrument)
        case gauge(GaugeInstrument)
        case histogram(HistogramInstrument)
    }

    public typealias Collector = @Sendable (inout MetricSamples) -> Void

    /// Series of one metric; more mean that a label holds something unbounded, which must not take the memory.
    private static let seriesMax = 2_000

    private let families: [String: Family]
    private let collectors = Mutex<[Collector]>([])
    private let refusals = Mutex<Set<String>>([])

    /// - Precondition: no two declarations have the same name.
    public init(_ declarations: [MetricDeclaration]) {
        families = Dictionary(uniqueKeysWithValues: declarations.map { ($0.name, Family($0)) })
    }

    /// Has `collector` asked at each scrape, on the thread that scrapes.
    public func collect(with collector: @escaping Collector) { collectors.withLock { $0.append(collector) } }

    /// Has swift-metrics send everything here. Once a process, in its composition root.
    public func install() { MetricsSystem.bootstrap(self) }

    /// What was emitted and not declared so: names, with their labels.
    public var refused: Set<String> { refusals.withLock { $0 } }

    public var declarations: [MetricDeclaration] { families.values.map(\.declaration).sorted { $0.name < $1.name } }

    // MARK: Reading

    /// Everything in the text format 0.0.4 of Prometheus.
    /// - Complexity: O(series), and what the collectors take.
    public func text() -> String {
        var samples = MetricSamples()
        for collector in collectors.withLock({ $0 }) { collector(&samples) }
        var text = PrometheusText()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            let collected = samples.values[name] ?? []
            text.write(
                family.declaration, collected.isEmpty ? series(of: family) : [],
                collected: collected.sorted { $0.labels.lexicographicallyPrecedes($1.labels) })
        }
        for name in samples.values.keys where families[name] == nil { refuse(name, []) }
        return text.text
    }

    /// In the order of their labels. A counter or histogram without labels is there from the start, so that its first
    /// step is seen as one.
    private func series(of family: Family) -> [(labels: [String], instrument: Instrument)] {
        if family.declaration.labels.isEmpty, family.declaration.kind != .gauge {
            _ = instrument(family.declaration.name, [], family.declaration.kind)
        }
        return family.series.withLock { $0.map { ($0.key, $0.value) } }.sorted { $0.0.lexicographicallyPrecedes($1.0) }
    }

    // MARK: Making

    /// Nil, and noted, where no metric of one of the `kinds` is declared with these labels.
    private func instrument(
        _ name: String, _ dimensions: [(String, String)], _ kinds: MetricDeclaration.Kind...
    ) -> Instrument? {
        guard let family = families[name], kinds.contains(family.declaration.kind),
            let labels = family.declaration.values(dimensions.lazy.map { (key: $0.0, value: $0.1) })
        else {
            refuse(name, dimensions)
            return nil
        }
        return family.series.withLock { series in
            if let known = series[labels] { return known }
            guard series.count < Self.seriesMax else {
                refuse(name, [("…", "more than \(Self.seriesMax) series")])
                return nil
            }
            let made = Self.make(family.declaration.kind)
            series[labels] = made
            return made
        }
    }

    private static func make(_ kind: MetricDeclaration.Kind) -> Instrument {
        switch kind {
        case .counter: .counter(CounterInstrument())
        case .gauge: .gauge(GaugeInstrument())
        case .histogram: .histogram(HistogramInstrument(bounds: MetricDeclaration.secondsBounds))
        }
    }

    private func refuse(_ name: String, _ dimensions: [(String, String)]) {
        let labels = dimensions.map { "\($0.0)=\($0.1)" }.sorted().joined(separator: ",")
        refusals.withLock { _ = $0.insert(labels.isEmpty ? name : "\(name){\(labels)}") }
    }
}

// MARK: swift-metrics

extension MetricsRegistry {
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        if case .counter(let counter)? = instrument(label, dimensions, .counter) { return counter }
        return NOOPMetricsHandler.instance
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        if case .gauge(let gauge)? = instrument(label, dimensions, .gauge) { return gauge }
        return NOOPMetricsHandler.instance
    }

    /// A gauge where nothing is aggregated, a histogram otherwise; which one it is the declaration says.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        switch instrument(label, dimensions, .gauge, .histogram) {
        case .gauge(let gauge)?: gauge
        case .histogram(let histogram)?: histogram
        case .counter?, nil: NOOPMetricsHandler.instance
        }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        if case .histogram(let histogram)? = instrument(label, dimensions, .histogram) { return histogram }
        return NOOPMetricsHandler.instance
    }

    // Handlers live as long as the registry: a counter that is made again goes on where it was.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}
