#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How high a series is, how much it changes, and how much it knows of itself later.
public struct SeriesStatistics: Sendable, Equatable {
    public var level: Double
    /// Standard deviation.
    public var spread: Double
    /// Autocorrelation at five minutes, an hour and a day; nil where the series is too short or does not change.
    public var autocorrelation: [Double?]

    /// Steps of five minutes.
    public static let lags = [1, 12, 288]

    /// Of values every five minutes; NaN where one is missing. Nil: there are no values.
    /// - Complexity: O(values).
    public init?(_ values: [Double]) {
        let there = values.filter { !$0.isNaN }
        guard !there.isEmpty else { return nil }
        let mean = there.reduce(0, +) / Double(there.count)
        let variance = there.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(there.count)
        level = mean
        spread = variance.squareRoot()
        autocorrelation = Self.lags.map { lag in
            guard variance > 0 else { return nil }
            var sum = 0.0, count = 0
            for index in 0..<max(0, values.count - lag) where !values[index].isNaN && !values[index + lag].isNaN {
                sum += (values[index] - mean) * (values[index + lag] - mean)
                count += 1
            }
            return count < lag ? nil : sum / Double(count) / variance
        }
    }
}

/// Statistics of many resources' series, as quantiles over the resources.
public struct FleetStatistics: Sendable {
    public static let quantiles = [0.1, 0.5, 0.9]
    /// What the rows of `table` are.
    public static let rowNames = ["level", "spread", "autocorrelation 5 min", "autocorrelation 1 h", "autocorrelation 1 day"]

    public let seriesCount: Int
    /// A row for each of `rowNames`, a column for each of `quantiles`; NaN where nothing is known.
    public let table: [[Double]]

    public init(_ series: [SeriesStatistics]) {
        seriesCount = series.count
        var rows: [[Double]] = [series.map(\.level), series.map(\.spread)]
        for lag in SeriesStatistics.lags.indices { rows.append(series.compactMap { $0.autocorrelation[lag] }) }
        table = rows.map { values in Self.quantiles.map { Self.quantile($0, of: values.sorted()) } }
    }

    /// With linear interpolation between neighbours. - Precondition: sorted.
    static func quantile(_ q: Double, of values: [Double]) -> Double {
        guard !values.isEmpty else { return .nan }
        let place = q * Double(values.count - 1), below = Int(place)
        guard below + 1 < values.count else { return values[below] }
        return values[below] + (values[below + 1] - values[below]) * (place - Double(below))
    }
}

extension Fleet {
    /// Values every five minutes from a time, of a machine; NaN while it is silent.
    /// - Parameter start: seconds since 1970.
    public func series(_ machine: Int, from start: Int64, count: Int, _ value: (LoadSample) -> Double) -> [Double] {
        (0..<count).map { number in
            let seconds = start + Int64(number) * 300
            return faults[machine].isSilent(seconds) ? .nan : value(loads[machine].sample(seconds))
        }
    }

    /// Of processors and memory over a week, of so many machines from the first on.
    /// - Complexity: 2016 samples a machine.
    public func statistics(from start: Int64, machines count: Int) -> (processor: FleetStatistics, memory: FleetStatistics) {
        let week = 7 * 288
        func all(_ value: (LoadSample) -> Double) -> FleetStatistics {
            FleetStatistics((0..<min(count, machines.count)).compactMap { SeriesStatistics(series($0, from: start, count: week, value)) })
        }
        return (all(\.processor), all(\.memory))
    }
}
