extension Schema {
    /// The schema of rows of a type: dotted paths become nested records, nullable where the type has a presence column for
    /// them. The widest Avro types: `long`, `double`, `timestamp-micros`. Nested records are named after their path, so
    /// that no name comes twice. The result's `rowType` is `rowType` where a record's columns lie side by side.
    public init(name: String, rowType: RowType) {
        self.init(name: name, nodes: RowShape(rowType).roots, type: rowType)
    }

    private init(name: String, nodes: [RowShape.Node], type: RowType) {
        self.init(name: name, fields: nodes.map { node in
            let column = node.column.map { type.columns[$0] }
            guard !node.children.isEmpty || column?.type == .record else {
                return Field(node.name, AvroType(column?.type ?? .record), isNullable: column?.isNullable ?? false, doc: column?.doc)
            }
            let nested = Schema(name: "\(name)_\(node.name)", nodes: node.children, type: type)
            return Field(node.name, .record(nested), isNullable: column != nil, doc: column?.doc)
        })
    }
}

extension AvroType {
    /// The widest Avro type of the engine's; a record without fields for a record.
    init(_ type: ValueType) {
        self = switch type {
        case .bool: .boolean
        case .int: .long
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .timestamp: .timestampMicros
        case .duration: .duration
        case .map: .map
        case .record: .record(Schema(name: "record", fields: []))
        }
    }
}
