/// Values that are known elsewhere and only asked for when somebody looks: filled anew at each scrape.
public struct MetricSamples: Sendable {
    var values: [String: [(labels: [String], value: Double)]] = [:]

    init() {}

    /// Notes a value. A counter's must be a total that only grows while the process lives.
    /// - Precondition: exactly the declared labels, no histogram, and each combination of values once a scrape.
    public mutating func note(_ value: Double, of metric: MetricDeclaration, _ labels: KeyValuePairs<String, String> = [:]) {
        precondition(metric.kind != .histogram, "a histogram is made of events, not of one value")
        guard let labels = metric.values(labels) else {
            preconditionFailure("a sample of \(metric.name) has the labels that it declares")
        }
        values[metric.name, default: []].append((labels, value))
    }

    public mutating func note(_ value: Int, of metric: MetricDeclaration, _ labels: KeyValuePairs<String, String> = [:]) {
        note(Double(value), of: metric, labels)
    }
}
