public import Base

/// Where views are kept, and within which bounds.
public struct PostgresSettings: Sendable {
    /// libpq's address: `postgresql://user@host/database?sslmode=verify-full`. May hold a password; never printed.
    public var url: String
    /// The address of a standby that queries read from; nil: they read where rows are written.
    public var replicaURL: String?
    /// The schema that holds everything of the engine; made where it is missing and the role may.
    public var schema: String
    /// What `pg_stat_activity` shows.
    public var applicationName: String
    /// Connections that queries use at once; further queries wait for one.
    public var readersMax: Int
    /// How long a query waits for a connection while all are in use.
    public var queryWait: TimeSpan
    /// How long a query may take on the server.
    public var queryTimeout: TimeSpan
    /// How long a statement that writes may take: far longer than any batch does.
    public var statementTimeout: TimeSpan
    /// How long it waits for a lock that somebody else holds.
    public var lockTimeout: TimeSpan

    public init(
        url: String, replicaURL: String? = nil, schema: String = "pioneer", applicationName: String = "pioneer", readersMax: Int = 8,
        queryWait: TimeSpan = .seconds(5), queryTimeout: TimeSpan = .seconds(30),
        statementTimeout: TimeSpan = .minutes(5), lockTimeout: TimeSpan = .seconds(2)
    ) {
        self.url = url
        self.replicaURL = replicaURL
        self.schema = schema
        self.applicationName = applicationName
        self.readersMax = readersMax
        self.queryWait = queryWait
        self.queryTimeout = queryTimeout
        self.statementTimeout = statementTimeout
        self.lockTimeout = lockTimeout
    }
}
