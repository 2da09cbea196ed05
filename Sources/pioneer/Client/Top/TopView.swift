import Base
import Columns

extension ErrorCode {
    static let topColumn = ErrorCode("top.column")
    static let topLabels = ErrorCode("top.labels")
}

/// The view that is ranked: its columns, its key, and what names a row.
struct TopView {
    struct Column {
        var name: String
        var type: String
    }

    static let windowStart = "window_start"
    private static let windowColumns: Set = [windowStart, "window_end", "window_hours"]
    private static let numberTypes: Set = ["int", "double"]

    var name: String
    var columns: [Column]
    /// What tells rows of one window apart.
    var key: [String]
    /// Whether there is a row for each window.
    var hasWindows: Bool

    /// The view of that name in the engine's list. Throws `client.unknown_view`.
    init(_ name: String, in list: JSONValue) throws {
        let views = list["views"]?.elements ?? []
        guard let view = views.first(where: { $0["view"]?.string == name }) else {
            let names = views.compactMap { $0["view"]?.string }.sorted()
            let nearest = nearestName(to: name, among: names).map { "Did you mean '\($0)'? " } ?? ""
            throw EngineError(
                ErrorCode.unknownView, .user, "there is no view '\(name)'",
                remedy: nearest + (names.isEmpty ? "No topology that runs has one." : "There are: \(names.joined(separator: ", "))."))
        }
        self.name = name
        columns = (view["columns"]?.elements ?? []).map { Column(name: $0["name"]?.string ?? "", type: $0["type"]?.string ?? "") }
        let all = view["key"]?.elements?.compactMap(\.string) ?? []
        key = all.filter { !Self.windowColumns.contains($0) }
        hasWindows = all.contains(Self.windowStart)
    }

    /// Throws `top.column` where the view has no such column, or one without numbers where numbers are wanted.
    func check(_ name: String, isNumber: Bool = false) throws {
        let allowed = columns.filter { !isNumber || Self.numberTypes.contains($0.type) && !Self.windowColumns.contains($0.name) }
        guard !allowed.contains(where: { $0.name == name }) else { return }
        let names = allowed.map(\.name)
        let nearest = nearestName(to: name, among: names).map { "Did you mean '\($0)'? " } ?? ""
        let isThere = columns.contains { $0.name == name }
        throw EngineError(
            .topColumn, .user,
            isThere ? "column '\(name)' of view '\(self.name)' holds no numbers" : "view '\(self.name)' has no column '\(name)'",
            remedy: nearest + "\(isNumber ? "Columns with numbers" : "Columns"): \(names.joined(separator: ", ")).")
    }

    /// What names a row unless told otherwise: the key, less what filters fix.
    func labels(_ wanted: [String], filters: [ViewFilter]) throws -> [String] {
        for name in wanted { try check(name) }
        guard wanted.isEmpty else { return wanted }
        let fixed = Set(filters.filter { $0.value != nil }.map(\.column))
        let free = key.filter { !fixed.contains($0) }
        return free.isEmpty ? key : free
    }
}

extension ErrorCode {
    static let unknownView = ErrorCode("client.unknown_view")
}
