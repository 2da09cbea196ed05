/// A row type's columns as the tree of records that their dotted paths spell, in order of first appearance: what JSON
/// objects and Avro schemas nest.
struct RowShape {
    struct Node {
        var name: String
        /// The column: a leaf's values, or a nullable record's presence. Nil for a record that is always there.
        var column: Int?
        var children: [Node] = []
    }

    private(set) var roots: [Node] = []

    init(_ type: RowType) {
        for (index, column) in type.columns.enumerated() {
            Self.insert(column.path.split(separator: ".", omittingEmptySubsequences: false)[...], index, into: &roots)
        }
    }

    private static func insert(_ path: ArraySlice<Substring>, _ column: Int, into nodes: inout [Node]) {
        let name = String(path.first!)
        let place = nodes.firstIndex { $0.name == name } ?? nodes.count
        if place == nodes.count { nodes.append(Node(name: name)) }
        if path.count == 1 {
            nodes[place].column = column
        } else {
            insert(path.dropFirst(), column, into: &nodes[place].children)
        }
    }
}
