/// Places boxes in layers from left to right, so that every arrow goes to a layer further right.
///
/// Graphviz does this too, but it is a program that users may not have, and topologies are small.
///
/// 1. A box's layer is the longest way to it.
/// 2. An arrow over several layers gets a narrow box of its own in each layer between, so that it runs between boxes.
/// 3. Layers are ordered by the mean places of their neighbours, forth and back, and the order with the fewest crossings
///    is kept.
/// 4. Boxes move up and down to the mean height of their neighbours, as far as their order and the gaps let them.
struct LayeredLayout {
    struct Size {
        var width: Double
        var height: Double
    }

    struct Point: Equatable {
        var x: Double
        var y: Double
    }

    struct Box {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
        var layer: Int
    }

    /// Of the nodes given, in their order; all boxes of a layer are as wide as its widest.
    private(set) var boxes: [Box] = []
    /// Of the edges given, in their order: from the right side of a box to the left side of another, at every layer
    /// between one point where it comes in and one where it goes out.
    private(set) var routes: [[Point]] = []
    private(set) var size = Size(width: 0, height: 0)

    static let layerGap = 56.0
    static let boxGap = 18.0
    /// The height that an arrow passing through a layer has to itself.
    static let passageHeight = 6.0
    private static let orderSweeps = 12
    private static let heightSweeps = 16

    /// - Precondition: the edges make no circle.
    /// - Complexity: O(sweeps × edges²) for the crossings.
    init(sizes: [Size], edges: [(from: Int, to: Int)]) {
        guard !sizes.isEmpty else { return }
        let layers = Self.layers(count: sizes.count, edges)
        var graph = LayeredGraph(layers: layers, edges: edges)
        graph.order(sweeps: Self.orderSweeps)
        let heights = graph.layer.indices.map { $0 < sizes.count ? sizes[$0].height : Self.passageHeight }
        let centres = graph.centres(heights: heights, gap: Self.boxGap, sweeps: Self.heightSweeps)

        let widths = graph.members.map { members in members.filter { $0 < sizes.count }.map { sizes[$0].width }.max() ?? 0 }
        var lefts: [Double] = []
        for width in widths {
            lefts.append(size.width + (lefts.isEmpty ? 0 : Self.layerGap))
            size.width = lefts[lefts.count - 1] + width
        }
        boxes = sizes.indices.map { node in
            Box(
                x: lefts[layers[node]], y: centres[node] - heights[node] / 2, width: widths[layers[node]], height: heights[node],
                layer: layers[node])
        }
        size.height = boxes.reduce(0) { max($0, $1.y + $1.height) }
        routes = graph.chains.map { chain in
            var points: [Point] = []
            for (place, node) in chain.enumerated() {
                let layer = graph.layer[node]
                if place > 0 { points.append(Point(x: lefts[layer], y: centres[node])) }
                if place < chain.count - 1 { points.append(Point(x: lefts[layer] + widths[layer], y: centres[node])) }
            }
            return points
        }
    }

    /// - Complexity: O(nodes × edges).
    private static func layers(count: Int, _ edges: [(from: Int, to: Int)]) -> [Int] {
        var layers = Array(repeating: 0, count: count)
        for round in 0...count {
            var moved = false
            for edge in edges where layers[edge.to] <= layers[edge.from] {
                layers[edge.to] = layers[edge.from] + 1
                moved = true
            }
            if !moved { break }
            precondition(round < count, "a plan has no circles")
        }
        return layers
    }
}
