import Base

/// The declaration of one key of the format. Reading, the messages about it, and the reference come from it.
public struct FormatKey: Sendable {
    public enum Presence: Sendable, Equatable {
        case required
        /// With the default as the file would write it; nil where leaving the key out means there is none.
        case optional(default: String?)
        /// Part of the language, not of this version.
        case later
    }

    public let name: String
    public let kind: FormatKind
    /// What the value may be, in words: `a duration`, `a list of field paths`.
    public let type: String
    public let presence: Presence
    /// One sentence or two: what the key means.
    public let doc: String
    /// A value as it may stand after `name: `.
    public let example: String
    /// The keys of the value, where it is an object or a mapping from names to objects.
    public let object: FormatObject?
    /// Reads a value and says whether it is one; what tests run over `example`.
    let accepts: @Sendable (YAMLNode, FindingCollector) -> Bool
}

/// What a value speaks of: an expression over fields, the name of something, or a literal value.
public enum FormatKind: String, Sendable, CaseIterable {
    case expression, name, literal
}

/// A mapping with declared keys.
public struct FormatObject: Sendable {
    /// `source`, for messages and headings.
    public let title: String
    public let doc: String
    public let keys: [FormatKey]

    public init(_ title: String, doc: String, keys: [FormatKey]) {
        self.title = title
        self.doc = doc
        self.keys = keys
    }

    func key(_ name: String) -> FormatKey? { keys.first { $0.name == name } }
    var names: [String] { keys.filter { $0.presence != .later }.map(\.name) }
}

/// A declared key together with the Swift type of its value.
struct Key<Value: Sendable>: Sendable {
    let declaration: FormatKey
    let form: ValueForm<Value>

    init(_ name: String, _ form: ValueForm<Value>, _ presence: FormatKey.Presence, doc: String, example: String) {
        self.form = form
        declaration = FormatKey(
            name: name, kind: form.kind, type: form.type, presence: presence, doc: doc, example: example, object: form.object,
            accepts: { node, findings in form.read(node, findings) != nil })
    }
}

extension FormatKey {
    /// A key of the language that this version lacks.
    static func later(_ name: String, _ kind: FormatKind, doc: String, example: String) -> FormatKey {
        FormatKey(
            name: name, kind: kind, type: "not in this version", presence: .later, doc: doc, example: example, object: nil,
            accepts: { _, _ in true })
    }
}

/// What a value may be, and how it is read. `read` answers nil exactly when it reported why.
struct ValueForm<Value: Sendable>: Sendable {
    let type: String
    let kind: FormatKind
    var object: FormatObject?
    let read: @Sendable (YAMLNode, FindingCollector) -> Value?

    init(
        _ type: String, _ kind: FormatKind, object: FormatObject? = nil,
        read: @escaping @Sendable (YAMLNode, FindingCollector) -> Value?
    ) {
        self.type = type
        self.kind = kind
        self.object = object
        self.read = read
    }
}
