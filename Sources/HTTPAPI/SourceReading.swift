public import Base
public import Columns

/// How a topology reads a topic: what a client needs to know to append records that it can use.
public struct SourceReading: Sendable {
    public var topology: String
    public var source: String
    public var schemaName: String
    public var schema: Schema
    /// Paths of the fields that the topic is partitioned by, in the key's order.
    public var key: [String]
    public var eventTimeField: String
    public var outOfOrder: TimeSpan
    public var idleAfter: TimeSpan
    public var maxAhead: TimeSpan

    public init(
        topology: String, source: String, schemaName: String, schema: Schema, key: [String], eventTimeField: String,
        outOfOrder: TimeSpan, idleAfter: TimeSpan, maxAhead: TimeSpan
    ) {
        self.topology = topology
        self.source = source
        self.schemaName = schemaName
        self.schema = schema
        self.key = key
        self.eventTimeField = eventTimeField
        self.outOfOrder = outOfOrder
        self.idleAfter = idleAfter
        self.maxAhead = maxAhead
    }

    func write(to json: JSONOutput) {
        json.object {
            json.field("topology", topology)
            json.field("source", source)
            json.field("schema_name", schemaName)
            json.field("schema") { json.raw(schema.avroJSON()) }
            json.field("key") { json.array(key) { json.value($0) } }
            json.field("event_time") {
                json.object {
                    json.field("field", eventTimeField)
                    json.field("out_of_order", outOfOrder.description)
                    json.field("idle_after", idleAfter.description)
                    json.field("max_ahead", maxAhead.description)
                }
            }
        }
    }
}
