import Base
import Metrics
import Synchronization
import Testing

@testable import Telemetry

extension MetricDeclaration {
    fileprivate static let doors = MetricDeclaration("doors_total", .counter, "Doors that were opened.")
    fileprivate static let wait = MetricDeclaration("wait_seconds", .histogram, unit: .seconds, labels: ["queue"], "How long it took.")
    fileprivate static let depth = MetricDeclaration("depth_records", .gauge, labels: ["topic", "partition"], "How many wait.")
}

private struct Waited: InternalEvent {
    static let name = "queue_waited"
    static let level = EventLevel.debug
    var queue: String
    var nanoseconds: UInt64
    var message: String { "Waited." }
    var effects: [MetricEffect] { [.time(.wait, nanoseconds: nanoseconds, ["queue": queue])] }
}

private func lines(_ registry: MetricsRegistry, of name: String) -> [String] {
    registry.text().split(separator: "\n").map(String.init).filter { $0.hasPrefix(name) }
}

@Suite struct RegistryTests {
    @Test func `a counter without labels is there from the start, so that its first step is seen as one`() {
        let registry = MetricsRegistry([.doors, .wait])
        #expect(lines(registry, of: "doors_total") == ["doors_total 0"])
        // A metric whose labels nobody knows yet has its help and type, and no series.
        #expect(lines(registry, of: "wait_seconds").isEmpty)
        #expect(registry.text().contains("# TYPE wait_seconds histogram\n"))
    }

    @Test func `a counter made again goes on where it was, and never falls`() {
        let registry = MetricsRegistry([.doors])
        Counter(label: "doors_total", factory: registry).increment(by: 5)
        Counter(label: "doors_total", factory: registry).increment(by: 2)
        registry.makeCounter(label: "doors_total", dimensions: []).increment(by: -3)
        #expect(lines(registry, of: "doors_total") == ["doors_total 7"])
    }

    @Test func `the buckets of a histogram are cumulative, hold their upper bound, and end with everything`() {
        let bounds = MetricDeclaration.secondsBounds
        let histogram = HistogramInstrument(bounds: bounds)
        for bound in bounds { histogram.record(bound) }
        histogram.record(1_000.0)
        histogram.record(Double.nan)
        #expect(histogram.reading.cumulative == Array(1...bounds.count) + [bounds.count + 1])
        #expect(abs(histogram.reading.sum - bounds.reduce(1_000, +)) < 1e-9)
    }

    @Test func `a time is written in seconds whatever unit it was measured in`() {
        let registry = MetricsRegistry([.wait])
        withMetricsFactory(registry) { Telemetry.emit(Waited(queue: "a", nanoseconds: 3_000_000)) }
        Timer(label: "wait_seconds", dimensions: [("queue", "a")], factory: registry).recordMilliseconds(2_000)
        let written = lines(registry, of: "wait_seconds")
        #expect(written.count == MetricDeclaration.secondsBounds.count + 3)
        #expect(written.contains(#"wait_seconds_bucket{queue="a",le="0.0025"} 0"#))
        #expect(written.contains(#"wait_seconds_bucket{queue="a",le="0.005"} 1"#))
        #expect(written.contains(#"wait_seconds_bucket{queue="a",le="+Inf"} 2"#))
        #expect(written.suffix(2) == [#"wait_seconds_sum{queue="a"} 2.003"#, #"wait_seconds_count{queue="a"} 2"#])
    }

    @Test func `random times fall into the buckets that a plain count finds`() {
        var random = SeededRandom(seed: 7)
        let bounds = [0.001, 0.1, 1, 10]
        let histogram = HistogramInstrument(bounds: bounds)
        let values = (0..<2_000).map { _ in Double(Int(random.below(20_000_000))) / 1e6 }
        for value in values { histogram.record(value) }
        let expected = bounds.map { bound in values.count { $0 <= bound } } + [values.count]
        #expect(histogram.reading.cumulative == expected)
        #expect(abs(histogram.reading.sum - values.reduce(0, +)) < 1e-6)
    }

