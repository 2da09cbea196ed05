import Base

extension ErrorCode {
    static let appendColumns = ErrorCode("append.columns")
}

/// How the columns of a row become fields of events, as `--columns` says it:
///
///     resource_id, observed_at=timestamp; metric="cpu", value=cpu_pct; metric="memory", value=mem_pct
///
/// What stands before the first `;` holds for every event of a row; each further part makes one event. Without `;` a row
/// is one event.
struct ColumnMapping: Equatable {
    enum Value: Equatable {
        case column(String)
        case literal(String)
    }

    struct Assignment: Equatable {
        var field: String
        var value: Value
    }

    var shared: [Assignment]
    /// Empty: the shared fields are the event.
    var events: [[Assignment]]

    /// So that one row's events always fit into a batch.
    static let eventsMax = 256
    static let allowedForm = #"field=column, field="text" or field alone, between commas; ';' begins an event"#

    /// Throws `append.columns`.
    init(_ text: String) throws {
        var parser = MappingParser(text)
        let parts = try parser.parts()
        guard parts.count - 1 <= Self.eventsMax else {
            throw parser.wrong("\(parts.count - 1) events a row, of \(Self.eventsMax) at most")
        }
        shared = parts[0]
        events = Array(parts.dropFirst())
        for event in events.isEmpty ? [[]] : events {
            var seen: Set<String> = []
            for assignment in shared + event where !seen.insert(assignment.field).inserted {
                throw parser.wrong("one event has the field '\(assignment.field)' twice")
            }
        }
    }

    /// Each column is the field of its name.
    init(columns: [String]) {
        shared = columns.map { Assignment(field: $0, value: .column($0)) }
        events = []
    }
}

/// Reads the text from the left to the right, one token after the other.
private struct MappingParser {
    private let text: String
    private let characters: [Character]
    private var at = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    func wrong(_ what: String) -> EngineError {
        EngineError(.appendColumns, .user, "--columns '\(text)': \(what)", remedy: "Its form is \(ColumnMapping.allowedForm).")
    }

    private func wrong(at place: Int, _ what: String) -> EngineError { wrong("\(what) (character \(place + 1))") }

    mutating func parts() throws -> [[ColumnMapping.Assignment]] {
        var parts: [[ColumnMapping.Assignment]] = [[]]
        while true {
            skipBlanks()
            // Nothing has to be shared.
            if parts.count > 1 || !parts[0].isEmpty || peek != ";" { parts[parts.count - 1].append(try assignment()) }
            switch peek {
            case nil: return parts
            case ",": at += 1
            default:
                at += 1
                parts.append([])
            }
        }
    }

    private var peek: Character? { at < characters.count ? characters[at] : nil }

    private mutating func skipBlanks() { while let next = peek, next.isWhitespace { at += 1 } }

    private mutating func assignment() throws -> ColumnMapping.Assignment {
        let from = at
        let field = name()
        guard isField(field) else {
            throw wrong(at: from, field.isEmpty ? "a field's name is missing" : "'\(field)' is no field's name")
        }
        guard peek == "=" else {
            guard peek != "\"" else { throw wrong(at: at, "a '=' is missing after '\(field)'") }
            return .init(field: field, value: .column(field))
        }
        at += 1
        skipBlanks()
        guard peek == "\"" else {
            let column = name()
            guard !column.isEmpty else { throw wrong(at: at, "'\(field)=' is followed by no column and no \"text\"") }
            guard peek != "=", peek != "\"" else { throw wrong(at: at, "a ',' or ';' is missing after '\(column)'") }
            return .init(field: field, value: .column(column))
        }
        return .init(field: field, value: .literal(try literal()))
    }

    /// Up to what ends a name; blanks inside belong to it, for columns have such names.
    private mutating func name() -> String {
        let from = at
        while let next = peek, next != ",", next != ";", next != "=", next != "\"" { at += 1 }
        var end = at
        while end > from, characters[end - 1].isWhitespace { end -= 1 }
        return String(characters[from..<end])
    }

    private func isField(_ name: String) -> Bool {
        guard let first = name.utf8.first, first == 95 || (first | 0x20) &- 97 < 26 else { return false }
        return name.utf8.allSatisfy { $0 == 95 || $0 &- 48 < 10 || ($0 | 0x20) &- 97 < 26 }
    }

    private mutating func literal() throws -> String {
        let from = at
        var out = ""
        at += 1
        while let next = peek {
            at += 1
            if next != "\"" {
                out.append(next)
            } else if peek == "\"" {
                out.append("\"")
                at += 1
            } else {
                skipBlanks()
                guard peek == nil || peek == "," || peek == ";" else { throw wrong(at: at, "a ',' or ';' is missing after the text") }
                return out
            }
        }
        throw wrong(at: from, "the text's closing quote is missing")
    }
}
