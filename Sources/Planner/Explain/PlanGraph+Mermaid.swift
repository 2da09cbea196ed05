extension PlanGraph {
    /// A Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html), as GitHub and GitLab show it in Markdown.
    ///
    /// Boxes have ids of our own, so that no name can be a word of the language; labels are quoted and what has a meaning
    /// in them is written as an entity.
    public var mermaid: String {
        var lines = ["flowchart LR"]
        for (index, node) in nodes.enumerated() {
            let (open, close) = Self.shape(node.kind)
            let label = ([node.title] + node.lines).map(Self.escaped).joined(separator: "<br/>")
            lines.append("  n\(index)\(open)\"\(label)\"\(close)")
        }
        for edge in edges { lines.append("  n\(edge.from) \(edge.isFault ? "-.->" : "-->") n\(edge.to)") }
        for kind in Kind.allCases {
            let members = nodes.indices.filter { nodes[$0].kind == kind }
            guard !members.isEmpty else { continue }
            let name = Self.className(kind), colours = GraphColours.light(kind)
            lines.append("  classDef \(name) fill:\(colours.fill),stroke:\(colours.stroke),color:\(GraphColours.lightText)")
            lines.append("  class \(members.map { "n\($0)" }.joined(separator: ",")) \(name)")
        }
        return lines.joined(separator: "\n")
    }

    private static func shape(_ kind: Kind) -> (String, String) {
        switch kind {
        case .topic, .hop, .deadLetters: ("[(", ")]")
        case .source: ("([", "])")
        case .stream: ("[", "]")
        case .table: ("[/", "/]")
        case .view: ("[[", "]]")
        case .output: ("{{", "}}")
        }
    }

    /// `deadLetters`
    static func className(_ kind: Kind) -> String { kind == .deadLetters ? "deadLetters" : kind.rawValue }

    private static func escaped(_ text: String) -> String {
        text.map { character -> String in
            switch character {
            case "#": "#35;"
            case "&": "#amp;"
            case "\"": "#quot;"
            case "<": "#lt;"
            case ">": "#gt;"
            case "`": "#96;"
            case _ where character.isNewline: " "
            default: String(character)
            }
        }.joined()
    }
}