    @Test func `labels stand in the order of their declaration, however they were given`() {
        let registry = MetricsRegistry([.depth])
        Gauge(label: "depth_records", dimensions: [("partition", "0"), ("topic", "a")], factory: registry).record(3)
        Meter(label: "depth_records", dimensions: [("topic", "a"), ("partition", "0")], factory: registry).increment(by: 1.5)
        #expect(lines(registry, of: "depth_records") == [#"depth_records{topic="a",partition="0"} 4.5"#])
    }

    @Test func `what nobody declared so is refused: name, labels and kind`() {
        let registry = MetricsRegistry([.doors, .depth])
        Counter(label: "windows_total", factory: registry).increment()
        Counter(label: "doors_total", dimensions: [("house", "1")], factory: registry).increment()
        Gauge(label: "depth_records", dimensions: [("topic", "a")], factory: registry).record(1)
        #expect(registry.refused == ["windows_total", "doors_total{house=1}", "depth_records{topic=a}"])
        #expect(!registry.text().contains("windows") && lines(registry, of: "doors") == ["doors_total 0"])
        Counter(label: "depth_records", dimensions: [("topic", "a"), ("partition", "0")], factory: registry).increment()
        #expect(registry.refused.contains("depth_records{partition=0,topic=a}"))
    }

    @Test func `values asked for at a scrape are asked for at each one`() {
        let registry = MetricsRegistry([.depth, .doors])
        let depth = Atomic<Int>(1)
        registry.collect { samples in
            samples.note(depth.load(ordering: .relaxed), of: .depth, ["topic": "b", "partition": "1"])
            samples.note(0.25, of: .depth, ["topic": "a", "partition": "0"])
            samples.note(9, of: .doors)
        }
        #expect(lines(registry, of: "depth") == [#"depth_records{topic="a",partition="0"} 0.25"#, #"depth_records{topic="b",partition="1"} 1"#])
        depth.store(2, ordering: .relaxed)
        #expect(lines(registry, of: "depth").last == #"depth_records{topic="b",partition="1"} 2"#)
        #expect(lines(registry, of: "doors") == ["doors_total 9"])
    }

    @Test func `threads that count at once lose nothing, and no scrape sees half a time`() async {
        let registry = MetricsRegistry([.doors, .wait])
        let perTask = 5_000, tasks = 8
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for _ in 0..<perTask {
                        Counter(label: "doors_total", factory: registry).increment()
                        Timer(label: "wait_seconds", dimensions: [("queue", "\(task % 2)")], factory: registry)
                            .recordNanoseconds(1_000_000_000)
                    }
                }
            }
            group.addTask {
                for _ in 0..<50 {
                    let text = registry.text()
                    for queue in ["0", "1"] {
                        let sum = Self.value(text, "wait_seconds_sum{queue=\"\(queue)\"}")
                        #expect(sum == Self.value(text, "wait_seconds_count{queue=\"\(queue)\"}"))
                    }
                }
            }
        }
        let text = registry.text()
        #expect(Self.value(text, "doors_total") == Double(perTask * tasks))
        #expect(Self.value(text, "wait_seconds_count{queue=\"0\"}") == Double(perTask * tasks / 2))
    }

    private static func value(_ text: String, _ series: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(series + " ") }.flatMap { Double($0.dropFirst(series.count + 1)) }
    }
}

@Suite struct PrometheusTextTests {
    @Test func `help and labels are escaped as the format wants, each in its own way`() {
        #expect(PrometheusText.escapedHelp("a \"b\" \\ c\nd") == #"a "b" \\ c\nd"#)
        #expect(PrometheusText.escapedLabel("a \"b\" \\ c\nd é") == #"a \"b\" \\ c\nd é"#)
    }

    @Test func `numbers are written so that they come back as they were`() {
        #expect([0.0, 1, -2, 1e14, 0.1, .infinity, -.infinity, .nan].map(PrometheusText.number)
            == ["0", "1", "-2", "100000000000000", "0.1", "+Inf", "-Inf", "NaN"])
        var random = SeededRandom(seed: 3)
        for _ in 0..<1_000 {
            let value = Double(bitPattern: UInt64(random.below(.max)) << 1 | 1)
            guard value.isFinite else { continue }
            #expect(Double(PrometheusText.number(value)) == value)
        }
    }
}
