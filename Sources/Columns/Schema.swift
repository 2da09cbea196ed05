/// A type as Avro has it (Apache Avro specification 1.11, "Schema Declaration"), of those the engine takes.
public indirect enum AvroType: Hashable, Sendable {
    case boolean
    case int
    case long
    case float
    case double
    case string
    case bytes
    case enumeration(name: String, symbols: [String])
    /// `map` with string values.
    case map
    case record(Schema)
    case timestampMillis
    case timestampMicros
    case date
    case uuid
    /// Not Avro's: a length of time, as expressions make it, so that streams the engine writes have a schema. A `long` with the
    /// logical type `duration-micros`, which other readers of Avro pass over; in JSON text seconds (`"1.5s"`).
    case duration

    /// The engine's type. Enums and uuids are strings, dates are timestamps at midnight UTC.
    public var valueType: ValueType {
        switch self {
        case .boolean: .bool
        case .int, .long: .int
        case .float, .double: .double
        case .string, .enumeration, .uuid: .string
        case .bytes: .bytes
        case .map: .map
        case .record: .record
        case .timestampMillis, .timestampMicros, .date: .timestamp
        case .duration: .duration
        }
    }
}

/// A record as an `.avsc` file declares it: the contract of a topic's values.
public struct Schema: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        public var name: String
        public var type: AvroType
        /// Declared as a union with null.
        public var isNullable: Bool
        public var doc: String?
        /// The JSON text of the field's default; used where a record lacks the field. Nil where none is declared.
        public var defaultJSON: String?

        public init(_ name: String, _ type: AvroType, isNullable: Bool = false, doc: String? = nil, defaultJSON: String? = nil) {
            self.name = name
            self.type = type
            self.isNullable = isNullable
            self.doc = doc
            self.defaultJSON = defaultJSON
        }
    }

    public var name: String
    public var namespace: String?
    public var doc: String?
    public var fields: [Field]

    public init(name: String, namespace: String? = nil, doc: String? = nil, fields: [Field]) {
        self.name = name
        self.namespace = namespace
        self.doc = doc
        self.fields = fields
    }

    /// The columns that records of this schema fill, in declaration order, nested records flattened (see `RowType`).
    public var rowType: RowType {
        var columns: [RowType.Column] = []
        func add(_ fields: [Field], under prefix: String) {
            for field in fields {
                let path = prefix + field.name
                guard case .record(let nested) = field.type else {
                    columns.append(.init(path, field.type.valueType, isNullable: field.isNullable, doc: field.doc))
                    continue
                }
                if field.isNullable { columns.append(.init(path, .record, isNullable: false, doc: field.doc)) }
                add(nested.fields, under: path + ".")
            }
        }
        add(fields, under: "")
        return RowType(columns)
    }
}
