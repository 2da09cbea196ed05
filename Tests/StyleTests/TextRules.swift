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
