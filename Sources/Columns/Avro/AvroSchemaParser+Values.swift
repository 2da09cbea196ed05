import Base

/// Keys, names and defaults.
extension AvroSchemaParser {
    /// Reports keys given twice, and unknown ones that look like a slip; others are metadata, as Avro has it.
    mutating func checkKeys(_ value: JSONValue, _ allowed: [String], of what: String) {
        var seen: Set<String> = []
        for member in value.members ?? [] {
            if !seen.insert(member.key).inserted {
                report(.schemaDuplicateKey, "key '\(member.key)' comes twice", remedy: "Remove one.", at: member.keyOffset)
            }
            if !allowed.contains(member.key), let nearest = nearestName(to: member.key, among: allowed) {
                report(
                    .schemaUnknownKey, "unknown key '\(member.key)'",
                    remedy: "Did you mean '\(nearest)'? Keys of \(what): \(allowed.joined(separator: ", ")).",
                    at: member.keyOffset)
            }
        }
    }

    mutating func string(_ key: String, of value: JSONValue) -> String? {
        guard let found = value[key] else { return nil }
        if found.string == nil { report(.schemaWrongValue, "'\(key)' is \(found.kindName)", remedy: "Write a string.", at: found.offset) }
        return found.string
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { (97...122).contains($0 | 0x20) && $0 >= 65 || (48...57).contains($0) || $0 == 95 }
    }

    /// A name without namespace: a field's, a symbol.
    mutating func plainName(_ value: JSONValue?, of what: String, at offset: Int) -> String? {
        guard let value else {
            report(.schemaMissingKey, "\(what) has no 'name'", remedy: #""name": "…""#, at: offset)
            return nil
        }
        guard let name = value.string, Self.isName(name) else {
            report(
                .schemaBadName, "\(value) is not a name",
                remedy: "Allowed: a letter or '_', then letters, digits and '_'.", at: value.offset)
            return nil
        }
        return name
    }

    /// Name and namespace of a record or enum: a dotted name carries its own, else `namespace` does, else that around it.
    mutating func name(of value: JSONValue, namespace: String?) -> (name: String?, namespace: String?) {
        let declared = string("namespace", of: value)
        if let declared, !declared.isEmpty,
            !declared.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ Self.isName(String($0)) })
        {
            report(
                .schemaBadName, "'\(declared)' is not a namespace",
                remedy: "Allowed: names joined by dots.", at: value["namespace"]!.offset)
        }
        guard let found = value["name"] else {
            report(.schemaMissingKey, "the \(value["type"]?.string ?? "type") has no 'name'", remedy: #""name": "…""#, at: value.offset)
            return (nil, declared ?? namespace)
        }
        guard let text = found.string, let parts = Optional(text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)),
            parts.allSatisfy(Self.isName)
        else {
            report(
                .schemaBadName, "\(found) is not a name",
                remedy: "Allowed: a letter or '_', then letters, digits and '_'; a namespace before it with dots.", at: found.offset)
            return (nil, declared ?? namespace)
        }
        guard parts.count > 1 else { return (text, declared ?? namespace) }
        return (parts.last, parts.dropLast().joined(separator: "."))
    }

    /// A default is a value of the type, as Avro writes it in schemas; of a union, of its first type.
    mutating func checkDefault(_ value: JSONValue, _ type: AvroType, isNullable: Bool, isNullFirst: Bool) {
        if isNullable, isNullFirst {
            if !value.isNull {
                report(
                    .schemaBadDefault, "the default \(value) of a union that begins with null is not null",
                    remedy: #"null, or put the other type first: [T, "null"]"#, at: value.offset)
            }
            return
        }
        checkDefault(value, type, isNullable: isNullable)
    }

    private mutating func checkDefault(_ value: JSONValue, _ type: AvroType, isNullable: Bool) {
        switch (type, value.kind) {
        case (.record(let schema), .object(let members)):
            for member in members {
                if let field = schema.fields.first(where: { $0.name == member.key }) {
                    if !(field.isNullable && member.value.isNull) { checkDefault(member.value, field.type, isNullable: field.isNullable) }
                } else {
                    let nearest = nearestName(to: member.key, among: schema.fields.map(\.name)).map { "Did you mean '\($0)'? " } ?? ""
                    report(
                        .schemaBadDefault, "the default has no field '\(member.key)'",
                        remedy: nearest + "Fields: \(schema.fields.map(\.name).joined(separator: ", ")).", at: member.keyOffset)
                }
            }
            for field in schema.fields where value[field.name] == nil && field.defaultJSON == nil && !field.isNullable {
                report(
                    .schemaBadDefault, "the default lacks field '\(field.name)', which has no default", remedy: "Give it a value.",
                    at: value.offset)
            }
        case (.bytes, .string(let text)) where text.unicodeScalars.allSatisfy({ $0.value < 256 }): break
        case (.bytes, .string):
            report(
                .schemaBadDefault, "the default \(value) holds a character beyond U+00FF",
                remedy: "A byte is a character U+0000 to U+00FF.",
                at: value.offset)
        default:
            let isTextualTime = [AvroType.timestampMillis, .timestampMicros, .date].contains(type) && value.string != nil
            let single = Schema(name: "default", fields: [Schema.Field("value", type)])
            let decoder = JSONRecordDecoder(schema: single)
            decoder.begin(capacity: 1)
            guard isTextualTime || value.isNull || decoder.append(text: "{\"value\":\(value)}") != nil else { return }
            let allowed = isTextualTime ? "a whole number in the unit of the logical type, as Avro writes defaults" : type.allowedJSON
            let union = isNullable ? #"; for a default of null put null first: ["null", T]"# : ""
            report(.schemaBadDefault, "the default \(value) is not of the field's type", remedy: allowed + union, at: value.offset)
        }
    }
}
