import Foundation
import Testing

/// What stands in quotes right after `opening`, with its place.
func literals(after opening: String, in files: [SourceFile]) -> [(text: String, file: String, line: Int)] {
    files.flatMap { file in
        file.lines.enumerated().flatMap { index, line -> [(String, String, Int)] in
            guard !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") else { return [] }
            return line.components(separatedBy: opening + "\"").dropFirst().map { rest in
                (String(rest.prefix { $0 != "\"" }), file.path, index + 1)
            }
        }
    }
}

private func isSnake(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.first?.isLetter == true && !text.hasSuffix("_")
        && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
}

private func codeViolations(_ files: [SourceFile]) -> [Violation] {
    var first: [String: String] = [:]
    return literals(after: "ErrorCode(", in: files).compactMap { text, file, line in
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(isSnake) else {
            return Violation(file: file, line: line, what: "the error code '\(text)'", remedy: "Its form is area.what_is_wrong, in snake case.")
        }
        if let other = first[text] {
            return Violation(
                file: file, line: line, what: "the error code '\(text)' is declared at \(other) too",
                remedy: "Use that constant, or name what differs.")
        }
        first[text] = "\(file):\(line)"
        return nil
    }
}

@Test func `error codes are unique and of the form area.what`() {
    expect("error codes", codeViolations(Repository.sources))
    let text = "a(ErrorCode(\"log.full\"))\nb(ErrorCode(\"log.full\"))\nc(ErrorCode(\"Log full\"))\n// ErrorCode(\"x\")\nd(ErrorCode(\"a.b.c\"))\n"
    #expect(codeViolations([SourceFile(path: "Sources/Base/X.swift", text: text)]).map(\.line) == [2, 3, 5])
}

/// The names of types that say they are internal events.
private func eventViolations(_ files: [SourceFile]) -> [Violation] {
    var first: [String: String] = [:]
    var found: [Violation] = []
    for file in files {
        var isEvent = false
        for (index, line) in file.lines.enumerated() where !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") {
            if line.contains("struct ") || line.contains("enum ") { isEvent = line.contains(": InternalEvent") }
            guard isEvent, let name = line.components(separatedBy: "static let name = \"").dropFirst().first?.prefix(while: { $0 != "\"" })
            else { continue }
            let place = "\(file.path):\(index + 1)"
            if !isSnake(name) || !name.contains("_") {
                found.append(.init(file: file.path, line: index + 1, what: "the event '\(name)'", remedy: "Noun and past verb in snake case: epoch_committed."))
            }
            if let other = first[String(name)] {
                found.append(.init(file: file.path, line: index + 1, what: "the event '\(name)' is declared at \(other) too", remedy: "Name what differs."))
            }
            first[String(name)] = place
        }
    }
    return found
}

@Test func `internal events have names of their own, noun and verb`() {
    expect("event names", eventViolations(Repository.sources))
    let text = "struct A: InternalEvent {\n    static let name = \"epoch_committed\"\n}\nstruct B {\n    static let name = \"x\"\n}\n"
        + "struct C: InternalEvent {\n    static let name = \"epoch_committed\"\n}\n"
    #expect(eventViolations([SourceFile(path: "Sources/Base/X.swift", text: text)]).map(\.line) == [8])
}
