import Base
import SQLiteViews

/// What changes of topologies do with views that they no longer have.
extension DataDirectory {
    func drop(view: String) throws { try views.drop(view) }

    /// Rows of a view, whether anything has prepared it or not; nil: there is none.
    func storedRowCount(of view: String) -> Int? { (try? views.storedRowCount(of: view)).flatMap { $0 } }
}
