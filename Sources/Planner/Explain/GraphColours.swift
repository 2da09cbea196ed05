/// A fill and a stroke for each kind of box, on light ground and on dark.
enum GraphColours {
    static let lightText = "#1c2430"
    static let darkText = "#e6ebf2"

    static func light(_ kind: PlanGraph.Kind) -> (fill: String, stroke: String) {
        switch kind {
        case .topic: ("#eef1f5", "#7b8797")
        case .source: ("#e2effc", "#2f78ba")
        case .table: ("#e0f3f4", "#1f8088")
        case .hop: ("#f4ecf9", "#9a5bb5")
        case .stream: ("#efe9fc", "#7350c4")
        case .view: ("#e1f4e7", "#2b8a52")
        case .output: ("#fcedda", "#b96a18")
        case .deadLetters: ("#fce6e6", "#c03c3c")
        }
    }

    static func dark(_ kind: PlanGraph.Kind) -> (fill: String, stroke: String) {
        switch kind {
        case .topic: ("#262d36", "#8a97a8")
        case .source: ("#15304a", "#5aa5e6")
        case .table: ("#123a3d", "#4fb8c2")
        case .hop: ("#36203f", "#c48ad8")
        case .stream: ("#2c2347", "#a68be8")
        case .view: ("#153a26", "#57bd82")
        case .output: ("#41290f", "#e09a4c")
        case .deadLetters: ("#421c1c", "#e27272")
        }
    }
}
