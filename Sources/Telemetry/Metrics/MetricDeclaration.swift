/// A metric by its name, with what a reader of a dashboard has to know: declared once, beside the events or the status
/// that change it, and used by that constant, so that no name is ever spelled twice.
///
///     extension MetricDeclaration {
///         static let commitSeconds = MetricDeclaration(
///             "pioneer_commit_seconds", .histogram, unit: .seconds, labels: ["topology"], "Time that a commit took.")
///     }
///
/// Names follow Prometheus: snake case, the unit last and a base unit (seconds, bytes), `_total` after it for counters.
/// Labels are few and of few values, for each combination is a series of its own.
public struct MetricDeclaration: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Only grows while the process lives.
        case counter
        /// Goes up and down.
        case gauge
        /// How often values fell into ranges.
        case histogram
    }

    public enum Unit: String, Sendable, CaseIterable {
        case seconds, bytes
    }

    public let name: String
    public let kind: Kind
    /// Nil: the metric counts things.
    public let unit: Unit?
    /// Names of the labels, in the order they are written.
    public let labels: [String]
    /// One sentence: what is counted or measured.
    public let help: String

    public init(_ name: String, _ kind: Kind, unit: Unit? = nil, labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = labels
        self.help = help
    }

    /// Upper bounds of a histogram's ranges, in seconds: from a write to a fast disk to what nobody waits for.
    static let secondsBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// Values in the order of `labels`; nil where other labels are given than declared.
    func values(_ given: some Collection<(key: String, value: String)>) -> [String]? {
        guard given.count == labels.count else { return nil }
        var values: [String] = []
        values.reserveCapacity(labels.count)
        for label in labels {
            guard let value = given.first(where: { $0.key == label })?.value else { return nil }
            values.append(value)
        }
        return values
    }
}
