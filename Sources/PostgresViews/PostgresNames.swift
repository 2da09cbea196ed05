import Base
import Stores

/// Names and texts in PostgreSQL's statements.
enum PostgresName {
    /// PostgreSQL cuts longer names, and then takes two for one.
    static let bytesMax = 63

    /// A name made of others, which stays within the bound and is another one for other parts.
    static func derived(_ name: String) -> String {
        guard name.utf8.count > bytesMax else { return name }
        var hash = StableHash()
        hash.combine(name)
        let ending = "_" + hash.hex.prefix(12)
        var head = ""
        for character in name.unicodeScalars where head.utf8.count + String(character).utf8.count + ending.utf8.count <= bytesMax {
            head.unicodeScalars.append(character)
        }
        return head + ending
    }

    /// A text in a statement: for comments and names, never for what comes from records.
    static func literal(_ text: String) -> String { "'" + PostgresText.storable(text).replacing("'", with: "''") + "'" }
}

extension PostgresSettings {
    /// `"pioneer"."usage"`
    func qualified(_ table: String) -> String { SQLName.quoted(schema) + "." + SQLName.quoted(table) }

    var viewsTable: String { qualified("_pioneer_views") }
    var positionsTable: String { qualified("_pioneer_positions") }

    /// What a person runs to have a view filled again from the log.
    func dropStatements(_ view: String) -> String {
        "DROP TABLE IF EXISTS \(qualified(view)); \(forgetStatements(view))"
    }

    /// What else there is of a view.
    func forgetStatements(_ view: String) -> String {
        "DELETE FROM \(positionsTable) WHERE view = \(PostgresName.literal(view)); "
            + "DELETE FROM \(viewsTable) WHERE name = \(PostgresName.literal(view));"
    }
}
