/// A plan as a picture: SVG 1.1 without references to anything outside, legible on light and dark ground.
///
/// Text is measured by counting characters, which a fixed-width font makes true; what would be too long is cut and
/// stands whole in the box's tooltip.
struct PlanPicture {
    /// Text of a box, with where it stands in it.
    struct Label {
        var text: String
        var style: Style
        var x: Double
        /// The baseline.
        var y: Double
    }

    enum Style: String {
        case kind, title, line
        var size: Double {
            switch self {
            case .kind: 10
            case .title: 14
            case .line: 12
            }
        }
        /// A little more than the fixed-width fonts in use have (0.55 to 0.602 of the size).
        func width(_ text: String) -> Double { Double(text.count) * size * 0.62 }
        /// Down to the next line's baseline.
        var lineHeight: Double { size + 5 }
    }

    static let padding = 10.0
    static let margin = 20.0
    static let headingHeight = 34.0
    /// Characters of one line of a box.
    static let charactersMax = 40

    let graph: PlanGraph
    let layout: LayeredLayout
    /// For each node.
    let labels: [[Label]]

    init(_ graph: PlanGraph) {
        self.graph = graph
        let texts = graph.nodes.map { node in
            [(node.kind.rawValue, Style.kind), (node.title, .title)] + node.lines.map { ($0, Style.line) }
        }.map { $0.map { (Self.cut($0), $1) } }
        let sizes = texts.map { lines in
            LayeredLayout.Size(
                width: (lines.map { $1.width($0) }.max() ?? 0) + 2 * Self.padding,
                height: lines.reduce(0) { $0 + $1.1.lineHeight } + 2 * Self.padding - 5)
        }
        let layout = LayeredLayout(sizes: sizes, edges: graph.edges.map { ($0.from, $0.to) })
        self.layout = layout
        labels = zip(texts, layout.boxes).map { lines, box in
            var y = box.y + Self.padding
            return lines.map { text, style in
                defer { y += style.lineHeight }
                return Label(text: text, style: style, x: box.x + Self.padding, y: y + style.size * 0.82)
            }
        }
    }

    private static func cut(_ text: String) -> String {
        text.count > charactersMax ? text.prefix(charactersMax - 1) + "…" : text
    }
}

extension PlanPicture {
    var svg: String {
        let heading = Style.title.width(graph.title)
        let width = max(layout.size.width, heading) + 2 * Self.margin
        let height = layout.size.height + Self.headingHeight + 2 * Self.margin
        let dx = Self.margin, dy = Self.margin + Self.headingHeight
        var out: [String] = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
                + " viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" role=\"img\">",
            "<title>\(Self.escaped(graph.title))</title>", "<style>", Self.css, "</style>",
            "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
                + "<path class=\"tip\" d=\"M0,0.5L8,4L0,7.5z\"/></marker></defs>",
            "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>",
            "<text class=\"title\" x=\"\(Self.number(dx))\" y=\"\(Self.number(Self.margin + 14))\">\(Self.escaped(graph.title))</text>",
            "<g transform=\"translate(\(Self.number(dx)),\(Self.number(dy)))\">",
        ]
        for (edge, route) in zip(graph.edges, layout.routes) { out.append(path(edge, route)) }
        for (index, node) in graph.nodes.enumerated() { out += box(node, layout.boxes[index], labels[index]) }
        return (out + ["</g>", "</svg>"]).joined(separator: "\n")
    }

    private func box(_ node: PlanGraph.Node, _ box: LayeredLayout.Box, _ labels: [Label]) -> [String] {
        let whole = (["\(node.kind.rawValue) \(node.title)"] + (node.facts.isEmpty ? node.lines : node.facts)).joined(separator: "\n")
        return [
            "<g class=\"\(PlanGraph.className(node.kind))\"><title>\(Self.escaped(whole))</title>",
            "<rect x=\"\(Self.number(box.x))\" y=\"\(Self.number(box.y))\" width=\"\(Self.number(box.width))\""
                + " height=\"\(Self.number(box.height))\" rx=\"6\"/>",
        ] + labels.map { label in
            "<text class=\"\(label.style)\" x=\"\(Self.number(label.x))\" y=\"\(Self.number(label.y))\">\(Self.escaped(label.text))</text>"
        } + ["</g>"]
    }

    /// Across a layer straight, from one layer to the next a curve that leaves and arrives level.
    private func path(_ edge: PlanGraph.Edge, _ route: [LayeredLayout.Point]) -> String {
        var d = "M\(Self.number(route[0].x)),\(Self.number(route[0].y))"
        for (index, (from, to)) in zip(route, route.dropFirst()).enumerated() {
            let end = "\(Self.number(to.x)),\(Self.number(to.y))"
            let middle = Self.number((from.x + to.x) / 2)
            d += index % 2 == 1
                ? "L\(end)" : "C\(middle),\(Self.number(from.y)) \(middle),\(Self.number(to.y)) \(end)"
        }
        return "<path class=\"edge\(edge.isFault ? " fault" : "")\" d=\"\(d)\" marker-end=\"url(#arrow)\"/>"
    }

    private static let css: String = {
        func colours(_ colours: (PlanGraph.Kind) -> (fill: String, stroke: String)) -> String {
            PlanGraph.Kind.allCases.map { kind in
                let name = PlanGraph.className(kind), pair = colours(kind)
                return ".\(name) rect{fill:\(pair.fill);stroke:\(pair.stroke)}.\(name) .kind{fill:\(pair.stroke)}"
            }.joined(separator: "\n")
        }
        func plain(_ ground: String, _ text: String, _ line: String) -> String {
            ".ground{fill:\(ground)}text{fill:\(text)}.edge{stroke:\(line)}.tip{fill:\(line)}"
        }
        return """
            text{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px}
            .kind{font-size:10px}.title{font-size:14px;font-weight:bold}
            rect{stroke-width:1.4}.ground{stroke:none}
            .edge{fill:none;stroke-width:1.4}.fault{stroke-dasharray:4 4}
            \(plain("#ffffff", GraphColours.lightText, "#6b7685"))
            \(colours(GraphColours.light))
            @media (prefers-color-scheme:dark){
            \(plain("#12161c", GraphColours.darkText, "#8f9bab"))
            \(colours(GraphColours.dark))
            }
            """
    }()

    /// With at most one digit behind the point.
    static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : "", size = tenths.magnitude
        return size % 10 == 0 ? "\(sign)\(size / 10)" : "\(sign)\(size / 10).\(size % 10)"
    }

    /// Text as XML has it; control characters, which it cannot have, as spaces.
    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "\n": out += "\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || scalar.value == 0xFFFE || scalar.value == 0xFFFF: out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

extension PlanGraph {
    /// The plan as an SVG picture.
    public var svg: String { PlanPicture(self).svg }
}
