import ArgumentParser

/// `--config`, for every command that has settings.
struct SettingsFileOption: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "A file of settings. (default: $\(SettingsFile.variable), else \(SettingsFile.pathDefault) if there)", valueName: "file"))
    var path: String?
}

/// `--data`, which the engine and those who look for it have in common.
struct DataOption: ParsableArguments {
    @Option(help: Settings.dataDir.argumentHelp)
    var data: String?
}

/// `--schemas`, for commands that read topologies.
struct SchemasOption: ParsableArguments {
    @Option(help: Settings.schemas.argumentHelp)
    var schemas: String?
}

/// For commands that read topologies and have no other settings.
struct TopologyOptions: ParsableArguments {
    @OptionGroup var file: SettingsFileOption
    @OptionGroup var option: SchemasOption

    /// Nil: the schemas beside each file's folder. Throws what resolving the settings throws.
    func schemasDirectory() async throws -> String? {
        var given = GivenSettings(file: file.path)
        given.add(Settings.schemas, option.schemas)
        return try await ResolvedSettings.resolve(given).value(Settings.schemas)
    }
}

/// What `pioneer run` may be told about the engine.
struct EngineSettingOptions: ParsableArguments {
    @Option(help: Settings.listen.argumentHelp)
    var listen: String?
    @Option(help: Settings.partitions.argumentHelp)
    var partitions: String?
    @Option(help: Settings.workers.argumentHelp)
    var workers: String?
    @Option(help: Settings.commitInterval.argumentHelp)
    var commitInterval: String?
    @Option(help: Settings.memoryMax.argumentHelp)
    var memoryMax: String?
    @Option(help: Settings.retentionAge.argumentHelp)
    var retentionAge: String?
    @Option(help: Settings.retentionBytes.argumentHelp)
    var retentionBytes: String?
    @OptionGroup var kafka: KafkaSettingOptions
    @OptionGroup var postgres: PostgresSettingOptions
    @Option(help: Settings.logLevel.argumentHelp, completion: .list(["debug", "info", "warning", "error"]))
    var logLevel: String?
    @Option(help: Settings.logFormat.argumentHelp, completion: .list(["text", "json"]))
    var logFormat: String?

    func add(to given: inout GivenSettings) {
        given.add(Settings.listen, listen)
        given.add(Settings.partitions, partitions)
        given.add(Settings.workers, workers)
        given.add(Settings.commitInterval, commitInterval)
        given.add(Settings.memoryMax, memoryMax)
        given.add(Settings.retentionAge, retentionAge)
        given.add(Settings.retentionBytes, retentionBytes)
        kafka.add(to: &given)
        postgres.add(to: &given)
        given.add(Settings.logLevel, logLevel)
        given.add(Settings.logFormat, logFormat)
    }
}

/// What `pioneer run` may be told about Kafka.
struct KafkaSettingOptions: ParsableArguments {
    @Option(help: Settings.kafka.argumentHelp)
    var kafka: String?
    @Option(help: Settings.kafkaReplication.argumentHelp)
    var kafkaReplication: String?
    @Option(help: Settings.sessionTimeout.argumentHelp)
    var sessionTimeout: String?
    @Option(help: Settings.membership.argumentHelp, completion: .list(["static", "dynamic"]))
    var membership: String?
    @Option(help: Settings.standby.argumentHelp, completion: .list(["true", "false"]))
    var standby: String?

    func add(to given: inout GivenSettings) {
        given.add(Settings.kafka, kafka)
        given.add(Settings.kafkaReplication, kafkaReplication)
        given.add(Settings.sessionTimeout, sessionTimeout)
        given.add(Settings.membership, membership)
        given.add(Settings.standby, standby)
    }
}

/// What `pioneer run` may be told about PostgreSQL.
struct PostgresSettingOptions: ParsableArguments {
    @Option(help: Settings.postgres.argumentHelp)
    var postgres: String?
    @Option(help: Settings.postgresReplica.argumentHelp)
    var postgresReplica: String?
    @Option(help: Settings.postgresSchema.argumentHelp)
    var postgresSchema: String?
    @Option(help: Settings.postgresReaders.argumentHelp)
    var postgresReaders: String?

    func add(to given: inout GivenSettings) {
        given.add(Settings.postgres, postgres)
        given.add(Settings.postgresReplica, postgresReplica)
        given.add(Settings.postgresSchema, postgresSchema)
        given.add(Settings.postgresReaders, postgresReaders)
    }
}

/// What `pioneer agent host` may be told about itself.
struct AgentSettingOptions: ParsableArguments {
    @Option(help: Settings.agentEvery.argumentHelp)
    var every: String?
    @Option(help: Settings.agentSpool.argumentHelp)
    var spool: String?
    @Option(help: Settings.agentResourceID.argumentHelp)
    var resourceId: String?
    @Option(help: Settings.agentProcesses.argumentHelp)
    var processes: String?
    @Option(help: Settings.agentTopic.argumentHelp)
    var topic: String?

    func add(to given: inout GivenSettings) {
        given.add(Settings.agentEvery, every)
        given.add(Settings.agentSpool, spool)
        given.add(Settings.agentResourceID, resourceId)
        given.add(Settings.agentProcesses, processes)
        given.add(Settings.agentTopic, topic)
    }
}
