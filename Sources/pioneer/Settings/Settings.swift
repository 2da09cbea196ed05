import Agents
import Base
import HTTPAPI
import Runtime
import Telemetry

/// All settings: names, forms, defaults and meanings stand here and nowhere else.
enum Settings {
    private static let clients = ["append", "tail", "query", "status", "top", "topics", "views", "agent host", "fleet"]
    private static let engine = ["run"]
    private static let agent = ["agent host"]

    static let dataDir = Setting(
        "data_dir", flag: "--data", valueName: "dir", standard: "./pioneer-data", form: .text("a directory's path"),
        help: "Where the engine keeps everything, and others find its address.", commands: engine + clients)
    static let engineURL = Setting(
        "engine", flag: "--to", valueName: "url", otherwise: "found by data_dir", form: .engineURL,
        help: "The engine's address; the data directory is not looked at then.", commands: clients)
    static let schemas = Setting(
        "schemas", flag: "--schemas", valueName: "dir", otherwise: "../schemas of each file", form: .text("a directory's path"),
        help: "Directory of the schemas.", commands: ["run", "check", "explain", "test", "bench"])
    static let listen = Setting(
        "listen", flag: "--listen", valueName: "host:port", standard: "127.0.0.1:8000", form: .address,
        help: "Where to answer HTTP: host:port, or a port; this machine's addresses only.", commands: engine)
    static let partitions = Setting(
        "partitions", flag: "--partitions", valueName: "n", otherwise: "as in data_dir, else 1", form: .count(1...1_024),
        help: "Partitions of the topics, for life.", commands: engine + ["explain"])
    static let workers = Setting(
        "workers", flag: "--workers", valueName: "n", standard: "1", form: .count(1...256), help: "Threads that run tasks.",
        commands: engine)
    static let commitInterval = Setting(
        "commit_interval", flag: "--commit-interval", valueName: "span", standard: "\(EngineSettings().commitInterval)",
        form: .span(min: .milliseconds(10)), help: "Time between commits; rows become visible with them.",
        commands: engine + ["explain"])
    static let memoryMax = Setting(
        "memory_max", flag: "--memory-max", valueName: "bytes", standard: "\(ByteCount(EngineSettings().memory.total))",
        form: .bytes(min: ByteCount(MemoryBudget.totalMin)), help: "Memory for stores, state and open epochs.", commands: engine)
    static let retentionAge = Setting(
        "retention_age", flag: "--retention-age", valueName: "span", standard: "30d", form: .span(min: .seconds(1)),
        help: "How long records are kept; views have their own 'keep'.", commands: engine)
    static let retentionBytes = Setting(
        "retention_bytes", flag: "--retention-bytes", valueName: "bytes", standard: "10GB", form: .bytes(min: ByteCount(1)),
        help: "How much of a partition is kept, as stored.", commands: engine)
    static let kafka = Setting(
        "kafka", flag: "--kafka", valueName: "host:port", otherwise: "the log in data_dir",
        form: .text("brokers as host:port, separated by commas"),
        help: "Run on Kafka: its topics are the log, and engines share the work.", commands: engine)
    static let kafkaReplication = Setting(
        "kafka_replication", flag: "--kafka-replication", valueName: "n", otherwise: "as the brokers have it", form: .count(1...100),
        help: "Copies of each topic that the engine makes on Kafka.", commands: engine)
    static let sessionTimeout = Setting(
        "session_timeout", flag: "--session-timeout", valueName: "span", standard: "10s", form: .span(min: .seconds(1)),
        help: "On Kafka: silence after which an engine's tasks go to others.", commands: engine)
    static let membership = Setting<KafkaSettings.Membership>(
        "membership", flag: "--membership", valueName: "kind", standard: KafkaSettings.Membership.static.rawValue, form: .choice,
        help: "On Kafka: static keeps tasks over a quick restart, dynamic frees them.", commands: engine)
    static let standby = Setting(
        "standby", flag: "--standby", valueName: "bool", standard: "false", form: .bool,
        help: "On Kafka: keep copies of other engines' state, to take over quickly.", commands: engine)
    static let postgres = Setting(
        "postgres", flag: "--postgres", valueName: "url", otherwise: "views in data_dir",
        form: .text("postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or as libpq takes it"),
        help: "Keep views in this PostgreSQL. A password in a flag is seen by all users.", commands: engine, isSecret: true)
    static let postgresReplica = Setting(
        "postgres_replica", flag: "--postgres-replica", valueName: "url", otherwise: "queries read where rows are written",
        form: .text("as of postgres"), help: "A standby of that PostgreSQL, for queries.", commands: engine, isSecret: true)
    static let postgresSchema = Setting(
        "postgres_schema", flag: "--postgres-schema", valueName: "name", standard: "pioneer", form: .postgresSchema,
        help: "The schema of PostgreSQL that holds the views.", commands: engine)
    static let postgresReaders = Setting(
        "postgres_readers", flag: "--postgres-readers", valueName: "n", standard: "8", form: .count(1...1_000),
        help: "Connections to PostgreSQL that queries use at once.", commands: engine)
    static let logLevel = Setting<EventLevel>(
        "log_level", flag: "--log-level", valueName: "level", standard: EventLevel.info.rawValue, form: .choice,
        help: "Least level that is logged: debug, info, warning, error.", commands: engine)
    static let logFormat = Setting<LineFormat>(
        "log_format", flag: "--log-format", valueName: "format", otherwise: "text on a terminal", form: .choice,
        help: "How log lines look: text or json.", commands: engine)

    static let agentEvery = Setting(
        "agent.every", flag: "--every", valueName: "span", standard: "10s", form: .span(min: HostAgent.intervalMin),
        help: "From sample to sample.", commands: agent)
    static let agentSpool = Setting(
        "agent.spool", flag: "--spool", valueName: "dir", otherwise: "agent-spool in data_dir", form: .text("a directory's path"),
        help: "A folder for what the engine does not have yet.", commands: agent)
    static let agentResourceID = Setting(
        "agent.resource_id", flag: "--resource-id", valueName: "name", otherwise: "the host's name", form: .text("a name"),
        help: "This machine's name in 'resource_id'.", commands: agent)
    static let agentProcesses = Setting(
        "agent.processes", flag: "--processes", valueName: "n", standard: "5", form: .count(0...1_000),
        help: "How many of the busiest processes to report; 0: none.", commands: agent)
    static let agentTopic = Setting(
        "agent.topic", flag: "--topic", valueName: "topic", standard: "cloud.metrics", form: .topic,
        help: "The topic, of the schema resource-metric.", commands: agent)

    /// In the order in which they are shown.
    static let all: [SettingDeclaration] = [
        dataDir.declaration, engineURL.declaration, schemas.declaration, listen.declaration, partitions.declaration,
        workers.declaration, commitInterval.declaration, memoryMax.declaration, retentionAge.declaration,
        retentionBytes.declaration, kafka.declaration, kafkaReplication.declaration, sessionTimeout.declaration,
        membership.declaration, standby.declaration, postgres.declaration, postgresReplica.declaration, postgresSchema.declaration,
        postgresReaders.declaration, logLevel.declaration, logFormat.declaration, agentEvery.declaration, agentSpool.declaration,
        agentResourceID.declaration, agentProcesses.declaration, agentTopic.declaration,
    ]

}
