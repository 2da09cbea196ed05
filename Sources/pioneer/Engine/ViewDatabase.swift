import Base
import PostgresViews
import SQLiteViews
import Stores
import Telemetry

/// Where an engine keeps its views.
enum ViewDatabase {
    /// A file in the data directory.
    case sqlite(SQLiteViews)
    case postgres(PostgresViews)

    var store: any ViewStore {
        switch self {
        case .sqlite(let views): views
        case .postgres(let views): views
        }
    }

    /// Forgets a view with its rows; `prepare` makes it anew.
    func drop(_ view: String) throws {
        switch self {
        case .sqlite(let views): try views.drop(view)
        case .postgres(let views): try views.drop(view)
        }
    }

    /// Nil: they are on no disk of this machine's that is known of.
    var path: String? {
        switch self {
        case .sqlite(let views): views.path
        case .postgres: nil
        }
    }

    func close() {
        switch self {
        // The database is as after a crash, which it is made for.
        case .sqlite(let views): do { try views.close() } catch {}
        case .postgres(let views): views.close()
        }
    }

    /// Where PostgreSQL cannot be used yet, tries again and again, with a line each time.
    static func awaited(_ settings: PostgresSettings) async throws -> ViewDatabase {
        let views = try await Awaiting.result {
            try PostgresViews(settings)
        } tell: {
            Telemetry.emit(PostgresAwaited(error: $0, retryIn: $1))
            return true
        }
        Telemetry.emit(PostgresConnected(place: views.place, schema: settings.schema))
        return .postgres(views)
    }

    /// Tells of an error of PostgreSQL's that makes the engine wait at its start; false: it is something else's.
    func tellAwaited(_ error: EngineError, retryIn: TimeSpan) -> Bool {
        guard case .postgres = self, error.code.text.hasPrefix("view.") else { return false }
        Telemetry.emit(PostgresAwaited(error: error, retryIn: retryIn))
        return true
    }
}

struct PostgresAwaited: InternalEvent {
    static let name = "postgres_awaited"
    static let level = EventLevel.warning
    var error: EngineError
    var retryIn: TimeSpan
    var message: String { "PostgreSQL cannot be used yet; tried again in \(retryIn), until it can or Ctrl-C." }
    var fields: [EventField] { [EventField("code", error.code.text), EventField("error", error.message)] }
}

struct PostgresConnected: InternalEvent {
    static let name = "postgres_connected"
    static let level = EventLevel.info
    /// Without user and password.
    var place: String
    var schema: String
    var message: String { "Views are kept in PostgreSQL." }
    var fields: [EventField] { [EventField("place", place), EventField("schema", schema)] }
}
