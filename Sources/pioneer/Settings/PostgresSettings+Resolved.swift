import Base
import PostgresViews

extension PostgresSettings {
    /// What the settings say about PostgreSQL; nil: views are in the data directory. Throws `config.bad_value`.
    init?(_ settings: ResolvedSettings) throws {
        guard let url = settings.value(Settings.postgres) else {
            let origins = [
                settings.origin(Settings.postgresReplica), settings.origin(Settings.postgresSchema),
                settings.origin(Settings.postgresReaders),
            ]
            for origin in origins where origin != .standard {
                throw EngineError(
                    .configBadValue, .user, "\(origin.description) is about PostgreSQL, and none is given",
                    remedy: "Give --postgres URL (or set PIONEER_POSTGRES), or leave that away.")
            }
            return nil
        }
        self.init(
            url: url, replicaURL: settings.value(Settings.postgresReplica), schema: settings[Settings.postgresSchema],
            readersMax: settings[Settings.postgresReaders])
    }
}
