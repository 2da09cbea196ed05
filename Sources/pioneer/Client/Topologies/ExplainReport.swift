import Base
import Columns
import Planner

/// What `pioneer explain` says of one topology, as text for a person and as JSON.
struct ExplainReport {
    let explanation: PlanExplanation

    /// Where a fact's label begins, and where its text does.
    private static let labelIndent = 2
    private static let textIndent = 13
    /// For output that is no terminal: text is wrapped all the same.
    private static let widthDefault = 80

    func lines(_ terminal: Terminal) -> [String] {
        let style = Style(terminal), width = terminal.width ?? Self.widthDefault
        var lines = [style(.bold, "topology \(explanation.topology)")]
        if let description = explanation.description {
            lines += Self.wrapped([description], indent: Self.labelIndent, width)
        }
        lines += Self.lines(explanation.facts, style, width)
        for part in explanation.parts where part.kind != .topic {
            let from = part.from.map { ", from \($0)" } ?? ""
            lines += ["", style(.bold, "\(part.kind.rawValue) \(part.name)") + from] + Self.lines(part.facts, style, width)
        }
        lines += ["", style(.bold, "internal topics")]
        for part in explanation.parts where part.kind == .topic {
            lines.append("  " + part.name)
            for fact in part.facts { lines += Self.wrapped(fact.pieces, indent: Self.textIndent, width) }
        }
        return lines
    }

    private static func lines(_ facts: [PlanExplanation.Fact], _ style: Style, _ width: Int) -> [String] {
        facts.flatMap { fact -> [String] in
            let label = String(repeating: " ", count: labelIndent) + fact.label
            let padding = String(repeating: " ", count: max(1, textIndent - label.count))
            let text = wrapped(fact.pieces, indent: textIndent, width)
            return [style(.dim, label) + padding + text[0].dropFirst(textIndent)] + text.dropFirst()
        }
    }

    /// The pieces in lines of at most `width` columns. A piece that is longer than a line is broken at its spaces, and a
    /// word that is longer stands alone.
    static func wrapped(_ pieces: [String], indent: Int, _ width: Int) -> [String] {
        let words = pieces.map(CellText.printable).flatMap { piece in
            CellText.width(piece) + indent > width ? piece.split(separator: " ").map(String.init) : [piece]
        }
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = margin, isEmpty = true
        for word in words where !word.isEmpty {
            if !isEmpty, CellText.width(line) + 1 + CellText.width(word) > width {
                lines.append(line)
                (line, isEmpty) = (margin, true)
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + [line]
    }

    var json: JSONValue {
        func facts(_ facts: [PlanExplanation.Fact]) -> JSONValue { JSONValue(members: facts.map { ($0.label, .text($0.text)) }) }
        let parts = explanation.parts.map { part in
            JSONValue(members: [
                ("kind", .text(part.kind.rawValue)), ("name", .text(part.name)), ("from", .text(part.from)), ("facts", facts(part.facts)),
            ])
        }
        return JSONValue(members: [
            ("topology", .text(explanation.topology)), ("description", .text(explanation.description)),
            ("version", .text(explanation.version)), ("facts", facts(explanation.facts)), ("parts", .list(parts)),
        ])
    }
}
