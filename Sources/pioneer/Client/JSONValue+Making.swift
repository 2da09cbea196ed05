import Columns

extension JSONValue {
    /// An object of members in this order.
    init(members: [(String, JSONValue)]) { self.init(.object(members.map { JSONMember(key: $0.0, value: $0.1) })) }

    static func text(_ text: String) -> JSONValue { JSONValue(.string(text)) }
    static func text(_ text: String?) -> JSONValue { text.map { JSONValue(.string($0)) } ?? JSONValue(.null) }
    static func int(_ number: Int) -> JSONValue { JSONValue(.number(String(number))) }
    static func flag(_ flag: Bool) -> JSONValue { JSONValue(.bool(flag)) }
    static func list(_ values: [JSONValue]) -> JSONValue { JSONValue(.array(values)) }

    /// JSON has no number for what is not finite: null.
    static func number(_ number: Double) -> JSONValue { number.isFinite ? JSONValue(.number("\(number)")) : JSONValue(.null) }

    /// The value as a table's cell: text without quotes, nothing for null.
    var cell: String {
        switch kind {
        case .null: ""
        case .string(let text): text
        case .number(let text): Int64(text) == nil ? double.flatMap(Figures.significant) ?? text : text
        default: description
        }
    }

    var isNumber: Bool { if case .number = kind { true } else { false } }
}
