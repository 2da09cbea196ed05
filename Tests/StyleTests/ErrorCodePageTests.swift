import Foundation
import Testing

private let page = "Sources/Base/Base.docc/ErrorCodes.md"

/// The codes in the first column of the page's tables, each with its line and its meaning.
private func listedCodes(_ text: String) -> [(code: String, meaning: String, line: Int)] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
        guard line.hasPrefix("| `") else { return nil }
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        return (cells[0].replacingOccurrences(of: "`", with: ""), cells.count > 1 ? cells[1] : "", index + 1)
    }
}

private func pageViolations(_ text: String, declared: [(text: String, file: String, line: Int)]) -> [Violation] {
    let listed = listedCodes(text)
    let known = Set(listed.map(\.code))
    let missing = declared.filter { !known.contains($0.text) }.map {
        Violation(file: $0.file, line: $0.line, what: "the error code '\($0.text)' is not listed", remedy: "Add its line to \(page).")
    }
    let codes = Set(declared.map(\.text))
    var seen: Set<String> = []
    let wrong = listed.compactMap { code, meaning, line -> Violation? in
        let isFirst = seen.insert(code).inserted
        func violation(_ what: String, _ remedy: String) -> Violation { .init(file: page, line: line, what: what, remedy: remedy) }
        if !codes.contains(code) { return violation("no source declares '\(code)'", "Take its line out.") }
        if !isFirst { return violation("'\(code)' is listed twice", "Take one line out.") }
        return meaning.isEmpty ? violation("'\(code)' has no meaning", "Say it in a sentence.") : nil
    }
    return missing + wrong
}

@Test func `every error code is on the page of error codes, with its meaning`() throws {
    let text = try String(contentsOf: Repository.root.appendingPathComponent(page), encoding: .utf8)
    expect("error code page", pageViolations(text, declared: literals(after: "ErrorCode(", in: Repository.sources)))

    let sample = "| code | meaning |\n| `a.b` | B. |\n| `a.c` | C. |\n| `a.b` | B. |\n| `a.d` | |\n"
    let declared = ["a.b", "a.d", "a.e"].map { (text: $0, file: "X.swift", line: 9) }
    #expect(pageViolations(sample, declared: declared).map(\.line) == [9, 3, 4, 5])
}
