import Base

extension AvroSchemaParser {
    private static let primitives: [String: AvroType] = [
        "boolean": .boolean, "int": .int, "long": .long, "float": .float, "double": .double, "string": .string, "bytes": .bytes,
    ]

    private static let logicalTypes: [(name: String, base: AvroType, type: AvroType)] = [
        ("timestamp-millis", .long, .timestampMillis), ("timestamp-micros", .long, .timestampMicros), ("date", .int, .date),
        ("uuid", .string, .uuid), ("duration-micros", .long, .duration),
    ]

    /// What to do instead of an Avro type that has no column.
    private static let unsupported: [String: String] = [
        "array": "a row holds no lists: send one record an element, or a map of string",
        "fixed": "use bytes",
        "null": #"only as part of a union: ["null", T]"#,
        "error": "use record",
    ]

    /// Reads a type that is not a union.
    mutating func type(_ value: JSONValue, namespace: String?) -> AvroType? {
        switch value.kind {
        case .string(let name): return reference(name, at: value.offset, namespace: namespace)
        case .object: break
        case .array:
            report(
                .schemaBadUnion, "a union stands inside another type", remedy: "A union is the type of a field, of null and one type.",
                at: value.offset)
            return nil
        default:
            report(.schemaWrongValue, "a type is \(value.kindName)", remedy: "Allowed: \(Self.allowedTypes).", at: value.offset)
            return nil
        }
        guard let inner = value["type"] else {
            report(.schemaMissingKey, "the type has no 'type'", remedy: "Allowed: \(Self.allowedTypes).", at: value.offset)
            return nil
        }
        switch inner.string {
        case "record": return record(value, namespace: namespace).map { .record($0) }
        case "enum": return enumeration(value, namespace: namespace)
        case "map": return map(value, namespace: namespace)
        case let name? where Self.unsupported[name] == nil:
            checkKeys(value, ["type", "logicalType", "precision", "scale", "doc"], of: "the type")
            return logical(value["logicalType"], reference(name, at: inner.offset, namespace: namespace))
        default:
            // `{ "type": { … } }` means the inner type; what is unsupported is said there.
            return type(inner, namespace: namespace)
        }
    }

    private mutating func reference(_ name: String, at offset: Int, namespace: String?) -> AvroType? {
        if let type = Self.primitives[name] { return type }
        let full = Schema.fullName(name, namespace)
        if let type = named[full] ?? named[name] { return type }
        if let outer = [full, name].first(where: { open.contains($0) }) {
            report(
                .schemaRecursion, "record '\(outer)' contains itself",
                remedy: "A row has a fixed set of columns: refer to the other record by its key instead.", at: offset)
        } else if let instead = Self.unsupported[name] {
            report(.schemaUnsupportedType, "type '\(name)' has no column", remedy: "\(instead); allowed: \(Self.allowedTypes).", at: offset)
        } else {
            let complex = ["record", "enum", "map"]
            let nearest = nearestName(to: name, among: Self.primitives.keys.sorted() + complex + named.keys.sorted())
            let hint =
                complex.contains(name)
                ? "Write it as an object: { \"type\": \"\(name)\", … }. " : nearest.map { "Did you mean '\($0)'? " } ?? ""
            report(
                .schemaUnknownType, "unknown type '\(name)'", remedy: "\(hint)Allowed: \(Self.allowedTypes), or a name declared before.",
                at: offset)
        }
        return nil
    }

    private mutating func logical(_ value: JSONValue?, _ base: AvroType?) -> AvroType? {
        guard let value, let base else { return base }
        let allowed = "allowed: timestamp-millis and timestamp-micros on long, date on int, uuid on string"
        guard let name = value.string, let known = Self.logicalTypes.first(where: { $0.name == name }) else {
            let nearest = value.string.flatMap { nearestName(to: $0, among: Self.logicalTypes.map(\.name)) }
            let instead =
                value.string == "decimal" ? "Use double, or long in the smallest unit. " : nearest.map { "Did you mean '\($0)'? " } ?? ""
            report(.schemaBadLogicalType, "unknown logical type \(value)", remedy: instead + allowed, at: value.offset)
            return nil
        }
        guard known.base == base else {
            report(.schemaBadLogicalType, "logical type '\(name)' stands on the wrong type", remedy: allowed, at: value.offset)
            return nil
        }
        return known.type
    }

    private mutating func map(_ value: JSONValue, namespace: String?) -> AvroType? {
        checkKeys(value, ["type", "values"], of: "a map")
        guard let values = value["values"] else {
            report(.schemaMissingKey, "the map has no 'values'", remedy: #""values": "string""#, at: value.offset)
            return nil
        }
        guard values.string == "string" || values["type"]?.string == "string" && values["logicalType"] == nil else {
            report(
                .schemaUnsupportedType, "a map of \(values)", remedy: "A map's values are strings; use a record for fields of other types.",
                at: values.offset)
            return nil
        }
        return .map
    }

    private mutating func enumeration(_ value: JSONValue, namespace: String?) -> AvroType? {
        checkKeys(value, ["type", "name", "namespace", "doc", "aliases", "symbols", "default"], of: "an enum")
        let (name, space) = self.name(of: value, namespace: namespace)
        guard let symbols = value["symbols"] else {
            report(.schemaMissingKey, "the enum has no 'symbols'", remedy: #"Write "symbols": ["A", "B"]."#, at: value.offset)
            return nil
        }
        guard let elements = symbols.elements, !elements.isEmpty else {
            report(.schemaWrongValue, "'symbols' is \(symbols)", remedy: "Write an array of at least one symbol.", at: symbols.offset)
            return nil
        }
        var names: [String] = []
        for element in elements {
            guard let symbol = plainName(element, of: "a symbol", at: symbols.offset) else { continue }
            if names.contains(symbol) {
                report(.schemaDuplicateName, "the enum has symbol '\(symbol)' twice", remedy: "Remove one.", at: element.offset)
            }
            names.append(symbol)
        }
        guard let name else { return nil }
        let full = Schema.fullName(name, space)
        if open.contains(full) || named[full] != nil {
            report(
                .schemaDuplicateName, "'\(full)' is declared twice", remedy: "Name each record and enum once; refer to it by name after.",
                at: value["name"]!.offset)
        }
        // The full name where it is not in the namespace around it, so that it means the same wherever it is written.
        let type = AvroType.enumeration(name: space == namespace ? name : full, symbols: names)
        named[full] = type
        return type
    }
}
