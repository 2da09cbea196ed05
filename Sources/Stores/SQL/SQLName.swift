/// Names in SQL, as all stores of views write them.
public enum SQLName {
    /// The event time of each row: what `keep` goes by. Not part of the view's type.
    public static let eventTimeColumn = "_event_time"

    public static func quoted(_ name: String) -> String {
        // Hardly any name has a quote, and looking for one is much cheaper than replacing none.
        guard name.utf8.contains(UInt8(ascii: "\"")) else { return "\"" + name + "\"" }
        return "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    /// A letter, then letters, digits and `_`.
    public static func isPlain(_ name: String) -> Bool {
        guard let first = name.utf8.first, first | 0x20 >= 97, first | 0x20 <= 122 else { return false }
        return name.utf8.allSatisfy { ($0 | 0x20 >= 97 && $0 | 0x20 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 95 }
    }

    public static func list(_ names: [String]) -> String { names.map(quoted).joined(separator: ", ") }
}
