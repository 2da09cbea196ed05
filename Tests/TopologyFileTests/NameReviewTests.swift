import Base
import Testing

@testable import TopologyFile

@Test func `a name too long for a state key or a topic is a finding`() {
    func codes(_ name: String) -> [String] {
        let text = """
            topology: \(name)
            sources:
              m: { topic: in, schema: metric, key: [id], event_time: { field: at } }
            """
        return TopologyLoader.read(text, path: "t.yaml").findings.map { "\($0.location.line) \($0.code)" }
    }
    #expect(codes(String(repeating: "n", count: 100)) == [])
    #expect(codes(String(repeating: "n", count: 101)) == ["1 topology.bad_name"])
}
