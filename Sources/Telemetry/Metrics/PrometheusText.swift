/// Writes metrics in Prometheus' text exposition format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/):
///
///     # HELP pioneer_commit_seconds Time that a commit took.
///     # TYPE pioneer_commit_seconds histogram
///     pioneer_commit_seconds_bucket{topology="usage",le="0.005"} 12
///     …
///     pioneer_commit_seconds_bucket{topology="usage",le="+Inf"} 14
///     pioneer_commit_seconds_sum{topology="usage"} 0.0613
///     pioneer_commit_seconds_count{topology="usage"} 14
struct PrometheusText {
    private(set) var text = ""

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// One metric: help and type, and its series, if any.
    mutating func write(
        _ metric: MetricDeclaration, _ series: [(labels: [String], instrument: MetricsRegistry.Instrument)],
        collected: [(labels: [String], value: Double)]
    ) {
        text += "# HELP \(metric.name) \(Self.escapedHelp(metric.help))\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
        for (labels, instrument) in series {
            switch instrument {
            case .counter(let counter): line(metric.name, metric.labels, labels, Self.number(Double(counter.value)))
            case .gauge(let gauge): line(metric.name, metric.labels, labels, Self.number(gauge.value))
            case .histogram(let histogram): write(histogram, metric, labels)
            }
        }
        for (labels, value) in collected { line(metric.name, metric.labels, labels, Self.number(value)) }
    }

    private mutating func write(_ histogram: HistogramInstrument, _ metric: MetricDeclaration, _ labels: [String]) {
        let reading = histogram.reading
        for (index, count) in reading.cumulative.enumerated() {
            let bound = index < histogram.bounds.count ? histogram.bounds[index] : .infinity
            line(metric.name + "_bucket", metric.labels + ["le"], labels + [Self.number(bound)], "\(count)")
        }
        line(metric.name + "_sum", metric.labels, labels, Self.number(reading.sum))
        line(metric.name + "_count", metric.labels, labels, "\(reading.cumulative.last ?? 0)")
    }

    private mutating func line(_ name: String, _ labels: [String], _ values: [String], _ number: String) {
        text += name
        if !labels.isEmpty {
            text += "{"
            for (index, (label, value)) in zip(labels, values).enumerated() {
                text += "\(index == 0 ? "" : ",")\(label)=\"\(Self.escapedLabel(value))\""
            }
            text += "}"
        }
        text += " \(number)\n"
    }

    /// Whole numbers without a fraction, others with as many digits as tell them apart.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.magnitude < 1e15 && value == value.rounded() ? "\(Int64(value))" : "\(value)"
    }

    static func escapedHelp(_ text: String) -> String {
        escaped(text) { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\n": "\\n"
            default: nil
            }
        }
    }

    static func escapedLabel(_ text: String) -> String {
        escaped(text) { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\"": "\\\""
            default: nil
            }
        }
    }

    private static func escaped(_ text: String, _ escape: (Unicode.Scalar) -> String?) -> String {
        guard text.unicodeScalars.contains(where: { escape($0) != nil }) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            if let replacement = escape(scalar) { out += replacement } else { out.unicodeScalars.append(scalar) }
        }
        return out
    }
}

extension MetricsRegistry {
    /// What `text()` is, for an HTTP answer.
    public static var contentType: String { PrometheusText.contentType }
}
