import Foundation
import Testing

/// A text in a call: what stands between its quotes, and whether the argument ends with it.
private struct MessageText {
    var text: String
    var line: Int
    /// False where more is added to it, so that nothing can be said of its end.
    var isWhole: Bool
}

/// The texts that follow matches of `opening`, which ends before the first quote. Texts of several lines are passed over.
private func texts(after opening: Regex<Substring>, in file: SourceFile) -> [MessageText] {
    file.text.matches(of: opening).compactMap { match in
        let start = match.range.upperBound
        guard start < file.text.endIndex, file.text[start] == "\"", !file.text[start...].hasPrefix("\"\"\"") else { return nil }
        guard let end = endOfText(file.text, from: file.text.index(after: start)) else { return nil }
        let after = file.text[file.text.index(after: end)...].first { !$0.isWhitespace }
        let line = file.text[..<match.range.lowerBound].count { $0 == "\n" } + 1
        return MessageText(
            text: String(file.text[file.text.index(after: start)..<end]), line: line, isWhole: after == "," || after == ")")
    }
}

/// The closing quote; interpolations and what is in them are passed over.
private func endOfText(_ text: String, from start: String.Index) -> String.Index? {
    var index = start, depth = 0
    while index < text.endIndex {
        switch text[index] {
        case "\\":
            index = text.index(after: index)
            if index < text.endIndex, text[index] == "(" { depth += 1 }
        case "(" where depth > 0: depth += 1
        case ")" where depth > 0: depth -= 1
        case "\"" where depth > 0:
            guard let end = endOfText(text, from: text.index(after: index)) else { return nil }
            index = end
        case "\"": return index
        case "\n": return nil
        default: break
        }
        guard index < text.endIndex else { return nil }
        index = text.index(after: index)
    }
    return nil
}

/// A word such as `The`, and none such as `HTTP` or a name in quotes.
private func beginsWithCapital(_ text: String) -> Bool {
    text.first?.isUppercase == true && text.dropFirst().first?.isUppercase != true
}

private func messageViolations(_ files: [SourceFile]) -> [Violation] {
    files.flatMap { file -> [Violation] in
        let messages = texts(after: /\b(?:EngineError|APIError)\(\s*(?:\.\w+,\s*)?\.\w+,[^":\n]{0,60}?\s*(?=")/, in: file).filter {
            beginsWithCapital($0.text) || ($0.isWhole && $0.text.hasSuffix("."))
        }.map {
            Violation(
                file: file.path, line: $0.line, what: "the message '\($0.text)'", remedy: "A clause: a small letter first, no full stop last.")
        }
        let remedies = texts(after: /\bremedy:\s*(?=")/, in: file).filter { remedy in
            let isEnded = [".", "?", ":"].contains { remedy.text.hasSuffix($0) }
            return remedy.text.first?.isLowercase == true || (remedy.isWhole && !isEnded && !remedy.text.hasSuffix(")"))
        }.map {
            Violation(file: file.path, line: $0.line, what: "the remedy '\($0.text)'", remedy: "Sentences: a capital first, a full stop last.")
        }
        return messages + remedies
    }
}

@Test func `messages are clauses and remedies are sentences`() {
    expect("messages", messageViolations(Repository.sources))
    let text = """
        throw EngineError(.a, .user, "There is no 'x'.", remedy: "make one")
        throw EngineError(
            .b, .user, "HTTP \\(f("A.")) failed", remedy: "Try again.")
        throw APIError(.badRequest, .c, "the path is wrong.", remedy: "Use \\(x("y."))")
        """
    #expect(messageViolations([SourceFile(path: "Sources/Base/X.swift", text: text)]).map(\.line) == [1, 4, 1])
}
