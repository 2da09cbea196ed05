import Base

extension ValueForm where Value == Located<String> {
    /// Any text, with its place.
    static let located = ValueForm("a text", .literal) { node, findings in node.text(for: "a text", findings) }
}

extension ValueForm where Value == TestValue {
    /// A mapping from fields to values.
    static let testObject = ValueForm("a mapping from fields to values", .literal) { node, findings in
        guard node.mapping(for: "a mapping from fields to values, like { resource_id: i-1, value: 2.5 }", findings) != nil
        else { return nil }
        return TestValue(node)
    }
}

extension ValueForm where Value == [TestValue] {
    static let testObjects = ValueForm("a list of mappings from fields to values", .literal) { node, findings in
        guard let nodes = node.sequence(for: "a list of mappings from fields to values", findings) else { return nil }
        let values = nodes.compactMap { ValueForm<TestValue>.testObject.read($0, findings) }
        return values.count == nodes.count ? values : nil
    }
}

extension ValueForm where Value == [TestExpectation.Condition] {
    static let columnValues = ValueForm("a mapping from columns to values", .literal) { node, findings in
        guard let entries = node.mapping(for: "a mapping from columns to values, like { resource_id: i-1 }", findings) else { return nil }
        return entries.compactMap { entry in
            guard NameGrammar.isPath(entry.key.value) else {
                findings.add(
                    .badName, "'\(entry.key.value.shortened)' is not a column", remedy: "Allowed: a field, or a path like window.start.",
                    at: entry.key.location)
                return nil
            }
            return .init(column: entry.key, value: TestValue(entry.value))
        }
    }
}

extension TestValue {
    init(_ node: YAMLNode) {
        location = node.location
        switch node.content {
        case .scalar(let scalar): content = Self.content(of: scalar, isNull: node.isNull)
        case .sequence(let nodes): content = .list(nodes.map(TestValue.init))
        case .mapping(let entries): content = .object(entries.map { ($0.key, TestValue($0.value)) })
        case .reported: content = .null
        }
    }

    private static func content(of scalar: YAMLNode.Scalar, isNull: Bool) -> Content {
        guard scalar.isPlain else { return .string(scalar.text) }
        if isNull { return .null }
        switch scalar.text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        if isJSONNumber(scalar.text) {
            if let number = Int64(scalar.text) { return .int(number) }
            if let number = Double(scalar.text), number.isFinite { return .double(number, text: scalar.text) }
        }
        return .string(scalar.text)
    }

    /// JSON's grammar of numbers, so that the text can go into JSON as it stands.
    private static func isJSONNumber(_ text: String) -> Bool {
        var rest = Substring(text)
        func digits() -> Int {
            let run = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(run.count)
            return run.count
        }
        if rest.first == "-" { rest = rest.dropFirst() }
        let leadingZero = rest.first == "0"
        let whole = digits()
        guard whole > 0, !(leadingZero && whole > 1) else { return false }
        if rest.first == "." {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == "e" || rest.first == "E" {
            rest = rest.dropFirst()
            if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
