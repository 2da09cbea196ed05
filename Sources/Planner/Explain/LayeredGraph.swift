/// A graph whose edges lead from one layer to the next: those that were longer are chains of passages, which follow the
/// graph's own nodes in number.
struct LayeredGraph {
    /// Of every node and passage.
    private(set) var layer: [Int]
    /// The nodes of each layer, top to bottom.
    private(set) var members: [[Int]]
    /// For each edge the nodes it runs through, its ends included.
    private(set) var chains: [[Int]] = []
    private var before: [[Int]]
    private var after: [[Int]]

    init(layers: [Int], edges: [(from: Int, to: Int)]) {
        layer = layers
        before = Array(repeating: [], count: layers.count)
        after = before
        members = Array(repeating: [], count: (layers.max() ?? 0) + 1)
        for edge in edges { chains.append(chain(edge.from, edge.to)) }
        for chain in chains {
            for (from, to) in zip(chain, chain.dropFirst()) {
                after[from].append(to)
                before[to].append(from)
            }
        }
        for node in depthFirst() { members[layer[node]].append(node) }
    }

    private mutating func chain(_ from: Int, _ to: Int) -> [Int] {
        let passages = (layer[from] + 1..<layer[to]).map { between in
            layer.append(between)
            before.append([])
            after.append([])
            return layer.count - 1
        }
        return [from] + passages + [to]
    }

    /// What belongs together stands together from the beginning.
    private func depthFirst() -> [Int] {
        var seen = Array(repeating: false, count: layer.count)
        var found: [Int] = []
        var waiting = Array(layer.indices.filter { before[$0].isEmpty }.reversed())
        while let node = waiting.popLast() {
            guard !seen[node] else { continue }
            seen[node] = true
            found.append(node)
            waiting += after[node].reversed()
        }
        return found
    }

    // MARK: Order

    mutating func order(sweeps: Int) {
        var best = members, least = crossings(members)
        for sweep in 0..<sweeps where least > 0 {
            let isForth = sweep % 2 == 0
            for index in isForth ? Array(members.indices.dropFirst()) : members.indices.dropLast().reversed() {
                arrange(index, by: isForth ? before : after, of: members[isForth ? index - 1 : index + 1])
            }
            let count = crossings(members)
            if count < least { (best, least) = (members, count) }
        }
        members = best
    }

    /// Nodes without neighbours there keep their places; the others are sorted into the places left.
    private mutating func arrange(_ index: Int, by neighbours: [[Int]], of fixed: [Int]) {
        var places: [Int: Double] = [:]
        for (place, node) in fixed.enumerated() { places[node] = Double(place) }
        let old = members[index]
        let moving = old.filter { !neighbours[$0].isEmpty }
        let means = moving.enumerated().map { place, node in
            let mean = neighbours[node].reduce(0) { $0 + (places[$1] ?? 0) } / Double(neighbours[node].count)
            return (mean: mean, place: place, node: node)
        }
        var sorted = means.sorted { ($0.mean, $0.place) < ($1.mean, $1.place) }.map(\.node)[...]
        members[index] = old.map { neighbours[$0].isEmpty ? $0 : sorted.removeFirst() }
    }

    private func crossings(_ members: [[Int]]) -> Int {
        var place = Array(repeating: 0, count: layer.count)
        for nodes in members { for (index, node) in nodes.enumerated() { place[node] = index } }
        var count = 0
        for nodes in members {
            let ends = nodes.flatMap { node in after[node].map { (from: place[node], to: place[$0]) } }
            for (index, a) in ends.enumerated() {
                for b in ends[(index + 1)...] where (a.from < b.from && a.to > b.to) || (a.from > b.from && a.to < b.to) { count += 1 }
            }
        }
        return count
    }

    // MARK: Heights

    /// The vertical centre of every node, the uppermost edge at zero.
    func centres(heights: [Double], gap: Double, sweeps: Int) -> [Double] {
        var centres = Array(repeating: 0.0, count: layer.count)
        for nodes in members {
            var top = 0.0
            for node in nodes {
                centres[node] = top + heights[node] / 2
                top += heights[node] + gap
            }
        }
        for sweep in 0..<sweeps {
            let isForth = sweep % 2 == 0
            let neighbours = isForth ? before : after
            for index in isForth ? Array(members.indices) : members.indices.reversed() {
                let wanted = members[index].map { node in
                    neighbours[node].isEmpty
                        ? centres[node] : neighbours[node].reduce(0) { $0 + centres[$1] } / Double(neighbours[node].count)
                }
                let spread = Self.spread(wanted, heights: members[index].map { heights[$0] }, gap: gap)
                for (node, centre) in zip(members[index], spread) { centres[node] = centre }
            }
        }
        let top = layer.indices.map { centres[$0] - heights[$0] / 2 }.min() ?? 0
        return centres.map { $0 - top }
    }

    /// The centres nearest to those wanted (least squares) that keep the order and the gaps: what violates them is pooled
    /// with its neighbour and moves to the pool's mean.
    static func spread(_ wanted: [Double], heights: [Double], gap: Double) -> [Double] {
        var offsets: [Double] = []
        var pools: [(sum: Double, count: Int)] = []
        for (index, centre) in wanted.enumerated() {
            offsets.append(index == 0 ? 0 : offsets[index - 1] + (heights[index - 1] + heights[index]) / 2 + gap)
            pools.append((centre - offsets[index], 1))
            while pools.count > 1 {
                let last = pools[pools.count - 1], previous = pools[pools.count - 2]
                guard previous.sum / Double(previous.count) > last.sum / Double(last.count) else { break }
                pools.removeLast(2)
                pools.append((previous.sum + last.sum, previous.count + last.count))
            }
        }
        let pooled = pools.flatMap { Array(repeating: $0.sum / Double($0.count), count: $0.count) }
        return zip(pooled, offsets).map { $0 + $1 }
    }
}
