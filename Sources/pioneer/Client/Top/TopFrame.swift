import Base

/// One picture of `pioneer top`: the engine's figures, and a ranking as bars.
struct TopFrame {
    var summary: EngineSummary
    /// What is ranked: `live_metrics  mean  metric=system.cpu.utilization`
    var title: String
    /// The highest first, with the names they are shown by.
    var rows: [(label: String, value: Double, window: String?)]
    /// How many there are, shown or not.
    var rowCount: Int
    var limit: Int
    /// What a full bar stands for; nil: the highest value, or 1 where no value is above.
    var scale: Double?
    var isPercent: Bool

    private static let widthDefault = 80
    private static let labelWidthMax = 32

    func lines(_ terminal: Terminal) -> [String] {
        let width = terminal.width ?? Self.widthDefault
        let style = Style(terminal)
        let head = header(width, style)
        let room = terminal.height.map { max(1, $0 - head.count - 3) } ?? .max
        return head + [""] + ranking(width, style, terminal.isUTF8, most: min(limit, room))
    }

    // MARK: Header

    private func header(_ width: Int, _ style: Style) -> [String] {
        let status = summary.status
        let text = WatermarkText(now: status.readAt)
        let names = status.topologies.map(\.name).joined(separator: ", ")
        let right = "up \(Figures.duration(seconds: status.uptimeSeconds))  \(text.time(status.readAt))"
        let left = "pioneer  " + CellText.cut(names.isEmpty ? "no topologies" : names, to: max(8, width - 12 - right.count))
        let gap = String(repeating: " ", count: max(2, width - CellText.width(left) - right.count))
        // Of another day than today's, the day says enough.
        let watermark = summary.watermark.map { "\(text.time($0).prefix(10)), \(text.age($0))" } ?? "no record yet"
        let lag = summary.lagRecords == 0
            ? "none" : "\(Figures.short(Double(summary.lagRecords))) records, \(Figures.duration(seconds: summary.lagSeconds))"
        let windows = "\(Figures.short(Double(summary.windowsOpen))) open, \(Figures.short(Double(summary.windowsClosed))) closed"
        let cells: [[(String, String, Bool)]] = [
            [("events/s", Figures.short(summary.eventsPerSecond.rounded()), false), ("watermark", watermark, false),
             ("late", Figures.short(Double(summary.late)), summary.late > 0)],
            [("memory", Figures.bytes(status.residentBytes), false), ("lag", lag, false),
             ("dead letters", Figures.short(Double(summary.deadLetters)), summary.deadLetters > 0)],
            [("cores", Figures.fixed(summary.cores, digits: 2), false),
             ("windows", windows, false),
             ("disk", Figures.bytes(status.diskBytes), false)],
        ]
        return [style(.bold, String(left.prefix(7))) + left.dropFirst(7) + style(.dim, gap + right), ""]
            + cells.map { line($0, width, style) }
    }

    /// Names and values in three columns: a narrow one, the rest, a narrow one.
    private func line(_ cells: [(name: String, value: String, isWarning: Bool)], _ width: Int, _ style: Style) -> String {
        let left = 19, right = 21, gap = 2
        // Where there is little room the third column goes.
        let isNarrow = width < 64
        let middle = max(20, width - left - gap - (isNarrow ? 0 : right + gap))
        let parts = zip(cells, [(10, left), (10, middle)] + (isNarrow ? [] : [(13, right)])).map { cell, widths in
            let value = CellText.cut(cell.value, to: max(1, widths.1 - widths.0))
            let padding = String(repeating: " ", count: max(0, widths.1 - widths.0 - CellText.width(value)))
            let name = cell.name + String(repeating: " ", count: max(1, widths.0 - cell.name.count))
            return style(.dim, name) + (cell.isWarning ? style(.yellow, value) : value) + padding
        }
        let text = parts.joined(separator: String(repeating: " ", count: gap))
        return String(text.reversed().drop { $0 == " " }.reversed())
    }

    // MARK: Ranking

    private func ranking(_ width: Int, _ style: Style, _ isUTF8: Bool, most: Int) -> [String] {
        let shown = rows.prefix(most)
        let window = rows.compactMap(\.window).max().flatMap { EventTime($0) }
        let since = window.map { "window of " + WatermarkText(now: summary.status.readAt).time($0) }
        let number = rowCount > shown.count ? "top \(shown.count) of \(Figures.count(rowCount))" : nil
        let count = rowCount == 0 ? "no rows yet" : [since, number].compactMap { $0 }.joined(separator: ", ")
        let head = CellText.cut(title, to: max(8, width - count.count - 2))
        let gap = String(repeating: " ", count: max(2, width - CellText.width(head) - count.count))
        let first = style(.bold, head) + (count.isEmpty ? "" : style(.dim, gap + count))
        guard !shown.isEmpty else { return [first] }
        let labels = shown.map { CellText.printable($0.label) }
        let values = shown.map { shownValue($0.value) }
        let valueWidth = values.map(\.count).max() ?? 0
        let labelWidth = min(labels.map(CellText.width).max() ?? 0, Self.labelWidthMax, max(8, width / 3))
        let barWidth = max(1, width - labelWidth - valueWidth - 4)
        let full = scale ?? fullScale
        return [first] + shown.indices.map { index in
            let label = CellText.cut(labels[index], to: max(1, labelWidth))
            let share = full > 0 ? shown[index].value / full : 0
            let bar = Bar.text(share, width: barWidth, isUTF8: isUTF8)
            return label + String(repeating: " ", count: labelWidth - CellText.width(label) + 2) + style(mark(share), bar)
                + String(repeating: " ", count: barWidth - CellText.width(bar) + 2 + valueWidth - values[index].count) + values[index]
        }
    }

    /// Fractions fill the bar at 1, so that pictures can be compared.
    private var fullScale: Double {
        if isPercent { return 1 }
        let highest = rows.map(\.value).max() ?? 0
        return highest > 1 || rows.contains { $0.value < 0 } ? highest : 1
    }

    private func shownValue(_ value: Double) -> String {
        isPercent ? Figures.fixed(value * 100, digits: 1) + " %" : Figures.short(value)
    }

    /// Of a bar whose end means something, the last fifth is red. A bar that is the highest by itself means nothing.
    private func mark(_ share: Double) -> Style.Mark {
        guard scale != nil || fullScale == 1 else { return .cyan }
        return share >= 0.9 ? .red : share >= 0.7 ? .yellow : .green
    }
}
