import Base
import Columns
import Testing
import TopologyFile

@testable import Planner

let metricSchema = Schema(
    name: "Metric",
    fields: [
        .init("id", .string, doc: "Which machine."), .init("at", .timestampMillis), .init("metric", .string), .init("value", .double),
        .init("count", .long, isNullable: true), .init("unit", .string, isNullable: true), .init("tags", .map),
        .init("shard", .int),
        .init("place", .record(Schema(name: "Place", fields: [.init("zone", .string), .init("rack", .int)])), isNullable: true),
    ])

let catalog = SchemaCatalog(["metric": metricSchema, "keyless": Schema(name: "K", fields: [.init("id", .string, isNullable: true)])])

/// A topology with one source `m`; what follows is appended.
let head = """
    topology: t
    sources:
      m: { topic: in, schema: metric, key: [id], event_time: { field: at } }

    """

func planning(_ text: String) -> Planning {
    let reading = TopologyLoader.read(text, path: "t.yaml")
    #expect(reading.findings.isEmpty)
    guard let specification = reading.specification else { return Planning(plan: nil, findings: reading.findings) }
    return Planner.plan(specification, schemas: catalog)
}

func plan(_ text: String) throws -> Plan {
    let planning = planning(text)
    #expect(planning.findings.isEmpty)
    return try #require(planning.plan)
}

/// The repository's root, found from where this file is.
let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
