import Columns
import Stores
import Testing

@Test func `an index has the same name in every release, and no other has it`() {
    func name(_ view: String, _ columns: String...) -> String {
        ViewDefinition(name: view, topology: "t", type: RowType([]), key: [], keep: nil, path: nil, description: nil).indexName(of: columns)
    }
    #expect(name("usage", "team", "window_start") == "_pioneer_index_usage_5b505a20bd2877fd")
    let long = String(repeating: "v", count: 100)
    let names = [
        name("a", "b", "c"), name("a", "c", "b"), name("a", "b_c"), name("a_b", "c"), name("a", "b"), name(long, "b"),
        name(long + "v", "b"),
    ]
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0.utf8.count <= 63 && $0.hasPrefix(ViewDefinition.indexPrefix) })
}
