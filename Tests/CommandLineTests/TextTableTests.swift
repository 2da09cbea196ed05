import Testing

@testable import pioneer

struct TextTableTests {
    private let style = Style(.plain)

    private func table() -> TextTable {
        var table = TextTable([.init("name"), .init("value", .right)])
        table.add(["a", "1.5"])
        table.add(["longer", "100.25"])
        return table
    }

    @Test func `columns are as wide as their longest cell and numbers stand right`() {
        #expect(table().lines(width: nil, style: style) == ["name     value", "a          1.5", "longer  100.25"])
    }

    @Test func `the widest columns give way first and cut cells end in an ellipsis`() {
        var table = TextTable([.init("id"), .init("description")])
        table.add(["i-1", "a very long description of a machine"])
        #expect(table.lines(width: 20, style: style) == ["id   description", "i-1  a very long de…"])
    }

    @Test func `the first column, numbers and times are never cut`() {
        var table = TextTable([.init("machine"), .init("text"), .init("start", isWhole: true), .init("mean", .right)])
        table.add(["i-0123456789", "a long description", "2026-01-05T10:00:00Z", "0.083333333333"])
        #expect(table.lines(width: 62, style: style).last == "i-0123456789  a long de…  2026-01-05T10:00:00Z  0.083333333333")
        #expect(table.lines(width: 50, style: style).count == 4)
        #expect(TextTable.fitted([30, 30, 4], into: 60, whole: [0]) == [30, 22, 4])
    }

    @Test(arguments: [20, 25, 31, 40, 80])
    func `no line is wider than the terminal`(width: Int) {
        var table = TextTable([.init("a"), .init("bb"), .init("ccc", .right), .init("dddd")])
        table.add(["x", String(repeating: "y", count: 30), "123456789", String(repeating: "é世", count: 20)])
        for line in table.lines(width: width, style: style) { #expect(CellText.width(line) <= width) }
    }

    @Test func `columns that cannot fit are written one below the other`() {
        var table = TextTable((1...6).map { .init("column\($0)") })
        table.add((1...6).map { "value number \($0)" })
        table.add((1...6).map { "\($0)" })
        let lines = table.lines(width: 24, style: style)
        #expect(lines.count == 13)
        #expect(lines[0] == "column1  value number 1")
        #expect(lines[6] == "")
    }

    @Test func `widths shrink evenly and never below the least`() {
        #expect(TextTable.fitted([30, 30, 4], into: 40) == [16, 16, 4])
        #expect(TextTable.fitted([10, 10], into: nil) == [10, 10])
        #expect(TextTable.fitted([10, 10], into: 12) == nil)
    }

    @Test func `wide characters count two columns and marks none`() {
        #expect(CellText.width("世界") == 4)
        #expect(CellText.width("e\u{301}") == 1)
        #expect(CellText.cut("世界世界", to: 5) == "世界…")
    }

    @Test func `control characters of a topic do not reach the terminal`() {
        #expect(CellText.printable("a\u{1B}[2Jb\nc\u{202E}d") == "a\\u{1b}[2Jb\\nc\\u{202e}d")
    }
}

struct TerminalTests {
    private func terminal(_ isTerminal: Bool, _ reported: Int, _ environment: [String: String] = [:]) -> Terminal {
        Terminal(isTerminal: isTerminal, reported: reported) { environment[$0] }
    }

    @Test func `a pipe is neither fitted nor coloured`() {
        #expect(terminal(false, 0).width == nil)
        #expect(!terminal(false, 0).hasColours)
    }

    @Test func `the width is that of COLUMNS, else what the terminal says, else eighty`() {
        #expect(terminal(true, 132, ["COLUMNS": "100"]).width == 100)
        #expect(terminal(true, 132).width == 132)
        #expect(terminal(true, 0).width == 80)
        #expect(terminal(true, 132, ["COLUMNS": "no"]).width == 132)
    }

    @Test func `NO_COLOR and a dumb terminal take the colours away`() {
        #expect(terminal(true, 80).hasColours)
        #expect(!terminal(true, 80, ["NO_COLOR": "1"]).hasColours)
        #expect(terminal(true, 80, ["NO_COLOR": ""]).hasColours)
        #expect(!terminal(true, 80, ["TERM": "dumb"]).hasColours)
        #expect(Style(terminal(true, 80))(.red, "x") == "\u{1B}[31mx\u{1B}[0m")
    }
}

struct FiguresTests {
    @Test func `counts have commas and durations the unit that fits`() {
        #expect(Figures.count(1_234_567) == "1,234,567")
        #expect(Figures.count(-1_000) == "-1,000")
        #expect(Figures.count(1, "line") == "1 line")
        #expect(Figures.duration(seconds: 0.0124) == "12 ms")
        #expect(Figures.duration(seconds: 12.34) == "12.3 s")
        #expect(Figures.duration(seconds: 250) == "4 min 10 s")
        #expect(Figures.duration(seconds: 7_500) == "2 h 5 min")
        #expect(Figures.duration(seconds: 273_600) == "3 d 4 h")
        #expect(Figures.duration(seconds: .infinity) == "?")
    }

    @Test func `numbers and bytes are short enough for a column`() {
        let numbers = [0, 1, 0.5744, 0.9999, 12.34, 99.96, 1_234.5, 99_999.4, 99_999.6, 575_000, 1_150_000, 999_600, -2_500_000, .nan]
        #expect(numbers.map(Figures.short) == [
            "0", "1", "0.574", "1.00", "12.3", "100", "1,235", "99,999", "100 k", "575 k", "1.15 M", "1.00 M", "-2.50 M", "?",
        ])
        #expect([0, 999, 1_000, 4_404_019, 163 << 20, 1 << 40].map(Figures.bytes) == ["0 B", "999 B", "0.98 KB", "4.20 MB", "163 MB", "1.00 TB"])
    }
}

@Test func `a fraction in a table keeps the six digits that say something, and all its whole ones`() {
    let shown: [(Double, String?)] = [
        (12.577860000000005, "12.5779"), (0.013023710317460318, "0.0130237"), (813_119_897.6, "813119898"), (2, "2.0"), (0, "0.0"),
        (-0.8500000000000001, "-0.85"), (99.999_999_9, "100.0"), (1e-7, nil), (.infinity, nil), (1e300, nil),
    ]
    for (number, text) in shown { #expect(Figures.significant(number) == text) }
}
