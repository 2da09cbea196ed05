import Base
import Fleet
import Foundation
import Gzip

/// Statistics of the fleet's load, beside those of tables of real machines.
struct FleetReport {
    private let plan: FleetPlan
    /// More machines say nothing new.
    private static let machinesMax = 2_000

    init(_ plan: FleetPlan) { self.plan = plan }

    /// Throws `fleet.table`, `gzip.damaged`, or where a file cannot be read.
    func print(comparing paths: [String]) throws {
        let machines = min(Self.machinesMax, plan.fleet.machines.count)
        let (processor, memory) = plan.fleet.statistics(from: plan.start.microseconds / 1_000_000, machines: machines)
        var all = [("fleet, cpu", processor), ("fleet, memory", memory)]
        for path in paths {
            let table = try UsageTable(Self.contents(path), name: path)
            let name = path.split(separator: "/").last.map(String.init)?.split(separator: ".").first.map(String.init) ?? path
            for (index, column) in table.columns.enumerated() { all.append(("\(name), \(column)", table.statistics(ofColumn: index))) }
        }
        StandardStreams.print("A week every five minutes; quantiles 10 %, 50 %, 90 % over the machines.")
        for (name, statistics) in all {
            StandardStreams.print("")
            StandardStreams.print(lines: Self.lines(name, statistics))
        }
    }

    private static func lines(_ name: String, _ statistics: FleetStatistics) -> [String] {
        var table = TextTable([.init("\(name) (\(Figures.count(statistics.seriesCount)))")] + FleetStatistics.quantiles.map {
            .init("\(Int($0 * 100)) %", .right)
        })
        for (row, values) in zip(FleetStatistics.rowNames, statistics.table) {
            table.add([row] + values.map { $0.isNaN ? "-" : Figures.fixed($0, digits: 3) })
        }
        return table.lines(width: Terminal.standardOutput.width, style: Style(.standardOutput))
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            let what = FilePath.exists(path) ? "the file '\(path)' cannot be read" : "there is no file '\(path)'"
            throw EngineError(.fleetTable, .user, "--compare: \(what)", remedy: "Give a CSV table of percentages, gzip or not.")
        }
        guard bytes.starts(with: Gzip.magic) else { return bytes }
        var text: [UInt8] = []
        let reader = GzipReader()
        try bytes.withUnsafeBytes { try reader.read($0, into: &text) }
        try reader.finish()
        return text
    }
}
