import Base
import Foundation
import KafkaBrokers
import PostgresServer
import Testing

/// Engines on Kafka whose view is in PostgreSQL, and what happens to that. The table must have what `ShowInput` computes, each
/// row once, and no position may ever go back but with a database that was lost.
///
/// Fault model: that of `KafkaShow`; and the server is killed (SIGKILL, all of it or one process), stopped, its connections are
/// terminated, its disk is full, its database is dropped. What it has said to be durable stays (`fsync` is on), but for the last
/// commits before a crash, which the engine does without (`synchronous_commit`).
final class PostgresShow {
    let kafka: KafkaShow
    let server: PostgresServer
    let database: PostgresDatabase
    private static let stallSeconds = 90.0

    init(
        _ broker: FaultBroker, _ server: PostgresServer, tablespace: String? = nil, _ change: (inout KafkaShow.Options) -> Void = { _ in }
    ) throws {
        self.server = server
        database = try server.makeDatabase(tablespace: tablespace)
        var options = KafkaShow.Options()
        options.session = 2
        options.postgres = database.url
        change(&options)
        kafka = try KafkaShow(broker.address, options)
    }

    // MARK: What came of it

    /// The view's rows in the words of `ShowInput.rows`.
    func rows() throws -> [String] {
        try database.sql(
            """
            SELECT resource_id || ' ' || (extract(epoch FROM window_start) * 1000)::bigint || ' ' || samples || ' ' || total::bigint
            FROM pioneer.minutes
            """
        ).sorted()
    }

    /// Where the projection goes on, by partition.
    func positions() throws -> [Int: Int] {
        try database.sql("SELECT partition, next_offset FROM pioneer._pioneer_positions WHERE view = 'minutes'").reduce(into: [:]) {
            let parts = $1.split(separator: "|").compactMap { Int($0) }
            if parts.count == 2 { $0[parts[0]] = parts[1] }
        }
    }

    /// Waits until the view has exactly the rows that are computed; a minute and a half without a change is too long.
    func settle() throws {
        try kafka.settle()
        var last: [String] = [], deadline = Deadline(seconds: Self.stallSeconds)
        while true {
            let rows = (try? rows()) ?? []
            if rows == kafka.input.rows { return }
            if rows != last { (last, deadline) = (rows, Deadline(seconds: Self.stallSeconds)) }
            guard !deadline.isOver else {
                let found = Set(rows), due = Set(kafka.input.rows)
                throw Trouble(
                    """
                    the view has \(rows.count) rows where \(due.count) are computed; repeat it with \(kafka.options)
                      \(found.subtracting(due).count) too many: \(found.subtracting(due).sorted().prefix(5))
                      \(due.subtracting(found).count) missing: \(due.subtracting(found).sorted().prefix(5))
                    """ + kafka.tails + "\n--- PostgreSQL's last words:\n" + server.log.suffix(1_000))
            }
            pause(milliseconds: 200)
        }
    }

    /// The same; and that the engines stop well, and change nothing by it.
    func expectReference() throws {
        try settle()
        try kafka.expectReference()
        #expect(try rows() == kafka.input.rows)
    }

    /// What the engine's status says of the view; nil while it does not answer.
    static func view(_ engine: EngineProcess) -> [String: Any]? {
        guard let answer = try? HTTPExchange(port: engine.port, target: "/api/v1/status", timeout: 20).answer(),
            let object = try? answer.object(), let topologies = object["topologies"] as? [[String: Any]]
        else { return nil }
        return (topologies.first?["views"] as? [[String: Any]])?.first
    }

    /// The code of what keeps the view from going on, as an engine says it.
    static func trouble(_ engine: EngineProcess) -> String? {
        (view(engine)?["trouble"] as? [String: Any])?["code"] as? String
    }

    // MARK: Rebuilding

    private static let path = "/api/v1/views/minutes/rebuild"

    /// Asks one of the engines that answer.
    func rebuild(_ method: String) throws -> [String: Any] {
        try wait(upTo: 60, for: "an engine to answer \(method) \(Self.path)" + kafka.tails) {
            for engine in kafka.engines {
                let answer = try? HTTPExchange(port: engine.port, method: method, target: Self.path, timeout: 20).answer()
                if let answer, answer.status < 300, let object = try? answer.object() { return object["rebuild"] as? [String: Any] ?? [:] }
            }
            return nil
        }
    }

    /// Spoils the view's rows by other hands.
    func spoil() throws {
        try database.sql(
            """
            DELETE FROM pioneer.minutes WHERE samples % 3 = 0;
            UPDATE pioneer.minutes SET total = total + 1 WHERE samples % 3 = 1;
            INSERT INTO pioneer.minutes SELECT * FROM json_populate_recordset(NULL::pioneer.minutes,
                '[{"resource_id": "nobody", "window_start": "2025-06-01T00:00:00Z", "_event_time": "2025-06-01T00:00:00Z"}]')
            ON CONFLICT DO NOTHING
            """)
    }
}
