import Base
import Columns
import HTTPTypes
import Hummingbird
import NIOCore
import Stores

/// How rows are written.
enum RowFormat: String, CaseIterable {
    case json = "application/json"
    /// RFC 4180, with a header line.
    case csv = "text/csv"
    /// A JSON object a line.
    case lines = "application/x-ndjson"

    /// The one that the client likes best; JSON where it does not say. Throws `api.not_acceptable`.
    init(accept fields: [String]) throws {
        let accepted = AcceptedValues(fields)
        guard !accepted.isEmpty else {
            self = .json
            return
        }
        var best: (format: RowFormat, weight: Double)?
        for format in Self.allCases {
            let family = format.rawValue.prefix { $0 != "/" } + "/*"
            let weight = accepted.weight(of: format.rawValue, String(family), "*/*") ?? 0
            if weight > best?.weight ?? 0 { best = (format, weight) }
        }
        guard let best else {
            throw APIError(
                .notAcceptable, .apiNotAcceptable, "rows do not come as '\(fields.joined(separator: ", "))', which Accept asks for",
                remedy: "Ask for one of these, or leave Accept out for JSON.", allowed: Self.allCases.map(\.rawValue))
        }
        self = best.format
    }
}

/// Rows of a view as an answer's body. The formats but JSON have no room for what is beside the rows: that is in headers.
struct RowsOutput {
    let view: ViewDefinition
    let names: [String]
    /// Each row may have further values, which are not shown.
    let rows: [[Value]]
    /// The cursor of the next page.
    let next: String?

    func response(as format: RowFormat, _ fresh: Freshness) -> Response {
        let type = format == .csv ? "text/csv; charset=utf-8; header=present" : format.rawValue
        return Response(status: .ok, headers: [.contentType: type], body: .init(byteBuffer: body(as: format, fresh)))
    }

    func body(as format: RowFormat, _ fresh: Freshness) -> ByteBuffer {
        let json = JSONOutput()
        switch format {
        case .json:
            writeDocument(to: json, fresh)
            json.endLine()
        case .lines:
            for row in rows {
                write(row, to: json)
                json.endLine()
            }
        case .csv: writeTable(to: json.arena)
        }
        return json.buffer
    }

    private func writeDocument(to json: JSONOutput, _ fresh: Freshness) {
        json.object {
            json.field("view", view.name)
            json.field("rows") { json.array(rows) { write($0, to: json) } }
            if let next { json.field("next", next) }
            json.field("fresh") { fresh.write(to: json) }
        }
    }

    private func write(_ row: [Value], to json: JSONOutput) {
        json.object {
            for (name, value) in zip(names, row) { json.field(name) { json.value(value) } }
        }
    }

    // MARK: CSV

    private static let lineEnd = "\r\n"

    private func writeTable(to arena: ByteArena) {
        for (index, name) in names.enumerated() {
            if index > 0 { arena.append(byte: UInt8(ascii: ",")) }
            Self.append(cell: name, to: arena)
        }
        arena.append(Self.lineEnd)
        let scratch = ByteArena()
        for row in rows {
            for (index, value) in row.prefix(names.count).enumerated() {
                if index > 0 { arena.append(byte: UInt8(ascii: ",")) }
                Self.append(value, to: arena, scratch: scratch)
            }
            arena.append(Self.lineEnd)
        }
    }

    /// Null is nothing; an empty text is two quotes, so that readers which tell them apart can.
    private static func append(_ value: Value, to arena: ByteArena, scratch: ByteArena) {
        switch value {
        case .null: break
        case .string(let text): append(cell: text, to: arena)
        case .map:
            scratch.removeAll()
            JSONText.append(value, to: scratch)
            append(cell: String(decoding: scratch.bytes, as: UTF8.self), to: arena)
        default:
            // As in JSON, without the quotes that times and the like have there; none of them has a comma.
            scratch.removeAll()
            JSONText.append(value, to: scratch)
            let isQuoted = scratch.bytes.first == UInt8(ascii: "\"")
            let bytes = isQuoted ? scratch.bytes.dropFirst().dropLast() : scratch.bytes[...]
            arena.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes)))
        }
    }

    private static func append(cell text: String, to arena: ByteArena) {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 != 0x22 && $0 != 0x2C && $0 != 0x0D && $0 != 0x0A }
        arena.append(isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\"")
    }
}
