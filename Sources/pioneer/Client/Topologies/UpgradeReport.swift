import Base
import Columns
import Planner

/// What `pioneer plan` says of one topology, as text for a person.
struct UpgradeReport {
    let plan: UpgradePlan

    private static let widthDefault = 80
    /// Where reasons begin.
    private static let reasonIndent = 11
    private static let inputsMax = 16

    func lines(_ terminal: Terminal) -> [String] {
        let style = Style(terminal), width = min(terminal.width ?? Self.widthDefault, Self.widthDefault)
        var lines = [style(.bold, "topology \(plan.topology)") + "  " + versions]
        guard !plan.isFirst else { return lines + ["  nothing of it has run here yet: everything in it is new"] }
        if plan.isUnchanged { return lines + ["  goes on as it is"] + changes(style, width) }
        lines += changes(style, width)
        if plan.startsOver { lines += startingOver(width) }
        return lines
    }

    private var versions: String {
        let next = String(plan.version.prefix(8))
        let running = plan.running.map { $0.isEmpty ? "?" : String($0.prefix(8)) }
        return running.isEmpty ? "version \(next)" : "version \(running.joined(separator: " and ")) -> \(next)"
    }

    private func changes(_ style: Style, _ width: Int) -> [String] {
        let nameWidth = min(40, plan.changes.map { $0.part.rawValue.count + 1 + $0.name.count }.max() ?? 0)
        return plan.changes.flatMap { change -> [String] in
            let verdict = change.verdict.rawValue + String(repeating: " ", count: max(0, 8 - change.verdict.rawValue.count))
            let name = "\(change.part.rawValue) \(change.name)"
            var head = "  " + (change.loses ? style(.red, verdict) : verdict) + " " + name
            if let amount = amount(change) { head += String(repeating: " ", count: max(1, nameWidth + 2 - name.count)) + amount }
            return [head] + change.why.flatMap {
                ExplainReport.wrapped($0.split(separator: " ").map(String.init), indent: Self.reasonIndent, width)
            }
        }
    }

    private func amount(_ change: UpgradePlan.Change) -> String? {
        switch change.part {
        case .view: change.rows.map { Figures.count($0, "row") } ?? (change.verdict == .new ? nil : "rows not known")
        case .stream, .table: change.stateBytes.map { $0 == 0 ? "no state yet" : Figures.bytes($0) + " of state" }
        }
    }

    private func startingOver(_ width: Int) -> [String] {
        func wrapped(_ text: String, _ indent: Int) -> [String] {
            ExplainReport.wrapped(text.split(separator: " ").map(String.init), indent: indent, width)
        }
        var lines = wrapped("It starts over from what the log holds. Rows are written to output topics once more.", 2)
        for input in plan.inputs.prefix(Self.inputsMax) {
            let (count, first) = (Figures.count(Int(input.end - input.first), "record"), Figures.count(Int(input.first)))
            let lost = input.first == 0
                ? "all there ever were" : "from offset \(first) on: what was before is gone, and what was made of it cannot be made again"
            lines += wrapped("\(input.topic)[\(input.partition)] has \(count), \(lost)", 4)
        }
        if plan.inputs.count > Self.inputsMax { lines.append("    and \(plan.inputs.count - Self.inputsMax) more partitions") }
        return lines
    }
}
