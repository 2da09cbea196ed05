import Base
public import Columns

/// What stores of views check alike.
extension ViewDefinition {
    /// What the planner does not check, because only SQL minds it. Throws `view.definition`.
    ///
    /// Column names that differ in case alone are refused also where the database tells them apart, so that a topology
    /// works on every store.
    public func checkNames(reservedPrefix: String) throws {
        func refuse(_ message: String, _ remedy: String) -> EngineError { EngineError(.viewDefinition, .user, message, remedy: remedy) }
        let allowed = "Names start with a letter and have letters, digits and '_'."
        guard SQLName.isPlain(name), !name.lowercased().hasPrefix(reservedPrefix) else {
            throw refuse("'\(name)' cannot be the name of a view", "\(allowed) '\(reservedPrefix)' is the database's own prefix.")
        }
        var seen = [SQLName.eventTimeColumn: SQLName.eventTimeColumn]
        for column in type.columns {
            let column = column.flatName
            guard !column.isEmpty, !column.utf8.contains(0) else { throw refuse("view '\(name)' has a column without a name", allowed) }
            if let other = seen.updateValue(column, forKey: column.lowercased()) {
                throw refuse(
                    "view '\(name)' has the columns '\(other)' and '\(column)', which are one name in SQL",
                    "Rename one with a map and a select before the view.")
            }
        }
        for column in key where type.index(flatName: column) == nil {
            throw refuse("the key of view '\(name)' names '\(column)', which is no column of it", "Its columns are \(type).")
        }
        for column in indexes.joined() where type.index(flatName: column) == nil {
            throw refuse("an index of view '\(name)' names '\(column)', which is no column of it", "Its columns are \(type).")
        }
        guard !key.isEmpty else { throw refuse("view '\(name)' has no key", "Name the columns that make a row unique.") }
    }

    /// Whether the column may be stored as NULL. Doubles may, because that is what NaN becomes.
    public func isStoredNullable(at index: Int) -> Bool { type.isNullable(at: index) || type.columns[index].type == .double }

    /// Types of the key's columns, in the key's order.
    public var keyTypes: [ValueType] { key.compactMap { name in type.index(flatName: name).map { type.columns[$0].type } } }
}

extension ViewChange {
    /// Whether rows and keys are of the view's type. Throws `view.mismatch`.
    public func check(fits definition: ViewDefinition) throws {
        guard upserts.type == definition.type else {
            throw EngineError(
                .viewMismatch, .internal, "a change of view '\(view)' has rows of type \(upserts.type), the view is \(definition.type)")
        }
        guard !deletes.isEmpty else { return }
        let types = definition.keyTypes
        for key in deletes where key.count != types.count || !zip(key, types).allSatisfy({ $0.fits($1) }) {
            throw EngineError(.viewMismatch, .internal, "a delete from view '\(view)' has the key \(key) for \(definition.key)")
        }
    }
}

extension Value {
    /// Whether a column of the type can hold the value; null fits every type.
    public func fits(_ type: ValueType) -> Bool {
        switch (self, type) {
        case (.null, _), (.bool, .bool), (.bool, .record), (.int, .int), (.double, .double), (.string, .string), (.bytes, .bytes),
            (.timestamp, .timestamp), (.duration, .duration), (.map, .map):
            true
        default: false
        }
    }
}
