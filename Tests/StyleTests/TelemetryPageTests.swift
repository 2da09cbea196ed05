import Foundation
import Testing

private let folder = "Sources/Telemetry/Telemetry.docc/"

/// What a source declares, or a page lists: a name, and what has to agree beside it.
private struct Entry: Equatable {
    var name: String
    /// An event's level and fields.
    var rest: [String] = []
    var file: String
    var line: Int
}

/// The rows of a page's tables, cell by cell, without the marks of code.
private func rows(_ text: String) -> [(cells: [String], line: Int)] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
        guard line.hasPrefix("| `") else { return nil }
        let cells = line.split(separator: "|").map {
            $0.trimmingCharacters(in: .whitespaces).replacingOccurrences(of: "`", with: "")
        }
        return (cells, index + 1)
    }
}

private func violations(page: String, _ text: String, _ declared: [Entry], compares: Bool) -> [Violation] {
    let listed = rows(text)
    let names = Set(listed.map(\.cells[0]))
    let byName = Dictionary(declared.map { ($0.name, $0) }) { first, _ in first }
    var found = declared.filter { !names.contains($0.name) }.map {
        Violation(file: $0.file, line: $0.line, what: "'\($0.name)' is not listed", remedy: "Add its line to \(page).")
    }
    var seen: Set<String> = []
    for (cells, line) in listed {
        func note(_ what: String, _ remedy: String) { found.append(Violation(file: page, line: line, what: what, remedy: remedy)) }
        guard let entry = byName[cells[0]] else {
            note("no source declares '\(cells[0])'", "Take its line out.")
            continue
        }
        if !seen.insert(cells[0]).inserted { note("'\(cells[0])' is listed twice", "Take one line out.") }
        guard cells.count == 4, cells[3].hasSuffix(".") else {
            note("'\(cells[0])' has no meaning", "Say it in a sentence.")
            continue
        }
        let told = [cells[1]] + (cells[2] == "-" ? [] : cells[2].components(separatedBy: ", "))
        if compares, told != entry.rest {
            note("'\(cells[0])' is listed with \(told)", "The source has \(entry.rest).")
        }
    }
    return found
}

private func line(of index: String.Index, in text: String) -> Int { text[..<index].count { $0 == "\n" } + 1 }

/// Names in quotes behind `MetricDeclaration(`, on its line or the next.
private func metrics(_ files: [SourceFile]) -> [Entry] {
    files.flatMap { file in
        let text = uncommented(file)
        return text.matches(of: /MetricDeclaration\(\s*"(\w+)"/).map {
            Entry(name: String($0.1), file: file.path, line: line(of: $0.range.lowerBound, in: text))
        }
    }
}

/// Internal events with their level and the fields they may have, in the order of the source.
private func events(_ files: [SourceFile]) -> [Entry] {
    files.flatMap { file in
        let text = uncommented(file)
        return text.matches(of: /struct \w+: InternalEvent \{\n((?s).*?)\n\}/).compactMap { match -> Entry? in
            guard let name = match.1.firstMatch(of: /static let name = "(\w+)"/)?.1,
                let level = match.1.firstMatch(of: /static let level = EventLevel\.(\w+)/)?.1
            else { return nil }
            var fields: [String] = []
            for field in match.1.matches(of: /(?:EventField|\.init)\("(\w+)"/).map({ String($0.1) }) where !fields.contains(field) {
                fields.append(field)
            }
            return Entry(
                name: String(name), rest: [String(level)] + fields, file: file.path, line: line(of: match.range.lowerBound, in: text))
        }
    }
}

/// Comment lines emptied, so that samples in documentation declare nothing and lines keep their numbers.
private func uncommented(_ file: SourceFile) -> String {
    file.lines.map { $0.trimmingCharacters(in: .whitespaces).hasPrefix("//") ? "" : $0 }.joined(separator: "\n")
}

private func page(_ name: String) throws -> String {
    try String(contentsOf: Repository.root.appendingPathComponent(folder + name), encoding: .utf8)
}

@Test func `every internal event is on the page of events, with its level, its fields and its meaning`() throws {
    expect("event page", violations(page: folder + "Events.md", try page("Events.md"), events(Repository.sources), compares: true))
    #expect(events(Repository.sources).count > 20)
}

@Test func `every metric that a source declares is on the page of metrics, and no other`() throws {
    expect("metric page", violations(page: folder + "Metrics.md", try page("Metrics.md"), metrics(Repository.sources), compares: false))
    #expect(metrics(Repository.sources).count > 40)
}

@Test func `an event or metric that is missing, foreign, listed twice or listed wrongly is a violation`() {
    let source = """
        /// struct Sample: InternalEvent {
        struct A: InternalEvent {
            static let name = "a_done"
            static let level = EventLevel.info
            var fields: [EventField] { [EventField("x", 1), .init("y", 2), .init("x", 3)] }
        }
        struct B: InternalEvent {
            static let name = "b_done"
            static let level = EventLevel.debug
        }
        let c = MetricDeclaration(
            "c_total", .counter, "C.")
        """
    let file = SourceFile(path: "Sources/Base/X.swift", text: source)
    #expect(events([file]).map(\.rest) == [["info", "x", "y"], ["debug"]])
    #expect(metrics([file]).map(\.name) == ["c_total"] && metrics([file]).map(\.line) == [11])
    func lines(_ rows: String) -> [Int] { violations(page: "P.md", rows, events([file]), compares: true).map(\.line) }
    #expect(lines("| `a_done` | info | `x`, `y` | A. |\n| `b_done` | debug | - | B. |") == [])
    #expect(lines("| `a_done` | info | `x` | A. |\n| `b_done` | debug | - | |\n| `z_done` | info | - | Z. |") == [1, 2, 3])
    #expect(lines("| `a_done` | info | `x`, `y` | A. |\n| `a_done` | info | `x`, `y` | A. |") == [7, 2])
}
