import Base
import Testing

@testable import Planner

private struct RandomGraph {
    var sizes: [LayeredLayout.Size]
    var edges: [(from: Int, to: Int)]

    init(_ random: inout SeededRandom) {
        let count = Int.random(in: 1...40, using: &random)
        sizes = (0..<count).map { _ in
            LayeredLayout.Size(width: .random(in: 20...300, using: &random), height: .random(in: 20...90, using: &random))
        }
        edges = []
        guard count > 1 else { return }
        for to in 1..<count {
            for _ in 0..<Int.random(in: 0...2, using: &random) { edges.append((Int.random(in: 0..<to, using: &random), to)) }
        }
    }
}

private func isNear(_ point: LayeredLayout.Point?, x: Double, y: Double) -> Bool {
    point.map { abs($0.x - x) < 0.001 && abs($0.y - y) < 0.001 } ?? false
}

struct LayeredLayoutTests {
    @Test(arguments: 0..<60)
    func `boxes never overlap, and arrows lead from each box to one further right`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let graph = RandomGraph(&random)
        let layout = LayeredLayout(sizes: graph.sizes, edges: graph.edges)
        #expect(layout.boxes.count == graph.sizes.count && layout.routes.count == graph.edges.count)
        for (index, a) in layout.boxes.enumerated() {
            #expect(a.width >= graph.sizes[index].width && a.height == graph.sizes[index].height)
            #expect(a.x >= 0 && a.y >= -0.001 && a.x + a.width <= layout.size.width + 0.001 && a.y + a.height <= layout.size.height + 0.001)
            for b in layout.boxes[(index + 1)...] where a.layer == b.layer {
                #expect(a.y + a.height + LayeredLayout.boxGap <= b.y + 0.001 || b.y + b.height + LayeredLayout.boxGap <= a.y + 0.001)
            }
            for b in layout.boxes where a.layer < b.layer { #expect(a.x + a.width + LayeredLayout.layerGap <= b.x + 0.001) }
        }
        for (edge, route) in zip(graph.edges, layout.routes) {
            let from = layout.boxes[edge.from], to = layout.boxes[edge.to]
            #expect(from.layer < to.layer && route.count == 2 * (to.layer - from.layer))
            #expect(isNear(route.first, x: from.x + from.width, y: from.y + from.height / 2))
            #expect(isNear(route.last, x: to.x, y: to.y + to.height / 2))
            for (a, b) in zip(route, route.dropFirst()) { #expect(a.x <= b.x) }
        }
    }

    /// Across a layer a route is level, and no box of the layer lies at that height.
    @Test(arguments: 100..<130)
    func `arrows that pass a layer run between its boxes`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let graph = RandomGraph(&random)
        let layout = LayeredLayout(sizes: graph.sizes, edges: graph.edges)
        for (edge, route) in zip(graph.edges, layout.routes) {
            for (place, pair) in zip(route, route.dropFirst()).enumerated() where place % 2 == 1 {
                let layer = layout.boxes[edge.from].layer + (place + 1) / 2
                #expect(pair.0.y == pair.1.y)
                for box in layout.boxes where box.layer == layer {
                    #expect(pair.0.y < box.y - 1 || pair.0.y > box.y + box.height + 1)
                }
            }
        }
    }

    @Test func `a tree is drawn without crossings, whatever the order of its edges`() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<20 {
            let edges = (1..<12).map { (from: Int.random(in: max(0, $0 - 4)..<$0, using: &random), to: $0) }.shuffled(using: &random)
            let layout = LayeredLayout(sizes: (0..<12).map { _ in .init(width: 40, height: 20) }, edges: edges)
            for (a, one) in zip(edges, layout.routes) {
                for (b, other) in zip(edges, layout.routes) where layout.boxes[a.from].layer == layout.boxes[b.from].layer {
                    let starts = one[0].y - other[0].y, ends = one[1].y - other[1].y
                    #expect(starts * ends >= -0.001)
                }
            }
        }
    }

    @Test func `centres that fit are kept, and others are moved as little as possible`() {
        #expect(LayeredGraph.spread([10, 50], heights: [10, 10], gap: 10) == [10, 50])
        #expect(LayeredGraph.spread([10, 10], heights: [10, 10], gap: 10) == [0, 20])
        #expect(LayeredGraph.spread([30, 10, 60], heights: [10, 10, 10], gap: 0) == [15, 25, 60])
        #expect(LayeredGraph.spread([], heights: [], gap: 1) == [])
    }

    @Test func `nothing has no size`() {
        let layout = LayeredLayout(sizes: [], edges: [])
        #expect(layout.boxes.isEmpty && layout.size.width == 0 && layout.size.height == 0)
    }
}
