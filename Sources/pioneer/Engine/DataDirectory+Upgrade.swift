import Base
import PostgresViews
import SQLiteViews

/// What changes of topologies do with views that they no longer have.
extension DataDirectory {
    func drop(view: String) throws { try views.drop(view) }
}

/// Counts rows of views while no engine runs, where the settings say that views are. Nothing is made or changed there.
struct StoredViewRows {
    private let count: (String) throws -> Int?
    /// Nil: they are not in a file, or it is not there.
    private var file: SQLiteViews?
    /// Why rows are not known; nil: they are.
    private(set) var trouble: EngineError?

    /// A PostgreSQL that is away leaves the rows unknown. Throws what waiting does not mend: `view.address`, `view.denied`.
    /// A file that is not there has none to count.
    init(in directory: String, _ postgres: PostgresSettings?) throws {
        guard let postgres else {
            let path = DataDirectory.viewsPath(directory)
            let views = FilePath.exists(path + "/" + SQLiteViews.fileName) ? try SQLiteViews(directory: path, cacheBytes: 4 << 20) : nil
            file = views
            count = { try views?.storedRowCount(of: $0) }
            return
        }
        do {
            let counts = try StoredRowCounts(postgres)
            count = { try counts.count(of: $0) }
        } catch let error as EngineError where error.isTransient {
            trouble = error
            count = { _ in 0 }
        }
    }

    /// The file is as after a crash where that fails, which it is made for.
    func close() { do { try file?.close() } catch {} }

    /// Nil from the first trouble on.
    mutating func count(of view: String) -> Int? {
        guard trouble == nil else { return nil }
        do { return try count(view) } catch {
            trouble = error as? EngineError
                ?? EngineError(.unexpected, .internal, "\(error)", remedy: "This is a defect of pioneer: please report it.")
            return nil
        }
    }
}
