import Base

/// A YAML document's node with its place; the parser's own type does not leave this folder.
struct YAMLNode: Sendable {
    indirect enum Content: Sendable {
        case scalar(Scalar)
        case sequence([YAMLNode])
        /// In file order. Keys that are no scalars and keys given twice were reported and left out.
        case mapping([Entry])
        /// Was reported; readers pass over it without another word.
        case reported
    }

    struct Scalar: Sendable {
        var text: String
        /// Neither quoted nor a block: only such a scalar may be a number, a bool or null.
        var isPlain: Bool
        var places: [ScalarPlace]
    }

    struct Entry: Sendable {
        var key: Located<String>
        var value: YAMLNode
    }

    var content: Content
    var location: SourceLocation

    var scalar: Scalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    var isReported: Bool {
        if case .reported = content { true } else { false }
    }

    /// An empty value, `~` or `null`.
    var isNull: Bool {
        guard let scalar, scalar.isPlain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// What the node is, quoting short values, for messages: `the text 'abc'`, `a list`.
    var described: String {
        switch content {
        case .scalar where isNull: return "nothing"
        case .scalar(let scalar): return "'" + scalar.text.shortened + "'"
        case .sequence(let nodes): return nodes.isEmpty ? "an empty list" : "a list"
        case .mapping(let entries): return entries.isEmpty ? "an empty mapping" : "a mapping"
        case .reported: return "something unreadable"
        }
    }
}

extension String {
    /// The first line, at most 60 characters of it: what a message quotes of a value.
    var shortened: String {
        let line = prefix { !$0.isNewline }
        return line.count > 60 ? line.prefix(60) + "…" : line.count < count ? line + "…" : self
    }
}
