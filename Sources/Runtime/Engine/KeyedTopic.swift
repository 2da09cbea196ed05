import Base
import Columns
import Planner

/// A topic with the schema of its values and what it is keyed by, as a topology reads it.
struct KeyedTopic {
    let topic: TopicName
    let schema: Schema
    let keyColumns: [Int]
    /// The topology does not count on the topic's being partitioned by the key.
    let isRekeyed: Bool

    init(_ source: PlannedSource) {
        topic = source.topic
        schema = source.schema
        keyColumns = source.keyColumns
        isRekeyed = source.isRekeyed
    }

    init(_ table: PlannedTable) {
        topic = table.topic
        schema = table.schema
        keyColumns = table.keyColumns
        isRekeyed = false
    }

    /// Decodes nothing but the key.
    var keyDecoder: JSONRecordDecoder {
        var needed = schema.rowType.columns.map { _ in false }
        for column in keyColumns { needed[column] = true }
        return JSONRecordDecoder(schema: schema, projection: needed)
    }
}

extension Plan {
    /// The topics that clients append to.
    var keyedTopics: [KeyedTopic] { sources.map(KeyedTopic.init) + tables.map(KeyedTopic.init) }
}
