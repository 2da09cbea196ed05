public import Base
public import Columns

/// What reading a schema gave.
public struct SchemaReading: Sendable {
    public var schema: Schema?
    public var findings: [Finding]
    public init(schema: Schema?, findings: [Finding] = []) {
        self.schema = schema
        self.findings = findings
    }
}

/// Where schemas come from, by name.
public struct SchemaCatalog: Sendable {
    /// What messages call the place.
    public let place: String
    /// All there are, sorted.
    public let names: [String]
    /// The place itself is not there, or cannot be looked into.
    public let isMissing: Bool
    /// Reads the schema of one of `names`.
    public let read: @Sendable (_ name: String) -> SchemaReading

    public init(place: String, names: [String], isMissing: Bool = false, read: @escaping @Sendable (_ name: String) -> SchemaReading) {
        self.place = place
        self.isMissing = isMissing
        self.names = names.sorted()
        self.read = read
    }

    /// Schemas already at hand.
    public init(_ schemas: [String: Schema]) {
        self.init(place: "the schemas given", names: Array(schemas.keys)) { SchemaReading(schema: schemas[$0]) }
    }
}
