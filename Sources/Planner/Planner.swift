public import Base
import Columns
public import TopologyFile

/// What planning gave.
public struct Planning: Sendable {
    /// Nil when there is an error among the findings.
    public var plan: Plan?
    /// Of all passes, in file order.
    public var findings: [Finding]
}

/// Makes a plan of a specification, in passes; each reports all it finds, and what was reported once is not blamed on
/// those who depend on it:
///
/// 1. names: what is named is named once
/// 2. references: what is read exists, and nothing reads itself
/// 3. schemas: sources have one, and it has the fields for key and time
/// 4. types: every stream's row type, in the order of the data; expressions are compiled here
/// 5. sinks: outputs and views fit the streams they read
/// 6. time and resources: lengths and numbers are within bounds
///
/// A stream without a type (its own fault or its input's) is passed over by the passes after it.
public enum Planner {
    public static func plan(_ specification: TopologySpecification, schemas: SchemaCatalog) -> Planning {
        let findings = FindingCollector()
        checkNames(specification, findings)
        let references = resolveReferences(specification, findings)
        let sources = planSources(specification, schemas, findings)
        let typed = inferTypes(specification, references, sources, findings)
        let outputs = planOutputs(specification, typed, findings)
        let views = planViews(specification, typed, findings)
        checkTimeAndResources(specification, typed, findings)

        let sorted = findings.sorted
        guard !sorted.contains(where: { $0.severity == .error }) else { return Planning(plan: nil, findings: sorted) }
        var plan = Plan(
            topology: specification.name.value, description: specification.description,
            version: StableHash.version(of: specification, schemas: typed.schemas), sources: typed.sources, streams: typed.streams,
            outputs: outputs, views: views)
        plan.markNeededColumns()
        return Planning(plan: plan, findings: sorted)
    }

    /// What several topologies of one engine may not share: their own names, view names, paths and output topics.
    public static func conflicts(among specifications: [TopologySpecification]) -> [Finding] {
        let findings = FindingCollector()
        reportRepeated(specifications.map(\.name), "topology", .duplicateName, findings)
        reportRepeated(specifications.flatMap { $0.views.map(\.name) }, "view", .duplicateName, findings)
        reportRepeated(specifications.flatMap { $0.views.compactMap(\.path) }, "path", .duplicatePath, findings)
        reportRepeated(specifications.flatMap { $0.outputs.map(\.topic) }, "output topic", .duplicateTopic, findings)
        return findings.sorted
    }
}
