import Foundation
import Testing

@Test func `text has no tabs, no trailing spaces, and ends with a line break`() {
    var found: [Violation] = []
    for file in Repository.sources + Repository.tests + Repository.others {
        let isSource = file.path.hasPrefix("Sources/")
        for (index, line) in file.lines.enumerated() {
            if isSource, line.contains("\t") {
                found.append(.init(file: file.path, line: index + 1, what: "a tab", remedy: "Indent with four spaces; write \\t in strings."))
            }
            if line.hasSuffix(" "), !file.path.hasSuffix(".md") {
                found.append(.init(file: file.path, line: index + 1, what: "spaces at the end", remedy: "Remove them."))
            }
        }
        if !file.text.isEmpty, !file.text.hasSuffix("\n") {
            found.append(.init(file: file.path, line: file.lines.count, what: "no line break at the end", remedy: "Add one."))
        }
    }
    expect("text", found)
}

@Test func `nothing is left to be done in a comment`() {
    // Put together here, so that this file does not hold them.
    let marks = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]
    expect(
        "open ends",
        (Repository.sources + Repository.tests + Repository.others).filter { $0.path.hasSuffix(".swift") }.flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                let words = Set(line.split { !$0.isLetter }.map(String.init))
                return marks.first(where: words.contains).map {
                    Violation(file: file.path, line: index + 1, what: "'\($0)'", remedy: "Do it, or open an issue and leave the comment out.")
                }
            }
        })
}

@Test func `no path of a developer's machine is written down`() {
    let everywhere = ["/wo" + "rk/", "/tmp/bo" + "x", "/Us" + "ers/", "/ro" + "ot/"]
    let shipped = everywhere + ["/ho" + "me/"]
    var found: [Violation] = []
    for file in Repository.sources + Repository.tests + Repository.others {
        for (index, line) in file.lines.enumerated() {
            let paths = file.path.hasPrefix("Tests/") ? everywhere : shipped
            for path in paths where line.contains(path) {
                found.append(.init(file: file.path, line: index + 1, what: "the path '\(path)'", remedy: "Take it from an argument, or relative to the file."))
            }
        }
    }
    expect("machine paths", found)
}

@Test func `test names are sentences, and tests use Swift Testing`() {
    var found: [Violation] = []
    for file in Repository.tests {
        for (index, line) in file.codeLines.enumerated() {
            if line.contains("import XCTest") {
                found.append(.init(file: file.path, line: index + 1, what: "XCTest", remedy: "Use Swift Testing."))
            }
            guard let test = line.range(of: "@Test"), let function = line.range(of: "func ", range: test.upperBound..<line.endIndex),
                !line[function.upperBound...].hasPrefix("`")
            else { continue }
            found.append(.init(file: file.path, line: index + 1, what: "a test without a sentence for its name", remedy: "Name the outcome: `a late record is counted`."))
        }
    }
    expect("test names", found)
}

/// Paths that a page names in backticks, where they should be files of this repository.
private func namedPaths(_ page: SourceFile) -> [(path: String, line: Int)] {
    page.lines.enumerated().flatMap { index, line in
        line.split(separator: "`", omittingEmptySubsequences: false).enumerated().compactMap { part, text in
            let isQuoted = part % 2 == 1
            let isPath = ["Sources/", "Tests/", "deploy/", "topologies/", "schemas/"].contains { text.hasPrefix($0) }
            return isQuoted && isPath && !text.contains(" ") ? (String(text), index + 1) : nil
        }
    }
}

@Test func `the files that the pages name are there`() {
    let pages = Repository.others.filter { $0.path.hasSuffix(".md") }
    expect(
        "pages",
        pages.flatMap { page in
            namedPaths(page).filter { !FileManager.default.fileExists(atPath: Repository.root.appendingPathComponent($0.path).path) }.map {
                Violation(file: page.path, line: $0.line, what: "'\($0.path)' is not there", remedy: "Name the file that does it now.")
            }
        })
    #expect(namedPaths(SourceFile(path: "README.md", text: "see `Sources/X.swift`, `swift` and Tests/Y\n")).map(\.path) == ["Sources/X.swift"])
}
