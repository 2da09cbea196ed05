import Base
import Fleet
import Foundation
import Gzip
import Testing

/// The folder of the tables of real machines, where it is.
private let folder: String = {
    let environment = ProcessInfo.processInfo.environment
    if let given = environment["PIONEER_TEST_DATA"] ?? environment["PIONEER_DATA"] { return given }
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return tests.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data").path
}()

private func path(_ name: String) -> String { "\(folder)/\(name).csv.gz" }
private let azure = "azure2017_24_vms_7_days", google = "google2011_24_jobs_7_days"
private let isThere = [azure, google].allSatisfy { FileManager.default.isReadableFile(atPath: path($0)) }

private func table(_ name: String) throws -> UsageTable {
    var text: [UInt8] = []
    let reader = GzipReader()
    try Data(contentsOf: URL(fileURLWithPath: path(name))).withUnsafeBytes { try reader.read($0, into: &text) }
    try reader.finish()
    return try UsageTable(text, name: name)
}

struct StatisticsTests {
    /// How far a quantile over the fleet may lie outside of what the real tables span, by row of the table.
    private static let tolerance = [0.02, 0.05, 0.12, 0.15, 0.15]

    @Test(.enabled(if: isThere, "the tables of real machines are not here"))
    func `the fleet's processors are like real ones`() throws {
        let fleet = Fleet(seed: 1, machineCount: 400).statistics(from: 1_767_571_200, machines: 400).processor
        let real = try [table(azure).statistics(ofColumn: 0), table(google).statistics(ofColumn: 0)]
        #expect(real.map(\.seriesCount) == [24, 24])
        for (row, name) in FleetStatistics.rowNames.enumerated() {
            for column in FleetStatistics.quantiles.indices {
                let bounds = real.map { $0.table[row][column] }.sorted(), value = fleet.table[row][column]
                let what = "\(name), \(FleetStatistics.quantiles[column]): \(value), real \(bounds)"
                #expect(value > bounds[0] - Self.tolerance[row] && value < bounds[1] + Self.tolerance[row], "\(what)")
            }
        }
    }

    @Test(.enabled(if: isThere, "the tables of real machines are not here"))
    func `the fleet's memory is fuller than that of real jobs, and as steady`() throws {
        let fleet = Fleet(seed: 1, machineCount: 400).statistics(from: 1_767_571_200, machines: 400).memory
        let real = try table(google).statistics(ofColumn: 1)
        // A job has a share of its machine, and a machine carries its whole system.
        #expect(fleet.table[0][1] > real.table[0][1] && fleet.table[0][1] < real.table[0][1] + 0.3)
        #expect(abs(fleet.table[1][1] - real.table[1][1]) < 0.01)
        #expect(abs(fleet.table[2][1] - real.table[2][1]) < 0.2)
        #expect(abs(fleet.table[3][1] - real.table[3][1]) < 0.2)
        #expect(abs(fleet.table[4][1] - real.table[4][1]) < 0.2)
    }

    @Test func `statistics are those of a series that is known`() throws {
        let wave = (0..<2_016).map { sin(2 * Double.pi * Double($0) / 288) }
        let statistics = try #require(SeriesStatistics(wave))
        #expect(abs(statistics.level) < 1e-9)
        #expect(abs(statistics.spread - 0.5.squareRoot()) < 1e-3)
        #expect(zip(statistics.autocorrelation, [cos(2 * Double.pi / 288), cos(2 * Double.pi / 24), 1]).allSatisfy { abs($0! - $1) < 1e-2 })
        #expect(SeriesStatistics([.nan, .nan]) == nil)
        #expect(SeriesStatistics([0.5, 0.5])?.autocorrelation == [nil, nil, nil])
    }

    @Test func `a table is read by resource, and one of another form is refused`() throws {
        let table = try UsageTable(Array("resource_id,timestamp,a,b\nx,1,10,20\ny,1,50,\nx,2,30,40\r\n".utf8), name: "t")
        #expect(table.columns == ["a", "b"])
        #expect(table.statistics(ofColumn: 0).seriesCount == 2)
        #expect(table.statistics(ofColumn: 1).seriesCount == 1)
        for text in ["", "a,b,c\n", "resource_id,timestamp,a\nx,1\n", "resource_id,timestamp,a\nx,1,much\n"] {
            let error = #expect(throws: EngineError.self) { try UsageTable(Array(text.utf8), name: "t") }
            #expect(error?.code == .fleetTable)
        }
    }
}
