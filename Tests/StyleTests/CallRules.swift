import Foundation
import Testing

/// A call that has a better one.
private struct Banned: Sendable {
    var call: String
    var remedy: String
    /// Path prefixes where it is allowed.
    var allowed: [String] = []
    /// Words on the same line that make it right.
    var unless: String?
}

private let root = "Sources/pioneer/"

private let banned: [Banned] = [
    Banned(call: "Date()", remedy: "Take the time as an argument, or a WallClock at the edge."),
    Banned(call: "Date.now", remedy: "Take the time as an argument, or a WallClock at the edge."),
    Banned(call: "clock_gettime(", remedy: "Use WallClock or Stopwatch.", allowed: ["Sources/Base/SystemClock.swift", "Sources/Base/Monitor.swift"]),
    Banned(call: "gettimeofday(", remedy: "Use WallClock or Stopwatch."),
    Banned(call: "SystemRandomNumberGenerator", remedy: "Take a SeededRandom; the composition root seeds it.", allowed: [root]),
    Banned(call: ".random(", remedy: "Use a SeededRandom with 'using:'.", allowed: [root], unless: "using:"),
    Banned(call: ".randomElement(", remedy: "Use a SeededRandom with 'using:'.", allowed: [root], unless: "using:"),
    Banned(call: ".shuffled()", remedy: "Use a SeededRandom with 'using:'.", allowed: [root]),
    Banned(call: ".shuffle()", remedy: "Use a SeededRandom with 'using:'.", allowed: [root]),
    Banned(call: "UUID()", remedy: "Derive the id from what it names, or from a SeededRandom.", allowed: [root]),
    Banned(call: "try!", remedy: "Throw, or handle the error."),
    Banned(call: "as!", remedy: "Use 'as?' and say what is wrong when it is nil."),
    Banned(call: "print(", remedy: "Emit an internal event (Telemetry).", allowed: [root]),
    Banned(call: "debugPrint(", remedy: "Emit an internal event (Telemetry)."),
    Banned(call: "Thread.sleep", remedy: "Wait for what is awaited, with a deadline."),
    Banned(call: "usleep(", remedy: "Wait for what is awaited, with a deadline."),
]

private func violations(_ rule: Banned, in files: [SourceFile]) -> [Violation] {
    files.filter { file in !rule.allowed.contains { file.path.hasPrefix($0) } }.flatMap { file in
        file.lines(calling: rule.call).compactMap { line in
            if let unless = rule.unless, file.codeLines[line - 1].contains(unless) { return nil }
            return Violation(file: file.path, line: line, what: "'\(rule.call)' is not used here", remedy: rule.remedy)
        }
    }
}

@Test func `no call is used that has a better one`() {
    expect("banned calls", banned.flatMap { violations($0, in: Repository.sources) })
}

@Test func `banned calls are found in code only, and where they are allowed not at all`() {
    let text = "let a = try! f()\n// try!\nlet b = \"as! print(\"\nlet c = Int.random(in: 0..<2)\nlet d = Int.random(in: 0..<2, using: &g)\n"
    func lines(_ path: String) -> [Int] {
        banned.flatMap { violations($0, in: [SourceFile(path: path, text: text)]) }.map(\.line).sorted()
    }
    #expect(lines("Sources/Base/X.swift") == [1, 4])
    #expect(lines("Sources/pioneer/X.swift") == [1])
}

/// Traps whose words are missing, or are no sentence.
private func speechlessTraps(_ file: SourceFile) -> [Violation] {
    ["fatalError(", "preconditionFailure("].flatMap { call in
        file.lines(calling: call).compactMap { line in
            let after = file.lines[line - 1].components(after: call)
            // The sentence may stand on the next line.
            let words = after.isEmpty && line < file.lines.count ? file.lines[line] : after
            return words.contains("\"") && words.split(separator: " ").count >= 3
                ? nil
                : Violation(
                    file: file.path, line: line, what: "'\(call)' without a sentence",
                    remedy: "Say which invariant is broken, or throw if input can bring it about.")
        }
    }
}

extension String {
    fileprivate func components(after part: String) -> String {
        range(of: part).map { String(self[$0.upperBound...]).trimmingCharacters(in: .whitespaces) } ?? ""
    }
}

@Test func `a trap says in a sentence what is broken`() {
    expect("traps", Repository.sources.flatMap(speechlessTraps))
    let text = "fatalError()\nfatalError(\"no\")\nfatalError(\"a table has a column\")\npreconditionFailure(\n    \"an arena never shrinks\")\n"
    #expect(speechlessTraps(SourceFile(path: "Sources/Base/X.swift", text: text)).map(\.line) == [1, 2])
}
