public import Columns

/// What the dialects of SQL say differently of a `ViewQuery`; `QuerySQL` writes what they share.
///
/// A dialect writes columns as `QueriedView.Column.quoted` and values through `QuerySQL.bind`: nothing else that came from
/// outside.
public protocol QueryDialect: Sendable {
    /// Conditions that always and never hold.
    var always: String { get }
    var never: String { get }

    /// The view's table, as `FROM` takes it.
    func table(of view: ViewDefinition) -> String

    /// The condition for the rows that are there for queries; nil where all in the table are.
    func visible(in view: ViewDefinition) -> String?

    /// The parameter of that number, counted from 1.
    func placeholder(_ number: Int) -> String

    /// The aggregate over a column, whose name is quoted already.
    func expression(_ aggregate: ViewQuery.Aggregate, of type: ValueType, _ name: String) -> String

    /// What parameters that the aggregate's result is compared with are bound as. By default the result's own type.
    func boundType(of aggregate: ViewQuery.Aggregate, _ result: ValueType) -> ValueType

    /// What the view's table holds for the value in the column of that name. By default the value itself.
    func stored(_ value: Value, in column: String) -> Value

    func append(_ column: QueriedView.Column, isOneOf values: [Value], to sql: inout QuerySQL) throws
    func append(_ column: QueriedView.Column, matches pattern: ViewQuery.Pattern, to sql: inout QuerySQL)

    /// Ends the statement: `limit` rows from `offset` on.
    func appendPage(limit: Int64, offset: Int64, to sql: inout QuerySQL)
}

extension QueryDialect {
    public func visible(in view: ViewDefinition) -> String? { nil }
    public func stored(_ value: Value, in column: String) -> Value { value }
    public func boundType(of aggregate: ViewQuery.Aggregate, _ result: ValueType) -> ValueType { result }
}

/// A view as its queries are checked against: looked up once, because making the names of every column anew would cost
/// more than the rest of a small query.
public struct QueriedView: Sendable {
    public struct Column: Sendable {
        public var type: ValueType
        /// Its name in SQL.
        public let quoted: String
        /// Its flattened name; nil of what only an answer has.
        let name: String?
    }

    public let definition: ViewDefinition
    /// By flattened name, as the definition has them.
    let described: [String: RowType.Column]
    let columns: [String: Column]
    /// The columns in which a null may stand.
    let nullable: Set<String>

    /// - Parameter gained: columns that the table has not had for as long as its rows, in which a null may stand whatever
    ///   their type says.
    public init(_ definition: ViewDefinition, gained: Set<String>) {
        self.definition = definition
        let type = definition.type
        nullable = gained.union(type.columns.indices.filter(definition.isStoredNullable).map { type.columns[$0].flatName })
        described = Dictionary(type.columns.map { ($0.flatName, $0) }) { first, _ in first }
        columns = described.reduce(into: [:]) { $0[$1.key] = Column(type: $1.value.type, quoted: SQLName.quoted($1.key), name: $1.key) }
    }
}
