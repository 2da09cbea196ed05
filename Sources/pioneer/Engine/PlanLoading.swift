import Base
import Planner
import TopologyFile

/// Reads topology files and plans them, for commands that run what they find.
enum PlanLoading {
    /// All topologies among the files planned. Throws `ExitStatus.findings` after printing every finding of every file to
    /// standard error.
    /// - Parameter schemas: a directory; nil: `../schemas` as seen from each file's own directory.
    static func plans(files: [String], schemas: String?) throws -> [Plan] {
        var plans: [Plan] = []
        var specifications: [TopologySpecification] = []
        var findings: [Finding] = []
        for file in try TopologyFiles.topologies(files) {
            let checked = CheckedTopology.load(file, schemas: schemas)
            findings += checked.findings
            if let specification = checked.specification { specifications.append(specification) }
            if let plan = checked.plan { plans.append(plan) }
        }
        findings += Planner.conflicts(among: specifications)
        // What several files lead to, as a mistake in their schema, is told once.
        var seen: Set<Finding> = []
        for finding in findings where seen.insert(finding).inserted { StandardStreams.complain(finding.description) }
        guard !findings.contains(where: { $0.severity == .error }) else { throw ExitStatus.findings }
        return plans
    }
}
