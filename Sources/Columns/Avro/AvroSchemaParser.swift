public import Base

extension ErrorCode {
    public static let schemaSyntax = ErrorCode("schema.syntax")
    public static let schemaNotARecord = ErrorCode("schema.not_a_record")
    public static let schemaMissingKey = ErrorCode("schema.missing_key")
    public static let schemaUnknownKey = ErrorCode("schema.unknown_key")
    public static let schemaDuplicateKey = ErrorCode("schema.duplicate_key")
    public static let schemaWrongValue = ErrorCode("schema.wrong_value")
    public static let schemaBadName = ErrorCode("schema.bad_name")
    public static let schemaDuplicateName = ErrorCode("schema.duplicate_name")
    public static let schemaUnknownType = ErrorCode("schema.unknown_type")
    public static let schemaUnsupportedType = ErrorCode("schema.unsupported_type")
    public static let schemaBadUnion = ErrorCode("schema.bad_union")
    public static let schemaBadLogicalType = ErrorCode("schema.bad_logical_type")
    public static let schemaRecursion = ErrorCode("schema.recursion")
    public static let schemaBadDefault = ErrorCode("schema.bad_default")
}

/// Reads `.avsc` files: Avro records (Apache Avro specification 1.11) of the types that `AvroType` has.
///
/// All findings are reported in one run, each at the offending token. What the engine does not take is a finding that
/// says what it does take; nothing is passed over, except attributes that Avro permits as metadata (and those not when they
/// look like a slip in a known one).
public struct AvroSchemaParser {
    public static let allowedTypes =
        "boolean, int, long, float, double, string, bytes, enum, map of string, record, a union of one of these with null, "
        + "and the logical types timestamp-millis, timestamp-micros (long), date (int), uuid (string)"

    let text: String
    let file: String
    var findings: [Finding] = []
    /// Records and enums declared so far, by full name.
    var named: [String: AvroType] = [:]
    /// Full names of the records around the one being read.
    var open: [String] = []

    /// The schema, or nil and why not. - Complexity: O(text), findings aside.
    public static func parse(_ text: String, file: String) -> (schema: Schema?, findings: [Finding]) {
        var parser = AvroSchemaParser(text: text, file: file)
        let schema = parser.parse()
        return (parser.findings.isEmpty ? schema : nil, parser.findings.sorted { $0.location < $1.location })
    }

    private init(text: String, file: String) {
        self.text = text
        self.file = file
    }

    mutating func report(_ code: ErrorCode, _ message: String, remedy: String? = nil, at offset: Int) {
        findings.append(Finding(code, message, remedy: remedy, at: SourceLocation(file: file, offset: offset, in: text)))
    }

    private mutating func parse() -> Schema? {
        let root: JSONValue
        do {
            root = try JSONValue.parse(text)
        } catch {
            report(.schemaSyntax, error.message, remedy: "A schema file is one JSON object: an Avro record.", at: error.offset)
            return nil
        }
        guard root.members != nil, root["type"]?.string == "record" else {
            report(
                .schemaNotARecord, "a schema file declares a record, not \(root["type"].map(\.description) ?? root.kindName)",
                remedy: #"Write { "type": "record", "name": "…", "fields": [ … ] }."#, at: root.offset)
            return nil
        }
        return record(root, namespace: nil)
    }

    /// Reads a record's declaration and remembers its name.
    mutating func record(_ value: JSONValue, namespace: String?) -> Schema? {
        checkKeys(value, ["type", "name", "namespace", "doc", "aliases", "fields"], of: "a record")
        let (name, space) = self.name(of: value, namespace: namespace)
        let full = name.map { Schema.fullName($0, space) }
        if let full {
            if open.contains(full) || named[full] != nil {
                report(
                    .schemaDuplicateName, "'\(full)' is declared twice",
                    remedy: "Name each record and enum once; refer to it by name after.", at: value["name"]!.offset)
            }
            open.append(full)
        }
        defer { if full != nil { open.removeLast() } }
        var schema = Schema(name: name ?? "", namespace: space == namespace ? nil : space, doc: string("doc", of: value), fields: [])
        guard let fields = value["fields"] else {
            report(
                .schemaMissingKey, "the record has no 'fields'",
                remedy: #"Write "fields": [ { "name": "…", "type": "…" } ]."#, at: value.offset)
            return nil
        }
        guard let elements = fields.elements else {
            report(.schemaWrongValue, "'fields' is \(fields.kindName)", remedy: "Write an array of fields.", at: fields.offset)
            return nil
        }
        var seen: Set<String> = []
        for element in elements {
            guard let field = field(element, namespace: space) else { continue }
            if !seen.insert(field.name).inserted {
                report(
                    .schemaDuplicateName, "the record has two fields '\(field.name)'", remedy: "Rename or remove one.",
                    at: element["name"]!.offset)
            }
            schema.fields.append(field)
        }
        if let full { named[full] = .record(schema) }
        return schema
    }

    private mutating func field(_ value: JSONValue, namespace: String?) -> Schema.Field? {
        guard value.members != nil else {
            report(.schemaWrongValue, "a field is \(value.kindName)", remedy: #"Write { "name": "…", "type": "…" }."#, at: value.offset)
            return nil
        }
        checkKeys(value, ["name", "type", "doc", "default", "order", "aliases"], of: "a field")
        let name = plainName(value["name"], of: "the field", at: value.offset)
        let doc = string("doc", of: value)
        guard let declared = value["type"] else {
            report(.schemaMissingKey, "field '\(name ?? "?")' has no 'type'", remedy: "Allowed: \(Self.allowedTypes).", at: value.offset)
            return nil
        }
        guard let (type, isNullable, isNullFirst) = fieldType(declared, namespace: namespace) else { return nil }
        if let text = value["default"] { checkDefault(text, type, isNullable: isNullable, isNullFirst: isNullFirst) }
        guard let name else { return nil }
        return Schema.Field(name, type, isNullable: isNullable, doc: doc, defaultJSON: value["default"]?.description)
    }

    /// A field's type, which alone may be a union with null.
    private mutating func fieldType(_ value: JSONValue, namespace: String?) -> (AvroType, isNullable: Bool, isNullFirst: Bool)? {
        guard let branches = value.elements else { return type(value, namespace: namespace).map { ($0, false, false) } }
        let nulls = branches.indices.filter { branches[$0].string == "null" }
        guard branches.count == 2, nulls.count == 1 else {
            report(
                .schemaBadUnion, "the union \(value) is not of null and one type",
                remedy: #"Write ["null", T] or [T, "null"], or a record with a nullable field for each."#,
                at: value.offset)
            return nil
        }
        return type(branches[1 - nulls[0]], namespace: namespace).map { ($0, true, nulls[0] == 0) }
    }
}
