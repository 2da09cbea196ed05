import Base

extension ValueForm {
    /// A list with at least one element, none twice.
    static func names(_ element: ValueForm<Located<String>>, _ type: String) -> ValueForm where Value == [Located<String>] {
        ValueForm(type, element.kind) { node, findings in
            guard let nodes = node.sequence(for: type + ", like [resource_id]", findings) else { return nil }
            guard !nodes.isEmpty else {
                findings.add(.emptyValue, "an empty list", remedy: "Give at least one: \(type).", at: node.location)
                return nil
            }
            var seen: Set<String> = []
            var isComplete = true
            let names = nodes.compactMap { element.read($0, findings) }
            for name in names where !seen.insert(name.value).inserted {
                findings.add(.badValue, "'\(name.value)' stands in the list twice", remedy: "Remove one of the two.", at: name.location)
                isComplete = false
            }
            return isComplete && names.count == nodes.count ? names : nil
        }
    }

    /// A list of lists, none of them empty.
    static func lists<Element>(of element: ValueForm<[Element]>, _ type: String, like example: String) -> ValueForm
    where Value == [[Element]] {
        ValueForm(type, element.kind) { node, findings in
            guard let nodes = node.sequence(for: "\(type), like \(example)", findings) else { return nil }
            guard !nodes.isEmpty else {
                findings.add(.emptyValue, "an empty list", remedy: "Give at least one: \(type), like \(example).", at: node.location)
                return nil
            }
            let lists = nodes.compactMap { element.read($0, findings) }
            return lists.count == nodes.count ? lists : nil
        }
    }

    /// A mapping from names to values of one form, not empty. Elements that could not be read are nil beside their name.
    static func named<Element: Sendable>(
        _ type: String, _ kind: FormatKind, of object: FormatObject? = nil,
        read: @escaping @Sendable (Located<String>, YAMLNode, FindingCollector) -> Element?
    ) -> ValueForm where Value == [NamedValue<Element>] {
        ValueForm(type, kind, object: object) { node, findings in
            guard let entries = node.mapping(for: type, findings) else { return nil }
            guard !entries.isEmpty else {
                findings.add(.emptyValue, "an empty mapping", remedy: "Expected: \(type).", at: node.location)
                return nil
            }
            let cut = CutExpressions(entries)
            cut.report(to: findings)
            return entries.indices.filter { !cut.rests.contains($0) }.map { index in
                let entry = entries[index]
                guard !cut.heads.contains(index) else { return NamedValue(name: entry.key, isName: true, content: nil) }
                let isName = NameGrammar.isName(entry.key.value)
                if !isName {
                    findings.add(
                        .badName, "'\(entry.key.value.shortened)' is not a name", remedy: "Allowed: \(NameGrammar.allowedForm).",
                        at: entry.key.location)
                }
                let value = read(entry.key, entry.value, findings)
                return NamedValue(name: entry.key, isName: isName, content: value)
            }
        }
    }

    /// A mapping with declared keys.
    static func object(_ format: FormatObject, read: @escaping @Sendable (ObjectReader) -> Value?) -> ValueForm {
        ValueForm("a mapping: \(format.names.joined(separator: ", "))", .literal, object: format) { node, findings in
            ObjectReader(node, format, what: "'\(format.title)'", findings).flatMap(read)
        }
    }

    /// A list of mappings with declared keys, at least one. Those that could not be read are left out.
    static func objects<Element>(
        _ format: FormatObject, read: @escaping @Sendable (ObjectReader) -> Element?
    ) -> ValueForm where Value == [Element] {
        let type = "a list of mappings: \(format.names.joined(separator: ", "))"
        return ValueForm(type, .literal, object: format) { node, findings in
            guard let nodes = node.sequence(for: type, findings) else { return nil }
            guard !nodes.isEmpty else {
                findings.add(.emptyValue, "an empty list", remedy: "Give at least one.", at: node.location)
                return nil
            }
            return nodes.compactMap { ObjectReader($0, format, what: "'\(format.title)'", findings).flatMap(read) }
        }
    }
}

/// An element of a mapping from names.
struct NamedValue<Value: Sendable>: Sendable {
    var name: Located<String>
    var isName: Bool
    /// What stands beside the name; nil when it could not be read.
    var content: Value?

    /// Nil when the name or what stands beside it could not be read.
    var value: Value? { isName ? content : nil }
}

extension ValueForm where Value == [Located<String>] {
    static let fieldPaths = names(.fieldPath, "a list of fields")
}

extension ValueForm where Value == [[Located<String>]] {
    static let fieldPathLists = lists(of: .fieldPaths, "a list of lists of fields", like: "[[team], [team, window.start]]")
}
