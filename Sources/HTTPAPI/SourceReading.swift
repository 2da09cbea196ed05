public import Base
public import Columns

/// How a topology reads a topic, as a stream or as a table: what a client needs to know to append records that it can use.
public struct SourceReading: Sendable {
    /// A stream's time. A table has none.
    public struct Time: Sendable {
        public var field: String
        public var outOfOrder: TimeSpan
        public var idleAfter: TimeSpan
        public var maxAhead: TimeSpan

        public init(field: String, outOfOrder: TimeSpan, idleAfter: TimeSpan, maxAhead: TimeSpan) {
            self.field = field
            self.outOfOrder = outOfOrder
            self.idleAfter = idleAfter
            self.maxAhead = maxAhead
        }
    }

    public var topology: String
    /// The source's or table's name in the topology.
    public var source: String
    public var schemaName: String
    public var schema: Schema
    /// Paths of the fields that the topic is partitioned by, in the key's order.
    public var key: [String]
    /// Nil: the topic is read as a table.
    public var time: Time?

    public init(topology: String, source: String, schemaName: String, schema: Schema, key: [String], time: Time?) {
        self.topology = topology
        self.source = source
        self.schemaName = schemaName
        self.schema = schema
        self.key = key
        self.time = time
    }

    func write(to json: JSONOutput) {
        json.object {
            json.field("topology", topology)
            json.field(time == nil ? "table" : "source", source)
            json.field("schema_name", schemaName)
            json.field("schema") { json.raw(schema.avroJSON()) }
            json.field("key") { json.array(key) { json.value($0) } }
            if let time {
                json.field("event_time") {
                    json.object {
                        json.field("field", time.field)
                        json.field("out_of_order", time.outOfOrder.description)
                        json.field("idle_after", time.idleAfter.description)
                        json.field("max_ahead", time.maxAhead.description)
                    }
                }
            }
        }
    }
}
