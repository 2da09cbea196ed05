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

    var contentType: String { self == .csv ? "text/csv; charset=utf-8; header=present" : rawValue }

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

/// A page of a view as an answer's body. The formats but JSON have no room for what is beside the rows: that is in headers.
struct RowsOutput {
    let query: ViewQuery
    let pages: PageScope

    struct Page {
        var body: ByteBuffer
        /// The cursor of the next page.
        var next: String?
        var watermark: EventTime
    }

    /// What a store writes the rows with.
    func writer(for format: RowFormat) -> RowWriter {
        let rows = ByteArena(capacity: 1_024), names = query.select.map(\.name)
        switch format {
        case .json: return RowWriter(.elements, names: names, into: rows)
        case .lines: return RowWriter(.lines, names: names, into: rows)
        case .csv:
            RowWriter.writeHeader(names, to: rows)
            return RowWriter(.csv, names: names, into: rows)
        }
    }

    /// Asks the store. Blocks.
    func page(as format: RowFormat, from store: any ViewStore, partitionCount: Int?) throws -> Page {
        let writer = writer(for: format)
        return page(try store.page(query, to: writer), writer.arena, format, partitionCount: partitionCount)
    }

    /// The body around the rows.
    func page(_ page: ViewPage, _ rows: ByteArena, _ format: RowFormat, partitionCount: Int?) -> Page {
        let next = page.after.map { pages.cursor(after: $0) }
        let fresh = Freshness(page.positions, partitionCount: partitionCount)
        guard format == .json else { return Page(body: Self.buffer(rows), next: next, watermark: fresh.watermark) }
        let json = JSONOutput(capacity: rows.count + 512)
        json.object {
            json.field("view", query.view.name)
            json.field("rows") { json.elements { _ = $0.append(UnsafeRawBufferPointer(rows.bytes)) } }
            if let next { json.field("next", next) }
            json.field("fresh") { fresh.write(to: json) }
        }
        json.endLine()
        return Page(body: json.buffer, next: next, watermark: fresh.watermark)
    }

    private static func buffer(_ arena: ByteArena) -> ByteBuffer { ByteBuffer(bytes: UnsafeRawBufferPointer(arena.bytes)) }
}
