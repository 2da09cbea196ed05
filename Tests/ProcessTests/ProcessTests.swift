import OwnThreads
import Testing

/// Tests that run the built `pioneer` as a process. One at a time: each has an engine or two of its own at work.
@Suite(.serialized, .ownThreads) struct ProcessTests {}

/// Those on Kafka, beside the others: they mostly wait for sessions of groups to end.
@Suite(.serialized, .ownThreads) struct KafkaProcessTests {}

/// Those on PostgreSQL, beside the others: they mostly wait for servers and engines to come back.
@Suite(.serialized, .ownThreads) struct PostgresProcessTests {}
