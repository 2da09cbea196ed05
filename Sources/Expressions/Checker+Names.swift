import Base
import Columns

/// Names and fields: what stands in the row.
extension Checker {
    /// An identifier, or a field of something.
    mutating func name(_ node: SyntaxNode, _ present: Set<Int>) -> TypedNode {
        if let path = node.path, let found = field(path, node, present) { return found }
        guard case .select(let operand, let name) = node.kind else {
            return report(unknownField(node.path ?? "\(node)", in: nil, at: node.focus), node)
        }
        return selection(of: name, from: check(operand, present), node)
    }

    /// `owner.name`; with `allowsNull`, a null map has no keys.
    mutating func selection(
        of name: String, from owner: TypedNode, _ node: SyntaxNode, allowsNull: Bool = false
    ) -> TypedNode {
        switch owner.type {
        case .invalid: return .invalid(node)
        case .value(.record):
            guard case .record(let path, _) = owner.kind else { return .invalid(node) }
            return report(unknownField(name, in: path, at: node.focus), node)
        case .value(.map):
            return index(owner, by: Self.key(name, node), node, allowsNull: allowsNull)
        case .value, .null:
            return report(
                ExpressionIssue(
                    .expressionType, "'\(owner.syntax)' is of type \(owner.type) and has no field '\(name)'",
                    remedy: "Records and maps have fields.", at: node.focus), node)
        }
    }

    /// `a[b]`; with `allowsNull`, a null map has no keys.
    mutating func index(
        _ owner: TypedNode, by key: TypedNode, _ node: SyntaxNode, allowsNull: Bool = false
    ) -> TypedNode {
        var owner = owner
        if allowsNull, owner.type == .value(.map) { owner.isNullable = false }
        return resolve("[]", .symbol, [requiringValue(owner), requiringValue(key)], node)
    }

    /// A map's key that is written as a field's name.
    static func key(_ name: String, _ node: SyntaxNode) -> TypedNode {
        TypedNode(.constant(.string(name)), .value(.string), node)
    }

    /// The column or record at a path, if there is one.
    mutating func field(_ path: String, _ node: SyntaxNode, _ present: Set<Int>) -> TypedNode? {
        let index = row.index(of: path)
        if let index, row.columns[index].type != .record {
            columnsRead.insert(index)
            let isNullable = !Set(presenceColumns(of: index)).isSubset(of: present)
            return TypedNode(.column(index), .value(row.columns[index].type), isNullable: isNullable, node)
        }
        guard index != nil || row.isRecord(path) else { return nil }
        let presence = row.columns.indices.filter {
            row.columns[$0].type == .record && (path + ".").hasPrefix(row.columns[$0].path + ".")
        }
        return TypedNode(
            .record(path: path, presence: presence), .value(.record), isNullable: !Set(presence).isSubset(of: present), node)
    }

    /// The columns that say whether the column holds a value: itself, if its field is nullable, and the records around it.
    func presenceColumns(of index: Int) -> [Int] {
        row.enclosingRecords(of: index) + (row.columns[index].isNullable ? [index] : [])
    }

    private func unknownField(_ name: String, in record: String?, at range: Range<Int>) -> ExpressionIssue {
        let prefix = record.map { $0 + "." } ?? ""
        var fields: [String] = []
        for column in row.columns where column.path.hasPrefix(prefix) {
            let field = String(column.path.dropFirst(prefix.count).prefix { $0 != "." })
            if !fields.contains(field) { fields.append(field) }
        }
        let listed = fields.prefix(30).joined(separator: ", ") + (fields.count > 30 ? ", …" : "")
        let nearest = nearestName(to: name, among: fields).map { "Did you mean '\($0)'? " } ?? ""
        return ExpressionIssue(
            .expressionUnknownField, "\(record.map { "record '\($0)'" } ?? "the row") has no field '\(name)'",
            remedy: fields.isEmpty ? "It has no fields at all." : "\(nearest)Fields: \(listed).", at: range)
    }
}
