public import Base

/// Any JSON text as a tree, each value with its place: for schema files, tests and the command line. Records take
/// `JSONRecordDecoder`, which builds no tree.
public struct JSONValue: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case null
        case bool(Bool)
        /// As it stands in the text, which is valid.
        case number(String)
        case string(String)
        case array([JSONValue])
        /// In the order of the text; a key may come twice.
        case object([JSONMember])
    }

    public var kind: Kind
    /// Where the value starts, in bytes from the start of the text.
    public var offset: Int

    public init(_ kind: Kind, offset: Int = 0) {
        self.kind = kind
        self.offset = offset
    }

    /// The value of the last member under `key`; nil where there is none, or the value is no object.
    public subscript(key: String) -> JSONValue? { members?.last { $0.key == key }?.value }

    public var members: [JSONMember]? { if case .object(let members) = kind { members } else { nil } }
    public var elements: [JSONValue]? { if case .array(let elements) = kind { elements } else { nil } }
    public var string: String? { if case .string(let text) = kind { text } else { nil } }
    public var bool: Bool? { if case .bool(let flag) = kind { flag } else { nil } }
    /// Nil where the number is no whole one of 64 bits.
    public var int: Int64? { if case .number(let text) = kind { Int64(text) } else { nil } }
    public var double: Double? { if case .number(let text) = kind { Double(text) } else { nil } }
    public var isNull: Bool { kind == .null }

    /// What the value is, for messages: `a string`.
    public var kindName: String {
        switch kind {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

public struct JSONMember: Hashable, Sendable {
    public var key: String
    /// Where the key's opening quote stands, in bytes from the start of the text.
    public var keyOffset: Int
    public var value: JSONValue

    public init(key: String, keyOffset: Int = 0, value: JSONValue) {
        self.key = key
        self.keyOffset = keyOffset
        self.value = value
    }
}

extension JSONValue: CustomStringConvertible {
    /// Compact JSON text of the value.
    public var description: String {
        switch kind {
        case .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return JSONText.quoted(text)
        case .array(let elements): return "[" + elements.map(\.description).joined(separator: ",") + "]"
        case .object(let members):
            return "{" + members.map { "\(JSONText.quoted($0.key)):\($0.value)" }.joined(separator: ",") + "}"
        }
    }
}

/// Why a text is not JSON, and where.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `decode.syntax`, `decode.bad_utf8`, `decode.lone_surrogate` or `decode.too_deep`.
    public let code: ErrorCode
    public let message: String
    /// Bytes from the start of the text.
    public let offset: Int
    public var description: String { "\(message) at byte \(offset) [\(code)]" }
}
