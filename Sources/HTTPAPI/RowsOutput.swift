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
    let partitionCount: Int?

    struct Page {
        var body: ByteBuffer
        /// The cursor of the next page.
        var next: String?
        var watermark: EventTime
    }

    /// Asks the store, which writes the rows into the body. Blocks.
    func page(as format: RowFormat, from store: any ViewStore) throws -> Page {
        let json = JSONOutput()
        let names = query.select.map(\.name)
        let page: ViewPage
        switch format {
        case .json:
            let read = try json.object {
                json.field("view", query.view.name)
                let page = try json.field("rows") {
                    try json.elements { try store.page(query, to: RowWriter(.elements, names: names, into: $0)) }
                }
                if let next = cursor(of: page) { json.field("next", next) }
                json.field("fresh") { Freshness(page.positions, partitionCount: partitionCount).write(to: json) }
                return page
            }
            json.endLine()
            page = read
        case .lines: page = try store.page(query, to: RowWriter(.lines, names: names, into: json.arena))
        case .csv:
            RowWriter.writeHeader(names, to: json.arena)
            page = try store.page(query, to: RowWriter(.csv, names: names, into: json.arena))
        }
        let watermark = Freshness(page.positions, partitionCount: partitionCount).watermark
        return Page(body: json.buffer, next: cursor(of: page), watermark: watermark)
    }

    private func cursor(of page: ViewPage) -> String? { page.after.map { pages.cursor(after: $0) } }
}
