import Base
import Columns
import Planner
import Stores

/// What `pioneer check` says of one file.
struct CheckReport {
    var path: String
    var findings: [Finding]
    var plan: Plan?
    /// How many tests the file holds; nil where it is no tests file.
    var testCount: Int?
    /// Also when the errors themselves are told with another file.
    let hasErrors: Bool

    init(_ topology: CheckedTopology) {
        path = topology.path
        findings = topology.findings
        plan = topology.plan
        hasErrors = topology.hasErrors
    }

    /// Of a tests file: its own findings, and those of its topology, without which nothing can be said of the tests.
    init(_ tests: CheckedTests) {
        path = tests.path
        findings = (tests.topology.hasErrors ? tests.topology.findings : []) + tests.findings
        testCount = tests.tests.count
        hasErrors = findings.contains { $0.severity == .error }
    }

    func lines(_ terminal: Terminal) -> [String] {
        let style = Style(terminal)
        var lines = findings.flatMap { Self.lines($0, style) }
        if hasErrors { return lines.isEmpty ? ["\(path): \(style(.red, "has the errors told above"))"] : lines }
        lines.append("\(path): \(style(.green, "ok"))" + (testCount.map { ", \(Figures.count($0, "test"))" } ?? ""))
        guard let plan else { return lines }
        lines += Self.types(plan).lines(width: terminal.width.map { $0 - 2 }, style: style).map { "  " + $0 }
        if !plan.hops.isEmpty || !plan.outputs.isEmpty || !plan.views.isEmpty {
            lines += [""] + Self.ends(plan).lines(width: terminal.width.map { $0 - 2 }, style: style).map { "  " + $0 }
        }
        return lines
    }

    /// `file:line:column: error: message [code]`, as editors and compilers have it, and the remedy on lines of its own.
    static func lines(_ finding: Finding, _ style: Style) -> [String] {
        let severity = style(finding.severity == .error ? .red : .yellow, finding.severity.rawValue)
        let head = "\(style(.bold, "\(finding.location)")): \(severity): \(finding.message) \(style(.dim, "[\(finding.code)]"))"
        return [head] + (finding.remedy.map { $0.split(separator: "\n").map { "    " + $0 } } ?? [])
    }

    /// Every source's, table's and stream's columns with their types.
    static func types(_ plan: Plan) -> TextTable {
        var table = TextTable([.init("stream"), .init("column"), .init("type")])
        for (name, type) in streams(plan) {
            for (index, column) in type.columns.enumerated() {
                table.add([index == 0 ? name : "", column.path, PlanExplanation.typeName(type, index)])
            }
        }
        return table
    }

    private static func ends(_ plan: Plan) -> TextTable {
        var table = TextTable([.init("end"), .init("from"), .init("to"), .init("key")])
        for hop in plan.hops {
            let key = hop.keyColumns.map { hop.type.columns[$0].path }.joined(separator: ", ")
            table.add(["hop \(hop.name)", plan.name(of: hop.input), "topic \(hop.topic)", key])
        }
        for output in plan.outputs {
            let type = plan.type(of: output.input)
            let key = output.keyColumns.map { type.columns[$0].path }.joined(separator: ", ")
            table.add(["output \(output.name)", plan.name(of: output.input), "topic \(output.topic)", key])
        }
        for view in plan.views {
            let definition = view.definition
            table.add([
                "view \(definition.name)", plan.name(of: view.input), definition.path ?? "", definition.key.joined(separator: ", "),
            ])
        }
        return table
    }

    private static func streams(_ plan: Plan) -> [(String, RowType)] {
        plan.sources.map { ("source \($0.name)", $0.type) } + plan.tables.map { ("table \($0.name)", $0.type) }
            + plan.streams.map { ("stream \($0.name)", $0.type) }
    }

    var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("file", .text(path)), ("ok", .flag(!hasErrors)), ("findings", .list(findings.map(\.json))),
        ]
        if let testCount { members.append(("tests", .int(testCount))) }
        if let plan {
            members.append(("topology", .text(plan.topology)))
            members.append(("version", .text(plan.version)))
            members.append(("streams", .list(Self.streamJSON(plan))))
            members.append(("hops", .list(plan.hops.map(Self.hopJSON))))
        }
        return JSONValue(members: members)
    }

    private static func hopJSON(_ hop: PlannedHop) -> JSONValue {
        JSONValue(members: [
            ("name", .text(hop.name)), ("topic", .text(hop.topic.text)), ("rekeys", .flag(hop.isRekeying)),
            ("key", .list(hop.keyColumns.map { .text(hop.type.columns[$0].path) })),
        ])
    }

    private static func streamJSON(_ plan: Plan) -> [JSONValue] {
        func stream(_ name: String, _ kind: String, _ type: RowType) -> JSONValue {
            let columns = type.columns.indices.map { index in
                JSONValue(members: [
                    ("path", .text(type.columns[index].path)), ("type", .text("\(type.columns[index].type)")),
                    ("nullable", .flag(type.columns[index].type == .record || type.isNullable(at: index))),
                ])
            }
            return JSONValue(members: [("name", .text(name)), ("kind", .text(kind)), ("columns", .list(columns))])
        }
        return plan.sources.map { stream($0.name, "source", $0.type) } + plan.tables.map { stream($0.name, "table", $0.type) }
            + plan.streams.map { stream($0.name, "stream", $0.type) }
    }
}

extension Finding {
    var json: JSONValue {
        JSONValue(members: [
            ("severity", .text(severity.rawValue)), ("code", .text(code.text)), ("file", .text(location.file)),
            ("line", .int(location.line)), ("column", .int(location.column)), ("message", .text(message)), ("remedy", .text(remedy)),
        ])
    }
}
