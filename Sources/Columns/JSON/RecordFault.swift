public import Base

extension ErrorCode {
    /// The text is not JSON.
    public static let decodeSyntax = ErrorCode("decode.syntax")
    public static let decodeBadUTF8 = ErrorCode("decode.bad_utf8")
    public static let decodeLoneSurrogate = ErrorCode("decode.lone_surrogate")
    public static let decodeTooDeep = ErrorCode("decode.too_deep")
    public static let decodeTrailingBytes = ErrorCode("decode.trailing_bytes")
    public static let decodeNotAnObject = ErrorCode("decode.not_an_object")
    public static let decodeWrongType = ErrorCode("decode.wrong_type")
    public static let decodeNull = ErrorCode("decode.null")
    public static let decodeMissingField = ErrorCode("decode.missing_field")
    public static let decodeOverflow = ErrorCode("decode.overflow")
    public static let decodeBadTimestamp = ErrorCode("decode.bad_timestamp")
    public static let decodeBadDate = ErrorCode("decode.bad_date")
    public static let decodeBadDuration = ErrorCode("decode.bad_duration")
    public static let decodeBadEnumSymbol = ErrorCode("decode.bad_enum_symbol")
    public static let decodeBadUUID = ErrorCode("decode.bad_uuid")
    public static let decodeBadBase64 = ErrorCode("decode.bad_base64")
}

/// What stopped the decoder; one byte on the hot path, a `RecordFault` for people.
enum JSONStopReason: UInt8 {
    case none, syntax, unterminatedString, controlCharacter, badEscape, badNumber, badUTF8, loneSurrogate, tooDeep, trailingBytes
    case notAnObject, wrongType, null, missingField, overflow
    case badTimestamp, badDate, badDuration, badEnumSymbol, badUUID, badBase64

    var code: ErrorCode {
        switch self {
        case .none, .syntax, .unterminatedString, .controlCharacter, .badEscape, .badNumber: .decodeSyntax
        case .badUTF8: .decodeBadUTF8
        case .loneSurrogate: .decodeLoneSurrogate
        case .tooDeep: .decodeTooDeep
        case .trailingBytes: .decodeTrailingBytes
        case .notAnObject: .decodeNotAnObject
        case .wrongType: .decodeWrongType
        case .null: .decodeNull
        case .missingField: .decodeMissingField
        case .overflow: .decodeOverflow
        case .badTimestamp: .decodeBadTimestamp
        case .badDate: .decodeBadDate
        case .badDuration: .decodeBadDuration
        case .badEnumSymbol: .decodeBadEnumSymbol
        case .badUUID: .decodeBadUUID
        case .badBase64: .decodeBadBase64
        }
    }

    /// What is wrong with the text itself, for the reasons that no schema has a part in.
    var lexicalMessage: String? {
        switch self {
        case .syntax: "the text is not JSON"
        case .unterminatedString: "a string does not end"
        case .controlCharacter: "a string holds a control character that is not escaped"
        case .badEscape: "a string holds an unknown escape"
        case .badNumber: "a number is not written as JSON has it"
        case .badUTF8: "a string is not UTF-8"
        case .loneSurrogate: "a string escapes half of a surrogate pair"
        case .tooDeep: "objects and arrays are nested more than \(JSONScan.depthMax) deep"
        case .trailingBytes: "something follows the object"
        default: nil
        }
    }
}

/// Why a record is not one of its schema. Nothing of the record is in the decoder's columns.
public struct RecordFault: Error, Sendable {
    /// `decode.…`
    public let code: ErrorCode
    /// The field, dotted; empty where the fault is in no field that the schema has.
    public let path: String
    /// Where decoding stopped: bytes from the record's start.
    public let position: Int
    /// The beginning of what stands there.
    public let excerpt: String
    let reason: JSONStopReason
    /// What the schema has at `path`.
    let expected: String

    /// The most bytes of the record that a message quotes.
    static let excerptBytesMax = 40

    /// One sentence with the value, the place and what is allowed. Made when asked for.
    public var message: String {
        let place = (path.isEmpty ? "" : " in field '\(path)'") + " at byte \(position)"
        if let text = reason.lexicalMessage { return "\(text)\(place)\(quoted)" }
        switch reason {
        case .notAnObject: return "the record is not a JSON object\(quoted)"
        case .null: return "field '\(path)' is null and must be \(expected)"
        case .missingField: return "field '\(path)' is missing: the schema has no default for it; it must be \(expected)"
        case .overflow: return "the number\(place) is out of range for \(expected)\(quoted)"
        default: return "the value\(place) is not \(expected)\(quoted)"
        }
    }

    private var quoted: String { excerpt.isEmpty ? "" : ": \(excerpt)" }
}

extension RecordFault: CustomStringConvertible {
    public var description: String { "\(message) [\(code)]" }
}
