import Base
import Columns
import Planner
import Runtime

/// What `pioneer test` says of one test.
struct TestReport {
    var path: String
    var result: TopologyTestResult

    private static let reasonsShownMax = 3

    func lines(_ terminal: Terminal) -> [String] {
        let style = Style(terminal)
        let time = style(.dim, "(\(Figures.duration(seconds: Double(result.nanoseconds) / 1e9)))")
        guard !result.isPassed else { return ["\(path): \(style(.green, "ok"))  \(result.name) \(time)"] }
        var lines = ["\(result.location): \(style(.red, "FAILED"))  \(style(.bold, result.name)) \(time)"]
        for failure in result.failures {
            lines.append("    \(failure.expectation.location): \(failure.headline)")
            let table = NearestRows(failure).table?.lines(width: terminal.width.map { $0 - 6 }, style: style) ?? []
            lines += table.map { "      " + $0 }
        }
        for (reason, count) in result.deadLetters.prefix(Self.reasonsShownMax) {
            lines.append("    \(Figures.count(count, "dead letter")): \(CellText.printable(reason))")
        }
        return lines
    }
}

extension TopologyTestResult.Failure {
    /// The message without the rows below it, which a table shows.
    var headline: String {
        CellText.printable(String(message.split(separator: "\n", maxSplits: 1).first ?? ""))
    }
}

/// What came of all tests of a command.
struct TestOutcome {
    var results: [(path: String, result: TopologyTestResult)] = []
    var findings: [Finding] = []

    var failedCount: Int { results.count { !$0.result.isPassed } }
    var hasErrors: Bool { findings.contains { $0.severity == .error } }

    /// `4 passed, 0 failed`
    func summary(_ style: Style) -> String {
        let failed = "\(failedCount) failed"
        let errors = findings.count { $0.severity == .error }
        return "\(results.count - failedCount) passed, " + (failedCount > 0 ? style(.red, failed) : failed)
            + (errors > 0 ? ", " + style(.red, Figures.count(errors, "error") + " in the files") : "")
    }

    var json: JSONValue {
        let tests = results.map { path, result in
            let failures = result.failures.map { failure in
                JSONValue(members: [
                    ("file", .text(failure.expectation.location.file)), ("line", .int(failure.expectation.location.line)),
                    ("column", .int(failure.expectation.location.column)), ("message", .text(failure.message)),
                ])
            }
            let deadLetters = result.deadLetters.map { letter in
                JSONValue(members: [("reason", .text(letter.reason)), ("count", .int(letter.count))])
            }
            return JSONValue(members: [
                ("file", .text(path)), ("line", .int(result.location.line)), ("name", .text(result.name)),
                ("passed", .flag(result.isPassed)),
                ("milliseconds", .number(Double(result.nanoseconds / 1_000) / 1_000)), ("failures", .list(failures)),
                ("dead_letters", .list(deadLetters)),
            ])
        }
        return JSONValue(members: [
            ("passed", .int(results.count - failedCount)), ("failed", .int(failedCount)), ("tests", .list(tests)),
            ("findings", .list(findings.map(\.json))),
        ])
    }
}
