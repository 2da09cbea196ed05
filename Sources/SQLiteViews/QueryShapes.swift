import GRDB
import Synchronization

/// Which queries each connection holds prepared: GRDB's cache of statements has no limit, and people's queries come in
/// any number of shapes.
final class QueryShapes: Sendable {
    private let texts = Mutex<[ObjectIdentifier: Set<String>]>([:])

    /// Notes that the connection holds the text. True where it holds too many others: then it is to forget them all.
    func isFull(adding text: String, on db: Database) -> Bool {
        texts.withLock { texts in
            let id = ObjectIdentifier(db)
            let isFull = texts[id].map { $0.count >= SQLiteViews.Limits.shapesMax && !$0.contains(text) } ?? false
            if isFull { texts[id] = nil }
            texts[id, default: []].insert(text)
            return isFull
        }
    }
}
