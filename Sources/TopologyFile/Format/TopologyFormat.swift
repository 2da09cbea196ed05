import Base

/// The keys of a topology file.
enum TopologyFormat {
    static let topology = Key(
        "topology", .name, .required, doc: "The topology's name, unique in an engine.", example: "usage")
    static let description = Key(
        "description", .text, .optional(default: nil), doc: "What the topology is for, in a sentence for people.",
        example: "How busy each machine is.")
    static let sources = Key(
        "sources",
        .named("a mapping from names to sources", .literal, of: SourceFormat.object) {
            name, node, findings in SourceFormat.read(name, node, findings)
        },
        .required, doc: "Topics read as streams, by name.",
        example: "{ metrics: { topic: cloud.metrics, schema: resource-metric, key: [resource_id], event_time: { field: observed_at } } }")
    static let streams = Key(
        "streams",
        .named("a mapping from names to streams", .literal, of: StreamFormat.object) {
            name, node, findings in StreamFormat.read(name, node, findings)
        },
        .optional(default: nil), doc: "Named results, each of one operator over one source or stream.",
        example: "{ cpu: { from: metrics, filter: metric == \"cpu_utilization\" } }")
    static let outputs = Key(
        "outputs",
        .named("a mapping from names to outputs", .literal, of: OutputFormat.object) {
            name, node, findings in OutputFormat.read(name, node, findings)
        },
        .optional(default: nil), doc: "Streams written to topics, by name.",
            example: "{ hourly: { from: usage_1h, topic: cloud.usage.hourly } }")
    static let views = Key(
        "views",
        .named("a mapping from names to views", .literal, of: ViewFormat.object) {
            name, node, findings in ViewFormat.read(name, node, findings)
        },
        .optional(default: nil), doc: "Streams projected into tables that people and programs query, by name.",
        example: "{ usage: { from: usage_5m, key: [resource_id, window.start], keep: 30d } }")
    static let tables = Key(
        "tables",
        .named("a mapping from names to tables", .literal, of: TableFormat.object) {
            name, node, findings in TableFormat.read(name, node, findings)
        },
        .optional(default: nil), doc: "Topics read as the latest value per key, by name.",
        example: "{ machines: { topic: cloud.machines, schema: machine, key: [resource_id] } }")

    static let object = FormatObject(
        "topology", doc: "A file topologies/NAME.yaml: what is read, what is made of it, and where it goes.",
        keys: [
            topology.declaration, description.declaration, sources.declaration, tables.declaration, streams.declaration,
            outputs.declaration, views.declaration,
        ])
}

/// The keys of a source.
enum SourceFormat {
    static let topic = Key("topic", .topic, .required, doc: "The topic that is read.", example: "cloud.metrics")
    static let schema = Key(
        "schema", .schemaName, .required, doc: "The Avro schema of the topic's values: schemas/NAME.avsc.", example: "resource-metric")
    static let format = Key(
        "format", .choice(["json"], later: ["avro", "avro-confluent"]), .optional(default: "json"),
        doc: "How the topic's values are written.", example: "json")
    static let key = Key(
        "key", .fieldPaths, .required,
        doc: "The fields that the topic is partitioned by; each record's partition is checked against them, unless 'rekey' is true.",
        example: "[resource_id]")
    static let eventTime = Key(
        "event_time", .object(EventTimeFormat.object, read: EventTimeFormat.read), .required,
        doc: "Which field says when an event happened, and how far time may stray.", example: "{ field: observed_at, out_of_order: 30s }")
    static let rekey = Key(
        "rekey", .bool, .optional(default: "false"),
        doc: "Whether the topic is partitioned by something else than the key: then its records are taken wherever they lie, and their rows"
            + " are sent to the partitions of their keys, through an internal topic, before anything else is done with them. Else a"
            + " record in another partition than its key's is a dead letter.",
        example: "true")

    static let object = FormatObject(
        "source", doc: "A topic read as a stream.",
        keys: [
            topic.declaration, schema.declaration, format.declaration, key.declaration, eventTime.declaration,
            rekey.declaration,
            .later("output", .name, doc: "Another topology's output, with its topic, schema, key and time.", example: "usage.usage_5m"),
            .later("registry", .literal, doc: "Where the schemas of avro-confluent values are.", example: "http://localhost:8081"),
        ])
}

