import Base
import Planner
import TopologyFile

/// A topology file, read and planned, with everything that was found on the way.
struct CheckedTopology {
    var path: String
    /// Nil when the file is no topology at all.
    var specification: TopologySpecification?
    /// Nil when there is an error among the findings.
    var plan: Plan?
    var findings: [Finding]

    var hasErrors: Bool { findings.contains { $0.severity == .error } }

    /// - Parameter schemas: their directory; nil: `schemas` beside the topology's.
    static func load(_ path: String, schemas: String?) -> CheckedTopology {
        let reading = TopologyLoader.load(path: path)
        guard let specification = reading.specification else {
            return CheckedTopology(path: path, specification: nil, plan: nil, findings: reading.findings)
        }
        let catalog = schemas.map { SchemaCatalog.directory($0) } ?? .beside(topologyPath: path)
        let planning = Planner.plan(specification, schemas: catalog)
        let findings = inFileOrder(reading.findings + planning.findings)
        let isSound = !findings.contains { $0.severity == .error }
        return CheckedTopology(path: path, specification: specification, plan: isSound ? planning.plan : nil, findings: findings)
    }
}

/// A tests file, read and planned against the topology beside it.
struct CheckedTests {
    var path: String
    var topology: CheckedTopology
    /// Those without a finding, each with what it was planned from.
    var tests: [(planned: PlannedTest, specification: TopologyTestSpecification)]
    /// The tests file's own.
    var findings: [Finding]

    static func load(_ path: String, schemas: String?) -> CheckedTests {
        let topology = CheckedTopology.load(TopologyLoader.topologyPath(ofTests: path), schemas: schemas)
        let reading = TopologyLoader.loadTests(path: path)
        guard let plan = topology.plan else {
            return CheckedTests(path: path, topology: topology, tests: [], findings: reading.findings)
        }
        let planning = Planner.plan(reading.tests, against: plan)
        let tests = planning.tests.compactMap { planned in
            reading.tests.first { $0.name.location == planned.location }.map { (planned, $0) }
        }
        return CheckedTests(path: path, topology: topology, tests: tests, findings: inFileOrder(reading.findings + planning.findings))
    }
}

/// Each finding once, as they stand in the file.
private func inFileOrder(_ findings: [Finding]) -> [Finding] {
    Set(findings).sorted { ($0.location, $0.code.text, $0.message) < ($1.location, $1.code.text, $1.message) }
}
