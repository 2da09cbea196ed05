import Testing

private enum Limit {
    static let fileLines = 500
    static let medianLines = 150
    static let ninthDecileLines = 400
    static let functionLines = 80
    static let lineWidth = 140
}

@Test func `files are short`() {
    expect(
        "file length",
        (Repository.sources + Repository.tests).filter { $0.lineCount > Limit.fileLines }.map {
            Violation(
                file: $0.path, line: Limit.fileLines, what: "\($0.lineCount) lines, of \(Limit.fileLines) at most",
                remedy: "Move one idea into a file of its own, Type+Concern.swift.")
        })
}

@Test func `most files are shorter still`() {
    let lengths = Repository.sources.map(\.lineCount).sorted()
    guard !lengths.isEmpty else { return }
    let median = lengths[lengths.count / 2], ninthDecile = lengths[lengths.count * 9 / 10]
    #expect(median <= Limit.medianLines, "The median file has \(median) lines: split the longest by idea.")
    #expect(ninthDecile <= Limit.ninthDecileLines, "One file in ten has more than \(ninthDecile) lines: split them by idea.")
}

@Test func `a function fits a screen`() {
    expect(
        "function length",
        (Repository.sources + Repository.tests).flatMap { file in
            file.functions.filter { $0.lineCount > Limit.functionLines }.map {
                Violation(
                    file: file.path, line: $0.line, what: "'\($0.name)' has \($0.lineCount) lines, of \(Limit.functionLines) at most",
                    remedy: "Give its steps names and call them.")
            }
        })
}

/// Lines of tests may be longer where they hold a text to be tested with: it reads better in one piece.
@Test func `a line fits the width`() {
    expect(
        "line width",
        (Repository.sources + Repository.tests).flatMap { file in
            let isTest = file.path.hasPrefix("Tests/")
            return file.lines.enumerated().filter { $0.element.count > Limit.lineWidth && !(isTest && $0.element.contains("\"")) }.map {
                Violation(
                    file: file.path, line: $0.offset + 1, what: "\($0.element.count) characters, of \(Limit.lineWidth) at most",
                    remedy: "Break the line.")
            }
        })
}
