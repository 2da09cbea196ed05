import Base
import Columns
import FoundationEssentials
import Stores

/// What the file knows of a view's table: written by `prepare`, compared with the definition of the next start.
struct StoredDefinition: Codable {
    struct StoredColumn: Codable {
        var name: String
        /// `ValueType`'s name: `timestamp`, `map(string, string)`.
        var type: String
        /// Whether the definition no longer has the column: it stays, and rows written from then on hold null in it.
        var isRetired: Bool
        /// Whether rows may be older than it, or than its return, and hold null in it whatever its type says. Absent: no.
        var isGained: Bool?
    }

    struct StoredKeyColumn: Codable, Equatable {
        var name: String
        var isNullable: Bool
    }

    /// Version of this JSON: 1.
    var version = 1
    var topology: String
    var columns: [StoredColumn]
    var key: [StoredKeyColumn]
    /// Whether the table has the index for `keep`.
    var hasKeepIndex: Bool

    init(_ view: ViewDefinition) {
        topology = view.topology
        columns = view.type.columns.map { StoredColumn(name: $0.flatName, type: $0.type.description, isRetired: false) }
        key = Self.key(of: view)
        hasKeepIndex = view.keep != nil
    }

    static func key(of view: ViewDefinition) -> [StoredKeyColumn] {
        view.key.map { StoredKeyColumn(name: $0, isNullable: ViewSQL.isKeyNullable($0, of: view)) }
    }

    init(json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var retired: [String] { columns.filter(\.isRetired).map(\.name) }
    var gained: Set<String> { Set(columns.filter { $0.isGained ?? false }.map(\.name)) }
}
