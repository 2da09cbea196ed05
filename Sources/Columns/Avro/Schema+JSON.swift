extension Schema {
    /// The schema as the text of an `.avsc` file, which `AvroSchemaParser` reads back as an equal schema. A type named
    /// before is referred to by its name.
    public func avroJSON() -> String {
        var written: Set<String> = []
        return record(indent: "", inherited: nil, &written) + "\n"
    }

    private func record(indent: String, inherited: String?, _ written: inout Set<String>) -> String {
        let inner = indent + "  "
        let space = namespace ?? inherited
        written.insert(Self.fullName(name, space))
        var lines = [#""type": "record""#, #""name": \#(JSONText.quoted(name))"#]
        if let namespace { lines.append(#""namespace": \#(JSONText.quoted(namespace))"#) }
        if let doc { lines.append(#""doc": \#(JSONText.quoted(doc))"#) }
        let items = fields.map { field in
            inner + "  " + Self.text(of: field, indent: inner + "  ", space: space, &written)
        }
        lines.append("\"fields\": [" + (items.isEmpty ? "]" : "\n" + items.joined(separator: ",\n") + "\n\(inner)]"))
        return "{\n" + lines.map { inner + $0 }.joined(separator: ",\n") + "\n\(indent)}"
    }

    private static func text(of field: Field, indent: String, space: String?, _ written: inout Set<String>) -> String {
        var type = text(of: field.type, indent: indent, space: space, &written)
        if field.isNullable {
            // Avro's default is of the union's first type.
            let isNullFirst = field.defaultJSON == nil || field.defaultJSON == "null"
            type = isNullFirst ? "[\"null\", \(type)]" : "[\(type), \"null\"]"
        }
        var text = #"{ "name": \#(JSONText.quoted(field.name)), "type": \#(type)"#
        if let doc = field.doc { text += #", "doc": \#(JSONText.quoted(doc))"# }
        if let value = field.defaultJSON { text += #", "default": \#(value)"# }
        return text + " }"
    }

    private static func text(of type: AvroType, indent: String, space: String?, _ written: inout Set<String>) -> String {
        func logical(_ base: String, _ name: String) -> String { #"{ "type": "\#(base)", "logicalType": "\#(name)" }"# }
        switch type {
        case .boolean: return "\"boolean\""
        case .int: return "\"int\""
        case .long: return "\"long\""
        case .float: return "\"float\""
        case .double: return "\"double\""
        case .string: return "\"string\""
        case .bytes: return "\"bytes\""
        case .map: return #"{ "type": "map", "values": "string" }"#
        case .timestampMillis: return logical("long", "timestamp-millis")
        case .timestampMicros: return logical("long", "timestamp-micros")
        case .date: return logical("int", "date")
        case .uuid: return logical("string", "uuid")
        case .duration: return logical("long", "duration-micros")
        case .enumeration(let name, let symbols):
            if !written.insert(fullName(name, space)).inserted { return JSONText.quoted(name) }
            return #"{ "type": "enum", "name": \#(JSONText.quoted(name)), "symbols": ["#
                + symbols.map(JSONText.quoted).joined(separator: ", ") + "] }"
        case .record(let nested):
            let full = fullName(nested.name, nested.namespace ?? space)
            return written.contains(full) ? JSONText.quoted(full) : nested.record(indent: indent, inherited: space, &written)
        }
    }

    static func fullName(_ name: String, _ namespace: String?) -> String {
        guard !name.contains("."), let namespace, !namespace.isEmpty else { return name }
        return "\(namespace).\(name)"
    }
}
