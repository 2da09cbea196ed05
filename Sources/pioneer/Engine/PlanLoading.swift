import Base
import Planner
import TopologyFile

/// Reads topology files and plans them, for commands that run what they find.
enum PlanLoading {
    /// All files planned. Throws `ExitStatus.findings` after printing every finding of every file to standard error.
    /// - Parameter schemas: a directory; nil: `../schemas` as seen from each file's own directory.
    static func plans(files: [String], schemas: String?) throws -> [Plan] {
        var plans: [Plan] = []
        var specifications: [TopologySpecification] = []
        var findings: [Finding] = []
        for file in files {
            let reading = TopologyLoader.load(path: file)
            findings += reading.findings
            guard let specification = reading.specification else { continue }
            specifications.append(specification)
            let catalog = schemas.map { SchemaCatalog.directory($0) } ?? .beside(topologyPath: file)
            let planning = Planner.plan(specification, schemas: catalog)
            findings += planning.findings
            if let plan = planning.plan { plans.append(plan) }
        }
        findings += Planner.conflicts(among: specifications)
        for finding in findings { StandardStreams.complain(finding.description) }
        guard !findings.contains(where: { $0.severity == .error }) else { throw ExitStatus.findings }
        return plans
    }
}
