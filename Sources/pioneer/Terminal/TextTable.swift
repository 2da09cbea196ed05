/// Rows in aligned columns, fitted to a width.
///
/// 1. Every column gets what its longest cell needs.
/// 2. Where that is too wide, the widest columns give way first, down to `cellMin`; cut cells end in `…`. The first
///    column, which says what the row is, and columns of numbers and times, which say something else when cut, stay whole.
/// 3. Where even that is too wide, the rows are written one below the other, a line for each cell.
struct TextTable {
    enum Alignment { case left, right }

    struct Column {
        var title: String
        var alignment: Alignment
        /// Whether its cells may not be cut.
        var isWhole: Bool
        /// - Parameter isWhole: nil: as numbers are, which stand right.
        init(_ title: String, _ alignment: Alignment = .left, isWhole: Bool? = nil) {
            self.title = title
            self.alignment = alignment
            self.isWhole = isWhole ?? (alignment == .right)
        }
    }

    var columns: [Column]
    private(set) var rows: [[String]] = []

    /// Between columns.
    private static let gap = 2
    /// No column is cut to less.
    static let cellMin = 6

    init(_ columns: [Column]) { self.columns = columns }

    /// - Precondition: a cell for each column.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells.map(CellText.printable))
    }

    /// The table's lines, title line first, without blanks at their ends.
    /// - Parameter width: the columns there are; nil: as many as it takes.
    /// - Complexity: O(cells).
    func lines(width: Int?, style: Style) -> [String] {
        let natural = columns.indices.map { index in
            rows.reduce(CellText.width(columns[index].title)) { max($0, CellText.width($1[index])) }
        }
        let whole = Set(columns.indices.filter { $0 == 0 || columns[$0].isWhole })
        guard let widths = Self.fitted(natural, into: width, whole: whole) else { return stacked(width: width ?? .max, style) }
        let titles = line(columns.map(\.title), widths)
        return [style(.bold, titles)] + rows.map { line($0, widths) }
    }

    /// The columns' widths within `width`, those of `whole` unchanged; nil where they do not fit even at their least.
    static func fitted(_ natural: [Int], into width: Int?, whole: Set<Int> = []) -> [Int]? {
        guard let width else { return natural }
        let room = width - gap * max(0, natural.count - 1)
        var widths = natural
        var excess = natural.reduce(0, +) - room
        while excess > 0 {
            let cuttable = widths.indices.filter { !whole.contains($0) }
            guard let widest = cuttable.map({ widths[$0] }).max(), widest > cellMin else { return nil }
            // All of the widest shrink together to the next width below, as far as needed.
            let shared = cuttable.filter { widths[$0] == widest }
            let next = max(cellMin, cuttable.map { widths[$0] }.filter { $0 < widest }.max() ?? cellMin)
            let step = max(1, min(widest - next, excess / shared.count))
            for index in shared where excess > 0 {
                widths[index] -= step
                excess -= step
            }
        }
        return widths
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            if index > 0 { line += String(repeating: " ", count: Self.gap) }
            let text = CellText.cut(cell, to: max(1, widths[index]))
            let padding = String(repeating: " ", count: max(0, widths[index] - CellText.width(text)))
            line += columns[index].alignment == .right ? padding + text : text + padding
        }
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    private func stacked(width: Int, _ style: Style) -> [String] {
        let titleWidth = min(columns.map { CellText.width($0.title) }.max() ?? 0, max(1, width / 2))
        return rows.enumerated().flatMap { number, cells in
            (number > 0 ? [""] : []) + zip(columns, cells).map { column, cell in
                let title = CellText.cut(column.title, to: max(1, titleWidth))
                let padding = String(repeating: " ", count: titleWidth - CellText.width(title) + Self.gap)
                let room = width == .max ? .max : max(1, width - titleWidth - Self.gap)
                return style(.bold, title) + padding + CellText.cut(cell, to: room)
            }
        }
    }
}
