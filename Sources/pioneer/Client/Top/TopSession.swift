import Base
import Columns

/// Asks an engine for one picture after another, and for rows only when they may have changed.
actor TopSession {
    private let client: EngineClient
    private let query: TopQuery
    private let look: TopLook
    private var names: TopNames?
    private var rates = SummaryRates()
    private var rows: [TopRow] = []
    /// Where the view stood when the rows were asked for.
    private var seen: [Int]?

    /// Checks everything against the engine's views. Throws what is wrong.
    init(_ client: EngineClient, _ request: TopRequest, _ look: TopLook) async throws {
        let list = try await client.value(.api("views"))
        let view = try TopView(request.view, in: list)
        try view.check(request.column, isNumber: true)
        let names = try request.labelFrom.map { try TopNames($0, for: view, in: list) }
        let filters = request.filters.map(\.spelledOut)
        self.client = client
        self.look = look
        self.names = names
        query = TopQuery(
            view: view, column: request.column, filters: filters, labels: try view.labels(request.labels, filters: filters),
            allWindows: request.allWindows, lookup: names?.key)
    }

    func frame() async throws -> TopFrame {
        let answer = try await client.value(.api("status"))
        guard let status = StatusAnswer(answer) else {
            throw EngineAnswer.notUnderstood(Array(answer.description.utf8), from: client.address)
        }
        rates.add(status)
        let position = status.topologies.flatMap(\.views).first { $0.name == query.view.name }?.nextOffsets
        if position == nil || position != seen {
            rows = try await query.rows(client)
            seen = position
        }
        let shown = rows.prefix(look.limit)
        if var known = names {
            try await known.look(up: shown.compactMap(\.lookup), client)
            names = known
        }
        let filters = query.filters.map { $0.column + "=" + ($0.value ?? $0.condition) }
        return TopFrame(
            summary: EngineSummary(status, rates: rates),
            title: ([query.view.name, query.column] + filters).joined(separator: "  "),
            rows: shown.map { ($0.lookup.flatMap { names?[$0] } ?? $0.labels.joined(separator: " "), $0.value, $0.window) },
            rowCount: rows.count, limit: look.limit, scale: look.scale, isPercent: look.isPercent)
    }
}

/// What is ranked, as the command line says it.
struct TopRequest {
    var view: String
    var column: String
    var filters: [ViewFilter]
    var labels: [String]
    var labelFrom: String?
    var allWindows: Bool
}

/// How it is shown.
struct TopLook {
    var limit: Int
    /// What a full bar stands for; nil: the highest value, or 1 for fractions.
    var scale: Double?
    var isPercent: Bool
}
