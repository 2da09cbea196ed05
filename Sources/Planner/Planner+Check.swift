public import Base
public import TopologyFile

/// A topology file with the tests beside it, read and planned: what `check`, `test` and a deployment begin with.
public struct CheckedTopology: Sendable {
    /// The topology's path, also where a tests file was asked for.
    public var path: String
    public var specification: TopologySpecification?
    /// Nil when there is an error in the topology or its schemas.
    public var plan: Plan?
    /// Empty when there is no tests file, or no plan to check it against.
    public var tests: [PlannedTest]
    /// Of topology, schemas and tests.
    public var findings: [Finding]

    public var hasErrors: Bool { findings.contains { $0.severity == .error } }
}

extension Planner {
    /// Reads and checks a topology and its tests, if it has any. Never throws: what is wrong is a finding.
    ///
    /// - Parameters:
    ///   - path: A topology's path, or that of a tests file, which stands for the topology beside it.
    ///   - schemas: Nil: those in `../schemas` beside the topology.
    public static func check(path: String, schemas: SchemaCatalog? = nil) -> CheckedTopology {
        let isTests = TopologyLoader.isTests(path: path)
        let topologyPath = isTests ? TopologyLoader.topologyPath(ofTests: path) : path
        let reading = TopologyLoader.load(path: topologyPath)
        var checked = check(reading, path: topologyPath, schemas: schemas ?? .beside(topologyPath: topologyPath))

        let tests = TopologyLoader.loadTests(path: TopologyLoader.testsPath(ofTopology: topologyPath))
        let areMissing = tests.findings.contains { $0.code == .fileNotFound }
        if !areMissing || isTests { checked.findings += tests.findings }
        if let plan = checked.plan {
            let planned = Planner.plan(tests.tests, against: plan)
            checked.tests = planned.tests
            checked.findings += planned.findings
        }
        return checked
    }

    /// Checks a topology that was read from elsewhere, without tests.
    public static func check(_ reading: TopologyReading, path: String, schemas: SchemaCatalog) -> CheckedTopology {
        var checked = CheckedTopology(
            path: path, specification: reading.specification, plan: nil, tests: [], findings: reading.findings)
        guard let specification = reading.specification else { return checked }
        let planning = plan(specification, schemas: schemas)
        checked.findings += planning.findings
        // A file that could not be read whole is planned for its findings alone.
        if !checked.hasErrors { checked.plan = planning.plan }
        return checked
    }
}
