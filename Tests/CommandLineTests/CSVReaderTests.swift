import Base
import Testing

@testable import pioneer

/// A table's text, written cell by cell: the oracle of the reader.
private struct TableText {
    var rows: [[String]] = []
    /// Where each row begins, and the line it begins on.
    var starts: [Int] = []
    var lines: [Int] = []
    var bytes: [UInt8] = []
    private var line = 1

    init(seed: UInt64, delimiter: Character) {
        var random = SeededRandom(seed: seed)
        if random.below(3) == 0 { bytes = [0xEF, 0xBB, 0xBF] }
        let count = random.below(40)
        for row in 0..<count {
            let cells = (0...random.below(5)).map { _ in Self.cell(&random, delimiter) }
            // A line with nothing in it is no row, so a row of one empty cell has quotes.
            add(cells, &random, delimiter, isLast: row == count - 1)
            if random.below(10) == 0, row < count - 1 { blankLine(&random) }
        }
    }

    private static func cell(_ random: inout SeededRandom, _ delimiter: Character) -> String {
        let pieces = ["a", "ö", "\"", "\n", "\r\n", "\r", " ", "\t", ";", ",", String(delimiter), "0.5", "😀", "\"\""]
        return (0..<random.below(6)).map { _ in pieces[random.below(pieces.count)] }.joined()
    }

    private mutating func add(_ cells: [String], _ random: inout SeededRandom, _ delimiter: Character, isLast: Bool) {
        starts.append(rows.isEmpty ? 0 : bytes.count)
        lines.append(line)
        rows.append(cells)
        let written = cells.map { cell in
            let needsQuotes = cell.utf8.contains { [0x22, 0x0A, 0x0D, delimiter.asciiValue ?? 0].contains($0) }
                || (cells.count == 1 && cell.isEmpty)
            guard needsQuotes || random.below(4) == 0 else { return cell }
            return "\"" + cell.replacing("\"", with: "\"\"") + "\""
        }
        let text = Array(written.joined(separator: String(delimiter)).utf8)
        line += text.count { $0 == 0x0A }
        bytes += text
        if !isLast || random.below(2) == 0 { endLine(&random) }
    }

    private mutating func blankLine(_ random: inout SeededRandom) { endLine(&random) }

    private mutating func endLine(_ random: inout SeededRandom) {
        bytes += random.below(2) == 0 ? [0x0A] : [0x0D, 0x0A]
        line += 1
    }
}

struct CSVReaderTests {
    private struct Row: Equatable {
        var cells: [String]
        var line: Int
        var fault: String?
    }

    /// Reads the bytes in pieces of random length.
    private func read(_ bytes: [UInt8], delimiter: Character = ",", seed: UInt64 = 1, start: (Int) -> Void = { _ in }) throws -> [Row] {
        var random = SeededRandom(seed: seed)
        let reader = CSVReader(delimiter: delimiter.asciiValue ?? 0)
        var rows: [Row] = []
        func take() {
            let cells = (0..<reader.cellCount).map { String(decoding: reader.cell($0), as: UTF8.self) }
            start(reader.start)
            rows.append(Row(cells: cells, line: reader.line, fault: reader.fault))
        }
        var at = 0
        while at < bytes.count {
            let end = min(bytes.count, at + 1 + random.below(20))
            try bytes[at..<end].withUnsafeBufferPointer { try reader.read($0, take) }
            at = end
        }
        try reader.finish(take)
        return rows
    }

    private func read(_ text: String) throws -> [Row] { try read(Array(text.utf8)) }

    @Test(arguments: [",", ";", "\t"] as [Character])
    func `random tables are read as they were written, wherever the bytes are cut`(delimiter: Character) throws {
        for seed in 1...400 as ClosedRange<UInt64> {
            let table = TableText(seed: seed, delimiter: delimiter)
            var starts: [Int] = []
            let rows = try read(table.bytes, delimiter: delimiter, seed: seed) { starts.append($0) }
            #expect(rows.map(\.cells) == table.rows, "seed \(seed)")
            #expect(rows.allSatisfy { $0.fault == nil }, "seed \(seed)")
            #expect(rows.map(\.line) == table.lines.prefix(rows.count).map { $0 }, "seed \(seed)")
            #expect(starts == table.starts, "seed \(seed)")
        }
    }

    @Test func `a wrong quote spoils its own line only, and says where`() throws {
        let rows = try read("a,b\n1,x\"y\n\"1\"2,3\n4,5\n")
        #expect(rows.map(\.line) == [1, 2, 3, 4])
        #expect(rows[1].fault == "a quote stands inside a cell that does not begin with one")
        #expect(rows[2].fault == "something follows the closing quote of a cell")
        #expect(rows[3] == Row(cells: ["4", "5"], line: 4, fault: nil))
    }

    @Test func `a quote that is never closed is an error with its line`() throws {
        let short = #expect(throws: EngineError.self) { try read("a,b\n1,2\n3,\"four\n5,6\n") }
        #expect(short?.code == .appendTableRow)
        #expect(short?.message == "the row on line 3 has no end: the quote opened on line 3 is not closed")
        let long = "a\n\"" + String(repeating: "x\n", count: CSVReader.rowBytesMax)
        #expect(throws: EngineError.self) { try read(long) }
    }
}
