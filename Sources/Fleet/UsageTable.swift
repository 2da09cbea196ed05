public import Base

extension ErrorCode {
    /// A table of percentages has another form.
    public static let fleetTable = ErrorCode("fleet.table")
}

/// A table of real machines' utilisation: CSV whose first two columns are `resource_id` and `timestamp`, and the others
/// percentages; five minutes apart, each resource's rows in the order of time.
public struct UsageTable: Sendable {
    /// Names of the columns of percentages.
    public let columns: [String]
    /// By column, and then by resource: shares of 1, NaN where a cell is empty.
    private let series: [[[Double]]]

    /// Throws `fleet.table`. - Complexity: O(bytes).
    public init(_ csv: [UInt8], name: String) throws(EngineError) {
        var lines = csv.split(separator: UInt8(ascii: "\n")).makeIterator()
        let header = lines.next().map(Self.cells) ?? []
        guard header.count > 2, header[0] == "resource_id", header[1] == "timestamp" else {
            throw Self.fault("'\(name)' begins with '\(header.joined(separator: ","))'")
        }
        var series: [[[Double]]] = header.dropFirst(2).map { _ in [] }
        var places: [String: Int] = [:]
        var number = 1
        while let line = lines.next() {
            number += 1
            let cells = Self.cells(line)
            guard cells.count == header.count else {
                throw Self.fault("line \(number) of '\(name)' has \(cells.count) cells, not \(header.count)")
            }
            let place = places[cells[0]] ?? places.count
            if places[cells[0]] == nil {
                places[cells[0]] = place
                for column in series.indices { series[column].append([]) }
            }
            for column in series.indices {
                let cell = cells[column + 2]
                guard let percent = cell.isEmpty ? Double.nan : Double(cell) else {
                    throw Self.fault("line \(number) of '\(name)' has the value '\(cell)'")
                }
                series[column][place].append(percent / 100)
            }
        }
        columns = Array(header.dropFirst(2))
        self.series = series
    }

    /// A column's statistics over the resources.
    public func statistics(ofColumn column: Int) -> FleetStatistics { FleetStatistics(series[column].compactMap { SeriesStatistics($0) }) }

    private static func cells(_ line: ArraySlice<UInt8>) -> [String] {
        line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { cell in
            String(decoding: cell.last == 13 ? cell.dropLast() : cell, as: UTF8.self)
        }
    }

    private static func fault(_ what: String) -> EngineError {
        EngineError(
            .fleetTable, .user, what,
            remedy: "Give CSV whose columns are resource_id, timestamp and percentages, such as 'resource_id,timestamp,cpu_pct'.")
    }
}
