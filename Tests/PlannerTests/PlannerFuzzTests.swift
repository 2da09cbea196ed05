import Base
import Testing
import TopologyFile

@testable import Planner

@Test(arguments: 0..<4)
func `no mutation of the shipped topology or its tests crashes the planner`(_ seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let topology = Array(try TextFile.read(path: root + "/topologies/usage.yaml").get().unicodeScalars)
    let tests = Array(try TextFile.read(path: root + "/topologies/usage.test.yaml").get().unicodeScalars)
    let schemas = SchemaCatalog.directory(root + "/schemas")
    let specification = try #require(TopologyLoader.read(text(topology), path: "t").specification)
    let shipped = try #require(Planner.plan(specification, schemas: schemas).plan)
    for _ in 0..<50 {
        let reading = TopologyLoader.read(text(mutated(topology, &random)), path: "t")
        if let specification = reading.specification {
            let planning = Planner.plan(specification, schemas: schemas)
            #expect(planning.plan != nil || !planning.findings.isEmpty)
            if let plan = planning.plan {
                let settings = PlanExplanation.Settings(partitionCount: 1, commitInterval: .seconds(1))
                #expect(PlanGraph(PlanExplanation(plan, of: specification, settings)).svg.hasSuffix("</svg>"))
            }
        }
        _ = Planner.plan(TopologyLoader.readTests(text(mutated(tests, &random)), path: "t").tests, against: shipped)
    }
}

private func text(_ scalars: [Unicode.Scalar]) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
}

/// One word replaced by another of the same text, or by something else.
private func mutated(_ scalars: [Unicode.Scalar], _ random: inout SeededRandom) -> [Unicode.Scalar] {
    func isWord(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isAlphabetic || scalar == "_" || ("0"..."9").contains(scalar) }
    let words = scalars.indices.filter { isWord(scalars[$0]) && ($0 == 0 || !isWord(scalars[$0 - 1])) }
    func word(at start: Int) -> Range<Int> { start..<(scalars[start...].firstIndex { !isWord($0) } ?? scalars.count) }
    var result = scalars
    let others = ["0", "99999999999999999999", "-1", "1us", "366d", "null", "true", "mean", "value * 2", "window.start", "", "\"", "x: y"]
    for _ in 0..<Int.random(in: 1...2, using: &random) {
        let target = word(at: words.randomElement(using: &random)!)
        guard target.upperBound <= result.count else { continue }
        let other = Bool.random(using: &random) ? Array(scalars[word(at: words.randomElement(using: &random)!)])
            : Array(others.randomElement(using: &random)!.unicodeScalars)
        result.replaceSubrange(target, with: other)
    }
    return result
}
