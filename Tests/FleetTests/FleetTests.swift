import Base
import Columns
import Fleet
import Foundation
import Testing

/// The repository's schemas, read as the engine reads them.
private func schema(_ name: String) throws -> Schema {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("schemas/\(name).avsc"), encoding: .utf8)
    let (schema, findings) = AvroSchemaParser.parse(text, file: name)
    #expect(findings.isEmpty)
    return try #require(schema)
}

/// The lines' values by the path of their field.
private func rows(_ lines: [UInt8], schema name: String) throws -> [[String: Value]] {
    let schema = try schema(name)
    let decoder = JSONRecordDecoder(schema: schema)
    let lines = lines.split(separator: UInt8(ascii: "\n"))
    decoder.begin(capacity: lines.count)
    for line in lines {
        let fault = line.withUnsafeBufferPointer { decoder.append($0.baseAddress!, count: $0.count) }
        if let fault { Issue.record("\(fault): \(String(decoding: line, as: UTF8.self))") }
    }
    let columns = decoder.finish(), type = schema.rowType
    return lines.indices.map { row in
        Dictionary(uniqueKeysWithValues: zip(type.columns, columns).map { ($0.path, $1.value(at: row)) })
    }
}

private let monday = EventTime("2026-01-05T00:00:00Z")!

private func events(_ fleet: Fleet, step: TimeSpan = .minutes(5)) -> MetricEvents { MetricEvents(fleet, start: monday, step: step) }

@Test func `the same seed makes the same bytes, and another seed others`() {
    func made(_ seed: UInt64) -> (metrics: [UInt8], machines: [String]) {
        let fleet = Fleet(seed: seed, machineCount: 30)
        return (events(fleet).batch(0..<300).lines, fleet.machines.indices.map { fleet.machineLine($0, observedAt: monday) })
    }
    let seven = made(7), again = made(7), eight = made(8)
    #expect(seven.metrics == again.metrics)
    #expect(seven.machines == again.machines)
    #expect(seven.metrics != eight.metrics)
    #expect(Set(seven.machines).isDisjoint(with: eight.machines))
}

@Test func `any cut of the rows gives the same events`() {
    let events = events(Fleet(seed: 3, machineCount: 70))
    let whole = events.batch(0..<7_000)
    var random = SeededRandom(seed: 1)
    for _ in 0..<5 {
        var lines: [UInt8] = [], count = 0, row = 0
        while row < 7_000 {
            let end = min(7_000, row + 1 + random.below(900))
            let batch = events.batch(row..<end)
            lines += batch.lines
            count += batch.eventCount
            row = end
        }
        #expect(lines == whole.lines)
        #expect(count == whole.eventCount)
    }
    #expect(events.batch(5..<5).lines.isEmpty)
    #expect(whole.lines.split(separator: 10).count == whole.eventCount)
}

@Test func `history and what is live agree where they meet`() throws {
    let fleet = Fleet(seed: 5, machineCount: 40)
    func shares(_ step: TimeSpan, _ range: Range<Int>) throws -> [String: Value] {
        let all = try rows(events(fleet, step: step).batch(range).lines, schema: "resource-metric")
        var shares: [String: Value] = [:]
        for row in all where row["unit"] == .string("1") {
            shares["\(row["resource_id"]!) \(row["metric"]!) \(row["observed_at"]!)"] = row["value"]
        }
        return shares
    }
    let coarse = try shares(.minutes(5), 40..<80), fine = try shares(.seconds(10), 1_200..<1_240)
    #expect(coarse.count > 60)
    #expect(coarse == fine)
}

@Test func `every measurement decodes, has the agent's names and units, and a value that can be`() throws {
    let fleet = Fleet(seed: 1, machineCount: 200)
    let rows = try rows(events(fleet, step: .hours(1)).batch(0..<200 * 24 * 7).lines, schema: "resource-metric")
    let ids = Set(fleet.machines.map(\.id))
    let units = Dictionary(uniqueKeysWithValues: MetricEvents.metrics.map { ($0.name, $0.unit) })
    #expect(units.count == 6)
    for row in rows {
        guard case .string(let id) = row["resource_id"], case .string(let metric) = row["metric"], case .double(let value) = row["value"],
            case .string(let unit) = row["unit"]
        else {
            Issue.record("\(row)")
            return
        }
        let top = unit == "1" ? 1.0 : 1e12
        if !ids.contains(id) || units[metric] != unit || value < 0 || value > top { Issue.record("\(row)") }
    }
    let slots = 200 * 24 * 7 * 6
    #expect(rows.count > slots * 95 / 100 && rows.count < slots)
}

@Test(arguments: [20, 50, 200])
func `fewer than one event in a hundred has a wrong time, and one clock is far ahead`(count: Int) throws {
    let events = events(Fleet(seed: UInt64(count), machineCount: count), step: .minutes(30))
    var all = 0, behind = 0, ahead = 0
    for step in 0..<144 {
        let time = events.time(ofStep: step)
        let lines = events.batch(step * count..<(step + 1) * count).lines.split(separator: 10).filter {
            String(decoding: $0, as: UTF8.self).contains(".cpu.")
        }
        for row in try rows(Array(lines.joined(separator: [10])), schema: "resource-metric") {
            guard case .timestamp(let observed) = row["observed_at"] else {
                Issue.record("\(row)")
                return
            }
            all += 1
            if observed < time { behind += 1 }
            if observed > time { ahead += 1 }
            // Minutes ahead would close everyone's windows too early, and no limit would catch it.
            #expect(observed <= time || observed > time + .days(365))
        }
    }
    #expect(behind + ahead < all / 100)
    #expect(ahead > 0)
}

@Test func `machines decode, have a price of the list, and are told apart by id and name`() throws {
    let fleet = Fleet(seed: 2, machineCount: 5_000)
    let lines = fleet.machines.indices.flatMap { Array(fleet.machineLine($0, observedAt: monday).utf8) }
    let machines = try rows(lines, schema: "machine")
    let prices = try rows(ListPrice.all.flatMap { Array($0.line(observedAt: monday).utf8) }, schema: "price")
    let priceOf: [Value: Value] = Dictionary(uniqueKeysWithValues: prices.map { ($0["sku"]!, $0["usd_per_hour"]!) })
    #expect(priceOf.count >= 40)
    func values(_ field: String) -> [String] { machines.map { "\($0[field]!)" } }
    let isPriced = machines.allSatisfy { priceOf[$0["sku"]!] == $0["usd_per_hour"] }
    #expect(isPriced)
    #expect(Set(values("resource_id")).count == 5_000)
    #expect(Set(values("name")).count == 5_000)
    #expect(Set(values("provider")).count == 3)
    for machine in fleet.machines {
        switch machine.price.provider {
        case "aws": #expect(machine.id.hasPrefix("i-0") && machine.id.count == 19)
        case "gcp": #expect(machine.id.count == 19 && Int64(machine.id) != nil)
        default: #expect(UUID(uuidString: machine.id) != nil)
        }
        #expect(TimeZone(identifier: machine.timeZone) != nil)
    }
}

@Test func `prices say when and where they were read`() {
    for price in ListPrice.all {
        #expect(price.usdPerHour > 0 && price.usdPerHour < 10)
        #expect(EventTime(price.pricedOn + "T00:00:00Z") != nil)
        #expect(URL(string: price.source)?.host == "github.com")
    }
}