/// The keys of a table.
enum TableFormat {
    static let topic = Key("topic", .topic, .required, doc: "The topic that is read.", example: "cloud.machines")
    static let schema = Key(
        "schema", .schemaName, .required, doc: "The Avro schema of the topic's values: schemas/NAME.avsc.", example: "machine")
    static let format = Key(
        "format", .choice(["json"], later: ["avro", "avro-confluent"]), .optional(default: "json"),
        doc: "How the topic's values are written.", example: "json")
    static let key = Key(
        "key", .fieldPaths, .required,
        doc: "The fields that the topic is keyed by: of several records with one key the last counts, and one without a value deletes.",
        example: "[resource_id]")
    static let everywhere = Key(
        "everywhere", .bool, .optional(default: "false"),
        doc: "Whether every task has all rows, in memory, and has read them all before its first event; else a task has those of its"
            + " own partition, in its state.",
        example: "true")

    static let object = FormatObject(
        "table", doc: "A topic read as the latest value per key.",
        keys: [
            topic.declaration, schema.declaration, format.declaration, key.declaration, everywhere.declaration,
            .later("output", .name, doc: "Another topology's output, with its topic, schema and key.", example: "usage.latest"),
            .later("registry", .literal, doc: "Where the schemas of avro-confluent values are.", example: "http://localhost:8081"),
        ])
}

/// The keys of a source's `event_time`.
enum EventTimeFormat {
    static let field = Key("field", .fieldPath, .required, doc: "A timestamp field that is never null.", example: "observed_at")
    static let outOfOrder = Key(
        "out_of_order", .duration, .optional(default: "\(SourceSpecification.EventTime.outOfOrderDefault)"),
        doc: "How far behind the greatest event time seen an event may come and still be in time.", example: "30s")
    static let idleAfter = Key(
        "idle_after", .positiveDuration, .optional(default: "\(SourceSpecification.EventTime.idleAfterDefault)"),
        doc: "After this long a silent partition no longer holds time back.", example: "1m")
    static let maxAhead = Key(
        "max_ahead", .duration, .optional(default: "\(SourceSpecification.EventTime.maxAheadDefault)"),
        doc: "An event further than this ahead of the clock is a dead letter.", example: "1h")

    static let object = FormatObject(
        "event_time", doc: "When a source's events happened.",
        keys: [field.declaration, outOfOrder.declaration, idleAfter.declaration, maxAhead.declaration])
}

/// The keys of an output.
enum OutputFormat {
    static let from = Key("from", .reference, .required, doc: "The stream that is written.", example: "usage_1h")
    static let topic = Key(
        "topic", .topic, .required, doc: "The topic that is written; no other output writes it.", example: "cloud.usage.hourly")
    static let key = Key(
        "key", .fieldPaths, .optional(default: nil),
        doc: "The fields that the records are keyed by; left out, the fields that the stream is partitioned by.", example: "[resource_id]")

    static let object = FormatObject(
        "output", doc: "A stream written to a topic, as JSON.", keys: [from.declaration, topic.declaration, key.declaration])
}

/// The keys of a view.
enum ViewFormat {
    static let from = Key("from", .reference, .required, doc: "The stream that is projected.", example: "usage_5m")
    static let key = Key(
        "key", .fieldPaths, .required,
        doc: "The fields that make a row unique, those that the stream is partitioned by among them.",
            example: "[resource_id, window.start]")
    static let indexes = Key(
        "indexes", .fieldPathLists, .optional(default: nil),
        doc: "Indexes of the table beside that of its key, a list of fields each: first those that queries hold equal to something, then"
            + " the one they compare or order by. They may change at any time, and the table follows.",
        example: "[[team], [team, window.start]]")
    static let keep = Key(
        "keep", .positiveDuration, .optional(default: nil), doc: "How long rows stay, in event time; left out, for ever.", example: "30d")
    static let path = Key(
        "path", .urlPath, .optional(default: nil), doc: "A path of its own under which the view is served over HTTP.",
        example: "/api/v1/resources/metrics")
    static let description = Key(
        "description", .text, .optional(default: nil), doc: "What a row says, for the interface's documentation.",
        example: "Utilisation of each machine in five minutes.")

    static let object = FormatObject(
        "view", doc: "A stream projected into a table.",
        keys: [
            from.declaration, key.declaration, indexes.declaration, keep.declaration, path.declaration, description.declaration,
        ])
}
