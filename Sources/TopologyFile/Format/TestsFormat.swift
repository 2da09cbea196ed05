import Base

/// The keys of a tests file, `NAME.test.yaml` beside `NAME.yaml`.
enum TestsFormat {
    static let tests = Key(
        "tests", .objects(TestFormat.object, read: TestFormat.read), .required, doc: "The tests, each run by itself from an empty state.",
        example: "[{ name: it counts, given: [{ source: metrics, event: { resource_id: i-1 } }], expect: [{ stream: cpu }] }]")

    static let object = FormatObject(
        "tests", doc: "A file topologies/NAME.test.yaml: tests of the topology beside it.", keys: [tests.declaration])
}

/// The keys of one test.
enum TestFormat {
    static let name = Key("name", .located, .required, doc: "What is tested, as a sentence.", example: "a busy machine is counted")
    static let given = Key(
        "given", .objects(GivenFormat.object, read: GivenFormat.read), .required, doc: "The records fed in, in this order.",
        example: "[{ source: metrics, event: { resource_id: i-1 } }]")
    static let advanceTo = Key(
        "advance_to", .time, .optional(default: nil), doc: "Where watermark and clock are moved after the input.",
            example: "2026-01-05T01:00:00Z")
    static let expect = Key(
        "expect", .objects(ExpectFormat.object, read: ExpectFormat.read), .required, doc: "What must have come out.",
        example: "[{ stream: cpu, where: { resource_id: i-1 } }]")

    static let object = FormatObject(
        "test", doc: "One test.", keys: [name.declaration, given.declaration, advanceTo.declaration, expect.declaration])
}

/// The keys of an entry of `given`.
enum GivenFormat {
    static let source = Key("source", .reference, .optional(default: nil), doc: "The source that gets single records.", example: "metrics")
    static let table = Key("table", .reference, .optional(default: nil), doc: "The table that gets rows.", example: "machines")
    static let series = Key(
        "series", .reference, .optional(default: nil), doc: "The source that gets events at equal distances.", example: "metrics")
    static let event = Key(
        "event", .testObject, .optional(default: nil), doc: "One event, or what all events of a series have.",
        example: "{ resource_id: i-1, metric: cpu }")
    static let events = Key("events", .testObjects, .optional(default: nil), doc: "Several events.", example: "[{ resource_id: i-1 }]")
    static let raw = Key(
        "raw", .located, .optional(default: nil), doc: "A record's value as it stands, such as one that cannot be decoded.",
        example: "'{ \"resource_id\": '")
    static let at = Key(
        "at", .time, .optional(default: nil), doc: "With event: goes into the source's event time field where the event lacks it.",
        example: "2026-01-05T00:00:00Z")
    static let every = Key(
        "every", .positiveDuration, .optional(default: nil), doc: "With series: the distance between events.", example: "5m")
    static let from = Key(
        "from", .time, .optional(default: nil), doc: "With series: the first event's time.", example: "2026-01-05T00:00:00Z")
    static let until = Key(
        "until", .time, .optional(default: nil), doc: "With series: the time before which the last event is.",
            example: "2026-01-06T00:00:00Z")
    static let value = Key(
        "value", .expression, .optional(default: nil),
        doc: "With series: an expression of t, the seconds since from, as a double.", example: "1.5 + 0.2 * t / 3600.0")
    static let field = Key(
        "field", .fieldPath, .optional(default: TestInput.Series.fieldDefault), doc: "With series: the field that gets the value.",
        example: "value")
    static let deleted = Key(
        "deleted", .testObject, .optional(default: nil), doc: "With table: the key of a row that is deleted.",
        example: "{ resource_id: i-1 }")
    static let partition = Key(
        "partition", .count, .optional(default: "where the key belongs"), doc: "The partition that gets the records.", example: "0")

    static let object = FormatObject(
        "given", doc: "Records fed into a source or table.",
        keys: [
            source.declaration, table.declaration, series.declaration, event.declaration, events.declaration, raw.declaration,
            deleted.declaration, at.declaration, every.declaration, from.declaration, until.declaration, value.declaration,
            field.declaration, partition.declaration,
        ])
}

/// The keys of an entry of `expect`.
enum ExpectFormat {
    static let stream = Key("stream", .reference, .optional(default: nil), doc: "The stream whose rows are looked at.", example: "cpu")
    static let view = Key("view", .name, .optional(default: nil), doc: "The view whose rows are looked at.", example: "resource_metrics")
    static let deadLetters = Key(
        "dead_letters", .name, .optional(default: nil),
        doc: "The topology whose dead letters are looked at; their columns are code, message, topic, partition, offset, operator.",
        example: "usage")
    static let matching = Key(
        "where", .columnValues, .optional(default: "every row"), doc: "Picks the rows that have these values.",
        example: "{ resource_id: i-1, window.start: 2026-01-05T00:00:00Z }")
    static let count = Key("count", .count, .optional(default: "at least one"), doc: "Exactly so many rows are picked.", example: "1")
    static let none = Key("none", .bool, .optional(default: "false"), doc: "No row is picked.", example: "true")
    static let row = Key(
        "row", .columnValues, .optional(default: nil),
        doc: "Each row picked has these values too; doubles may differ by one part in 10^9.", example: "{ samples: 3, mean: 1.5 }")

    static let object = FormatObject(
        "expect", doc: "What must have come out.",
        keys: [
            stream.declaration, view.declaration, deadLetters.declaration, matching.declaration, count.declaration, none.declaration,
            row.declaration,
        ])
}
